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

# METADATA
# title: Unverified for another job
# description: An approval of which nobody can say whether it may be given does not show that somebody may approve.
# custom:
#   clause: ES-6
test_unverified_for_another_job if {
	employee := fixtures.but({
		"assignments": [{"role": "Office Professional", "location": "210", "start": "2024-08-05"}],
		"approvals": [{"decision": "approved", "decided_on": "2023-08-14", "approver": "000777"}],
	})
	_entry(employee, fixtures.day, "ES-9").met == false
	_entry(employee, fixtures.day, "ES-6").met == null
}

# METADATA
# title: A withdrawal that fits no job
# description: It takes nothing away, and is shown beside the approval.
# custom:
#   clause: ES-6
test_misplaced_withdrawal if {
	employee := fixtures.but({"approvals": array.concat(
		fixtures.person.approvals,
		[{"decision": "withdrawn", "decided_on": "2025-09-01", "approver": "000777", "approver_role": "Principal", "location": "999"}],
	)})
	entry := _entry(employee, fixtures.day, "ES-6")
	entry.message == "On record: approved 2023-08-14 (Principal). Fits no job that this person has had, and may be mistyped: withdrawn 2025-09-01 (Principal) for 999."
}

# METADATA
# title: Completed tomorrow
# description: What is not completed yet is not shown.
# custom:
#   clause: ES-4
test_completed_tomorrow if {
	coming := fixtures.but({"certifications": [{"name": "Elementary Scheduling", "completed_on": "2025-09-11"}]})
	_entry(coming, "2025-09-10", "ES-4").facts == []
}

# METADATA
# title: Walk-In completed twice
# description: The first completion is the one that counts, with Elementary Scheduling after it or without.
# custom:
#   clause: ES-5
test_walk_in_twice if {
	twice := [{"name": "Walk-In Scheduling", "completed_on": done} | some done in ["2025-08-20", "2023-08-10"]]
	then := [{"name": "Elementary Scheduling", "completed_on": "2024-08-21"}]
	alone := fixtures.but({"certifications": twice})
	_entry(alone, "2025-09-10", "ES-5").message == "Walk-In Scheduling was completed 2023-08-10."
	both := fixtures.but({"certifications": array.concat(twice, then)})
	want := "Walk-In Scheduling was completed 2023-08-10, and Elementary Scheduling on or after it."
	_entry(both, "2025-09-10", "ES-5").message == want
}
