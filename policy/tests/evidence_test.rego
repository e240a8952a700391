# METADATA
# title: Evidence
# description: What a person is told who is asked for consent, and when nothing has gone.
package tests.evidence_test

import data.tests.fixtures

_basis := {
	"role": "Office Professional",
	"location": "210",
	"job_start": "2019-08-01",
	"employment_start": "2019-08-01",
	"walk_in": "2023-08-10",
	"elementary": "2023-08-21",
	"approval": {"decided_on": "2023-08-14", "approver": "000777"},
}

_held := {"held": true, "basis": _basis}

_facts := {
	"nothing": {"but": {}, "want": []},
	"both completions": {"but": {"certifications": []}, "want": [
		["elementary", "the Elementary Scheduling completion of 2023-08-21, on which access rested, is no longer in the facts"],
		["walk_in", "the Walk-In Scheduling completion of 2023-08-10, on which access rested, is no longer in the facts"],
	]},
	"the approval": {"but": {"approvals": []}, "want": [["approval", "the approval of 2023-08-14, on which access rested, is no longer in the facts"]]},
	"the approver's title": {
		"but": {"approvals": [{
			"decision": "approved",
			"decided_on": "2023-08-14",
			"approver": "000777",
			"approver_jobs": [{"role": "Principal II", "location": "210", "start": "2019-08-01"}],
		}]},
		"want": [["approval", "the approver of 2023-08-14, on whose approval access rested, is no longer shown as Principal or Manager on that day: approved 2023-08-14 (Principal II)"]],
	},
	"an approval by that approver on another day": {
		"but": {"approvals": [{"decision": "approved", "decided_on": "2023-08-15", "approver": "000777", "approver_role": "Principal"}]},
		"want": [["approval", "the approval of 2023-08-14, on which access rested, is no longer in the facts"]],
	},
	"the job": {"but": {"assignments": []}, "want": [["job", "the job Office Professional at 210 since 2019-08-01, on which access rested, is no longer in the facts"]]},
	"the employment": {"but": {"employment": []}, "want": [["employment", "the employment since 2019-08-01, on which access rested, is no longer in the facts"]]},
	"everything of somebody who holds nothing": {
		"but": {"certifications": [], "approvals": [], "access": {"held": false, "basis": _basis}},
		"want": [],
	},
	"everything of somebody of whom no basis is known": {
		"but": {"certifications": [], "approvals": [], "access": {"held": true}},
		"want": [],
	},
	"a completion of another day": {
		"but": {"certifications": [
			{"name": "Walk-In Scheduling", "completed_on": "2023-08-11"},
			{"name": "Elementary Scheduling", "completed_on": "2023-08-21"},
		]},
		"want": [["walk_in", "the Walk-In Scheduling completion of 2023-08-10, on which access rested, is no longer in the facts"]],
	},
	"a completion that is named otherwise": {
		"but": {"certifications": [
			{"name": "Walk-In Scheduling", "completed_on": "2023-08-10"},
			{"name": "Elementary Scheduling 2023-24", "completed_on": "2023-08-21"},
		]},
		"want": [["elementary", "the Elementary Scheduling completion of 2023-08-21, on which access rested, is no longer in the facts"]],
	},
	"an approval by somebody else on that day": {
		"but": {"approvals": [{"decision": "approved", "decided_on": "2023-08-14", "approver": "000778", "approver_role": "Principal"}]},
		"want": [["approval", "the approval of 2023-08-14, on which access rested, is no longer in the facts"]],
	},
	"a withdrawal by that approver on that day": {
		"but": {"approvals": [{"decision": "withdrawn", "decided_on": "2023-08-14", "approver": "000777"}]},
		"want": [],
	},
	"a job that began on the same day as the one before it": {
		"but": {"assignments": [{"role": "Office Professional", "location": "211", "start": "2019-08-01"}]},
		"want": [["job", "the job Office Professional at 210 since 2019-08-01, on which access rested, is no longer in the facts"]],
	},
	"a newer job": {
		"but": {"assignments": [{"role": "Office Professional", "location": "211", "start": "2019-08-02"}]},
		"want": [],
	},
	"a newer job that has ended": {
		"but": {"assignments": [{"role": "Office Professional", "location": "211", "start": "2019-08-02", "end": "2025-09-09"}]},
		"want": [["job", "the job Office Professional at 210 since 2019-08-01, on which access rested, is no longer in the facts"]],
	},
	"an employment that ended on the day on which the other began": {
		"but": {"employment": [{"start": "2018-08-01", "end": "2019-08-01"}]},
		"want": [],
	},
	"an employment that ended the day before": {
		"but": {"employment": [{"start": "2018-08-01", "end": "2019-07-31"}]},
		"want": [["employment", "the employment since 2019-08-01, on which access rested, is no longer in the facts"]],
	},
	"an employment that ends today": {
		"but": {"employment": [{"start": "2019-08-02", "end": "2025-09-10"}]},
		"want": [["employment", "the employment since 2019-08-01, on which access rested, is no longer in the facts"]],
	},
}

