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

_certified(elementary) := fixtures.but({"certifications": [completion |
	some [name, done] in array.concat([["Walk-In Scheduling", "2023-08-10"]], [["Elementary Scheduling", day] | some day in elementary])
	completion := {"name": name, "completed_on": done}
]})

# METADATA
# title: Carried over
# description: >-
#   A completion through the day of the removal carries access over the next removal after it, and none once access has
#   expired.
# custom:
#   clause: ES-13
test_carried_over[name] if {
	some name, row in {
		"on the day of the removal": {
			"elementary": ["2026-06-30"],
			"at": "2026-09-10",
			"want": "Completed 2026-06-30, when recertification was open: this carries access over the removal of 2026-06-30.",
		},
		"over the second removal": {
			"elementary": ["2023-08-21", "2028-03-01"],
			"at": "2028-09-10",
			"want": "Completed 2028-03-01, when recertification was open: this carries access over the removal of 2028-06-30.",
		},
		"expired since": {
			"elementary": ["2023-08-21", "2026-03-01"],
			"at": "2028-07-02",
			"want": "Does not bear on this person.",
		},
	}
	_entry(_certified(row.elementary), row.at, "ES-13").message == row.want
}
