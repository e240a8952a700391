# METADATA
# title: Outcome
# description: What follows from requirements that are not met.
package tests.outcome_test

_question := {"as_of": "2025-09-10", "employee": {
	"id": "001234",
	"employment": [{"start": "2019-08-01"}],
	"assignments": [{"role": "Office Professional", "location": "210", "start": "2019-08-01"}],
	"certifications": [
		{"name": "Walk-In Scheduling", "completed_on": "2023-08-10"},
		{"name": "Elementary Scheduling", "completed_on": "2023-08-21"},
	],
	"approvals": [],
	"access": {"held": true},
}}

# METADATA
# title: A requirement that is not met and has no reason
# description: It leaves no decision, and above all no access.
# custom:
#   clause: ES-6
test_without_a_reason if {
	requirements := object.union(data.access.requirements, {"approval": set()})
	decision := data.access.decision with input as _question with data.access.requirements as requirements
	decision.outcome == "undecided"
	decision.action == "none"
	[reason.code | some reason in decision.reasons] == ["no_decision"]
}
