# METADATA
# title: Explained days
# description: What an explanation shows of the day itself, and what it does not say of somebody who has left.
package tests.explained_days_test

import data.tests.fixtures

_entry(employee, at, clause) := entry if {
	explanation := data.access.explanation with input as {"employee": employee, "as_of": at}
		with data.requirements as fixtures.requirements
		with data.locations as fixtures.locations
		with data.calendar as fixtures.calendar
	[entry] := [one | some one in explanation; one.clause == clause]
}

# METADATA
# title: Completed today
# description: A completion counts, and is shown, from its own day on.
# custom:
#   clause: ES-5
test_completed_today if {
	walk_in := {"name": "Walk-In Scheduling", "completed_on": "2025-09-10"}
	_entry(fixtures.but({"certifications": [walk_in]}), "2025-09-10", "ES-5").facts == [walk_in]
}

# METADATA
# title: Departed and expired
# description: Nobody who has left is told that access is yet to be removed.
# custom:
#   clause: ES-12
test_departed_and_expired if {
	departed := fixtures.but({"employment": [{"start": "2019-08-01", "end": "2026-06-01"}]})
	_entry(departed, "2026-07-01", "ES-12").message == "Does not bear on this person."
}
