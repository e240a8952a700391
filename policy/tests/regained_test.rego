# METADATA
# title: Regained
# description: When an explanation says that access had been lost until a certification was completed again.
package tests.regained_test

import data.tests.fixtures

# METADATA
# title: Regained
# description: Only by a completion after the removal that the one before it did not outlast.
# custom:
#   clause: ES-15
test_regained[name] if {
	some name, row in {
		"completed after the removal": {"on": ["2023-08-21", "2026-07-01"], "at": "2026-09-10", "met": true},
		"completed on the day of the removal": {"on": ["2023-08-21", "2026-06-30"], "at": "2026-09-10", "met": null},
		"carried over, and completed again": {"on": ["2023-08-21", "2026-05-04", "2026-08-15"], "at": "2026-09-10", "met": null},
		"regained, and expired again": {"on": ["2023-08-21", "2026-08-15"], "at": "2028-07-01", "met": false},
	}
	completions := [{"name": "Elementary Scheduling", "completed_on": day} | some day in row.on]
	walk_in := {"name": "Walk-In Scheduling", "completed_on": "2023-08-10"}
	employee := fixtures.but({"certifications": array.concat([walk_in], completions)})
	explanation := data.access.explanation with input as {"employee": employee, "as_of": row.at}
		with data.requirements as fixtures.requirements
		with data.locations as fixtures.locations
		with data.calendar as fixtures.calendar
	[met] := [entry.met | some entry in explanation; entry.clause == "ES-15"]
	met == row.met
}