# METADATA
# title: In words
# description: >-
#   Each part that has gone is told by the day on which it was, and by nobody's id; who lost none is left out.
# custom:
#   clauses: [ES-4, ES-5, ES-6, ES-9, ES-10]
test_words[name] if {
	employees := {name: object.union(employee, {"id": name}) |
		some name, row in _facts
		employee := fixtures.but(object.union(object.remove({"access": _held}, object.keys(row.but)), row.but))
	}
	asked := {"employees": [employee | some employee in employees], "as_of": fixtures.day}
	evidence := {id: parts | some id, parts in data.access.evidence} with input as asked
		with data.requirements as fixtures.requirements
		with data.locations as fixtures.locations
	some name, decision in fixtures.decided_together(employees)
	want := _facts[name].want
	[[entry.part, entry.message] | some entry in object.get(evidence, name, [])] == want
	warned := "evidence_gone" in decision.warnings
	warned == want != []
	lost := name in object.keys(evidence)
	warned == lost
}

# METADATA
# title: Sources
# description: The sources of a list of facts are named where they are known.
# custom:
#   clauses: [ES-4, ES-6]
test_sources[name] if {
	some name, row in {
		"one": {"sources": {"certifications": ["lms"]}, "list": "certifications", "want": "no longer in `lms`"},
		"two": {"sources": {"approvals": ["forms", "hr"]}, "list": "approvals", "want": "no longer in `forms` or `hr`"},
		"of jobs": {"sources": {"assignments": ["hr"]}, "list": "assignments", "want": "no longer in `hr`"},
		"of employment": {"sources": {"employment": ["hr"]}, "list": "employment", "want": "no longer in `hr`"},
		"of another list": {"sources": {"approvals": ["forms"]}, "list": "certifications", "want": "no longer in the facts"},
		"none": {"sources": {"certifications": []}, "list": "certifications", "want": "no longer in the facts"},
	}
	employee := fixtures.but({row.list: [], "access": _held})
	evidence := data.access.evidence with input as {"employees": [employee], "as_of": fixtures.day, "sources": row.sources}
		with data.requirements as fixtures.requirements
		with data.locations as fixtures.locations
	count(evidence[employee.id]) > 0
	every entry in evidence[employee.id] { endswith(entry.message, row.want) }
}

# METADATA
# title: Undecided
# description: >-
#   Nothing is said to have gone of somebody whose record cannot be read, or on no day, or by policy data that cannot
#   be used; others are answered.
# custom:
#   clause: ES-10
test_undecided if {
	some_gone := fixtures.but({"certifications": [], "access": _held})
	unreadable := object.union(some_gone, {"id": "2", "title": "Dr."})
	asked := {"employees": [unreadable, some_gone], "as_of": fixtures.day}
	evidence := data.access.evidence with input as asked
		with data.requirements as fixtures.requirements
		with data.locations as fixtures.locations
	object.keys(evidence) == {some_gone.id}
	{} == data.access.evidence with input as object.remove(asked, ["as_of"])
		with data.requirements as fixtures.requirements
		with data.locations as fixtures.locations
	{} == data.access.evidence with input as asked
		with data.requirements as {}
		with data.locations as fixtures.locations
}

# METADATA
# title: A what-if about an earlier day
# description: What is dated after the day is not yet true, of the evidence either.
# custom:
#   clause: ES-5
test_earlier_day if {
	employee := object.union(fixtures.person, {"access": _held})
	decision := fixtures.decided(employee, "2023-08-20")
	decision.warnings == ["evidence_gone"]
	decision.needs_consent
}
