# METADATA
# title: Parts of a decision
# description: What is asked for by itself, many people in one request, and what the worked cases leave out.
package tests.access_test

import data.tests.fixtures

# METADATA
# title: Allow, deny and expiry
# custom:
#   clause: ES-1
test_parts if {
	data.access.allow with input as {"employee": fixtures.person, "as_of": fixtures.day}
	data.access.deny == [] with input as {"employee": fixtures.person, "as_of": fixtures.day}
	data.access.expiry.state == "valid" with input as {"employee": fixtures.person, "as_of": fixtures.day}
	not data.access.allow with input as {"employee": fixtures.but({"approvals": []}), "as_of": fixtures.day}
	some reason in data.access.deny with input as {"employee": fixtures.but({"approvals": []}), "as_of": fixtures.day}
	reason.code == "approval_missing"
}

# METADATA
# title: Many people
# description: Each is decided as if alone, by id.
# custom:
#   clause: ES-7
test_batch if {
	people := [
		fixtures.person,
		fixtures.but({"id": "001235", "approvals": []}),
		object.remove(fixtures.but({"id": "001236"}), ["approvals"]),
		fixtures.but({"id": "001237", "employment": null}),
	]
	decisions := data.access.decisions with input as {"employees": people, "as_of": fixtures.day}
	count(decisions) == 4
	every person in people {
		decision := data.access.decision with input as {"employee": person, "as_of": fixtures.day}
		decisions[person.id] == decision
	}
	{decision.outcome | some decision in decisions} == {"allow", "deny", "undecided"}
}

# METADATA
# title: Many people on a day that is none
# description: Everybody is undecided, as each would be alone.
# custom:
#   clause: ES-7
test_batch_on_no_day if {
	decisions := data.access.decisions with input as {"employees": [fixtures.person], "as_of": "2025-02-30"}
	decision := data.access.decision with input as {"employee": fixtures.person, "as_of": "2025-02-30"}
	decision.outcome == "undecided"
	decisions == {fixtures.person.id: decision}
}

_questions := {
	"no input": {"asked": null, "says": "as_of is missing, or not a day of the years 1900 to 2199 (YYYY-MM-DD); employee is missing"},
	"nothing": {"asked": {}, "says": "as_of is missing, or not a day of the years 1900 to 2199 (YYYY-MM-DD); employee is missing"},
	"no day": {"asked": {"employee": fixtures.person}, "says": "as_of is missing, or not a day of the years 1900 to 2199 (YYYY-MM-DD)"},
	"a day that is none": {"asked": {"as_of": "2025-02-30", "employee": fixtures.person}, "says": "as_of is missing, or not a day of the years 1900 to 2199 (YYYY-MM-DD)"},
	"no employee": {"asked": {"as_of": fixtures.day}, "says": "employee is missing"},
	"an employee that is a text": {"asked": {"as_of": fixtures.day, "employee": "001234"}, "says": "the record is not an object"},
	"a list": {"asked": [fixtures.person], "says": "as_of is missing, or not a day of the years 1900 to 2199 (YYYY-MM-DD); employee is missing"},
}

# METADATA
# title: A question that lacks something
# description: It is answered, and the answer names what is missing; no answer would be read as a denial.
# custom:
#   clause: ES-10
test_question[name] if {
	some name, row in _questions
	decision := data.access.decision with input as row.asked
	decision.outcome == "undecided"
	decision.action == "none"
	decision.reasons[0].message == sprintf("Undecided, since the record cannot be read: %s.", [row.says])
	false == data.access.allow with input as row.asked
	data.access.deny == decision.reasons with input as row.asked
	data.access.expiry == null with input as row.asked
	every entry in data.access.explanation {
		entry.met == null
		entry.message == decision.reasons[0].message
	} with input as row.asked
}

# METADATA
# title: No input at all
# custom:
#   clause: ES-10
test_no_input if {
	data.access.decision.outcome == "undecided"
	data.access.decisions[""].outcome == "undecided"
	data.access.verdicts[""].outcome == "undecided"
	data.access.due_after == null
}

_batches := {
	"a record without an id": {
		"employees": [fixtures.person, {"employment": []}],
		"want": {fixtures.person.id: "allow", "": "undecided"},
		"says": "record 2 has no id",
	},
	"a record that is a text": {
		"employees": [fixtures.person, "001235"],
		"want": {fixtures.person.id: "allow", "": "undecided"},
		"says": "record 2 has no id",
	},
	"two records without an id": {
		"employees": [fixtures.person, {}, {"employment": []}],
		"want": {fixtures.person.id: "allow", "": "undecided"},
		"says": "record 2 has no id",
	},
	"an empty id": {
		"employees": [fixtures.but({"id": ""})],
		"want": {"": "undecided"},
		"says": "record 1 has no id",
	},
	"an id that is a number": {
		"employees": [fixtures.but({"id": 1234}), fixtures.person],
		"want": {fixtures.person.id: "allow", "": "undecided"},
		"says": "record 1 has no id",
	},
	"an id given twice": {
		"employees": [fixtures.person, fixtures.but({"id": "001235"}), fixtures.person],
		"want": {fixtures.person.id: "undecided", "001235": "allow"},
		"says": "its id is given twice",
	},
	"the last id given twice": {
		"employees": [fixtures.person, fixtures.but({"id": "001235"}), fixtures.but({"id": "001235"})],
		"want": {fixtures.person.id: "allow", "001235": "undecided"},
		"says": "its id is given twice",
	},
	"employees that are no list": {
		"employees": {"id": "001234"},
		"want": {"": "undecided"},
		"says": "employees is missing, or no list",
	},
	"nobody": {"employees": [], "want": {}, "says": null},
}

# METADATA
# title: Nobody left out
# description: Somebody who cannot be answered for is undecided, and the others are decided.
# custom:
#   clause: ES-10
test_batch_leaves_nobody_out[name] if {
	some name, row in _batches
	question := {"employees": row.employees, "as_of": fixtures.day}
	decisions := data.access.decisions with input as question
	verdicts := data.access.verdicts with input as question
	{id: decision.outcome | some id, decision in decisions} == row.want
	{id: verdict.outcome | some id, verdict in verdicts} == row.want
	{text |
		some decision in decisions
		some reason in decision.reasons
		text := reason.message
	} == {text | text := sprintf("Undecided, since the record cannot be read: %s.", [row.says]); row.says != null}
}

# METADATA
# title: Verdicts
# description: They say of everybody what the decision says, without words.
# custom:
#   clause: ES-7
test_verdicts_are_those_of_the_decisions if {
	every day, people in _people_by_day {
		question := {"as_of": day, "employees": [person | some person in people]}
		decisions := data.access.decisions with input as question
		count(decisions) == count(people)
		data.access.verdicts == {id: verdict |
			some id, decision in decisions
			verdict := {
				"outcome": decision.outcome,
				"action": decision.action,
				"codes": {reason.code | some reason in decision.reasons},
				"needs_consent": decision.needs_consent,
			}
		} with input as question
	}
}

# Each case has an id of its own, since one answer holds all of a day.
_people_by_day[case.at] contains object.union(case.employee, {"id": case.name}) if {
	some table in data.tests.cases
	some case in table.cases
}

_rechecks := {
	"a job that ends in summer": {
		"but": {"assignments": [{
			"role": "Office Professional",
			"location": "210",
			"start": "2019-08-01",
			"end": "2025-10-31",
		}]},
		"want": "2026-01-01",
	},
	"two jobs, one ending": {
		"but": {
			"assignments": [
				{"role": "Office Professional", "location": "210", "start": "2019-08-01", "end": "2025-10-31"},
				{"role": "Office Professional", "location": "211", "start": "2019-08-01"},
			],
			"approvals": [{
				"decision": "approved",
				"decided_on": "2023-08-14",
				"approver": "000777",
				"approver_role": "Principal",
			}],
		},
		"want": "2025-11-01",
	},
	"two jobs, one ending on the day": {
		"but": {"assignments": [
			{"role": "Office Professional", "location": "210", "start": "2019-08-01", "end": "2025-09-10"},
			{"role": "Office Professional", "location": "211", "start": "2019-08-01"},
		]},
		"want": "2025-09-16",
	},
	"an employment that begins": {"but": {"employment": [{"start": "2025-10-01"}]}, "want": "2025-10-01"},
	"a job that begins, without effect yet": {
		"but": {"assignments": [{"role": "Office Professional", "location": "210", "start": "2025-10-01"}]},
		"want": "2025-10-01",
	},
	"a job that begins and ends before anything else changes": {
		"but": {"assignments": [{
			"role": "Office Professional",
			"location": "210",
			"start": "2025-10-01",
			"end": "2025-10-31",
		}]},
		"want": "2025-10-01",
	},
	"a job whose time between two is over, beside one that goes on": {
		"but": {"assignments": [
			{"role": "Office Professional", "location": "211", "start": "2019-08-01", "end": "2025-09-09"},
			{"role": "Office Professional", "location": "210", "start": "2019-08-01"},
		]},
		"want": "2025-09-16",
	},
	"an end in the far future": {
		"but": {"employment": [{"start": "2019-08-01", "end": "2199-12-31"}], "certifications": []},
		"want": "2200-01-01",
	},
	"a job renewed by a record that is yet to begin, and the time after that": {
		"but": {
			"assignments": [
				{"role": "School Counselor", "location": "210", "start": "2025-08-28", "end": "2026-06-01"},
				{"role": "School Counselor", "location": "210", "start": "2026-06-01", "end": "2026-07-13"},
			],
			"certifications": [],
			"approvals": [],
		},
		"want": "2026-10-23",
	},
	"a summer that ends": {
		"but": {"assignments": [{"role": "Office Professional", "location": "210", "start": "2019-08-01", "end": "2025-06-05"}]},
		"want": "2025-09-16",
	},
	"a summer that ends, and another job goes on": {
		"but": {"assignments": [
			{"role": "Office Professional", "location": "210", "start": "2019-08-01", "end": "2025-06-05"},
			{"role": "Library Aide", "location": "900", "start": "2019-08-01"},
		]},
		"want": "2025-09-16",
	},
	"a job begun to last, which ends the pause of another": {
		"but": {"assignments": [
			{"role": "Office Professional", "location": "210", "start": "2019-08-01", "end": "2025-06-05"},
			{"role": "Driver", "location": "900", "start": "2025-09-12"},
		]},
		"want": "2025-09-12",
	},
	"nothing to come": {"but": {"certifications": []}, "want": null},
}

# METADATA
# title: Recheck on
# description: The first real change, neither sooner nor later.
# custom:
#   clauses: [ES-7, ES-9, ES-10, ES-13]
test_recheck[name] if {
	some name, decision in fixtures.decided_together({name: fixtures.but(row.but) | some name, row in _rechecks})
	decision.recheck_on == _rechecks[name].want
}

_warnings := {
	"a denial for a role never held": {
		"approvals": array.concat(fixtures.person.approvals, [{
			"decision": "denied",
			"decided_on": "2025-01-01",
			"approver": "000777",
			"approver_role": "Principal",
			"role": "Teacher",
		}]),
		"want": ["denial_names_no_job"],
	},
	"a denial for the job": {
		"approvals": array.concat(fixtures.person.approvals, [{
			"decision": "denied",
			"decided_on": "2023-01-01",
			"approver": "000777",
			"approver_role": "Principal",
			"role": "Office Professional",
		}]),
		"want": [],
	},
	"a denial for no job in particular": {
		"approvals": array.concat(fixtures.person.approvals, [{
			"decision": "denied",
			"decided_on": "2023-01-01",
			"approver": "000777",
			"approver_role": "Principal",
		}]),
		"want": [],
	},
}

# METADATA
# title: Warnings
# custom:
#   clause: ES-6
test_warning[name] if {
	some name, row in _warnings
	fixtures.decided(fixtures.but({"approvals": row.approvals}), fixtures.day).warnings == row.want
}

_updates := {
	"the same places in another order": {"held": ["211", "210"], "want": "keep"},
	"the same places twice": {"held": ["210", "211", "210"], "want": "keep"},
	"one place too few": {"held": ["210"], "want": "update"},
	"one place too many": {"held": ["210", "211", "900"], "want": "update"},
	"none": {"held": [], "want": "update"},
}

# METADATA
# title: Update
# description: Places are compared as a set.
# custom:
#   clause: ES-9
test_update[name] if {
	some name, row in _updates
	employee := fixtures.but({
		"assignments": [
			{"role": "Office Professional", "location": "210", "start": "2019-08-01"},
			{"role": "Office Professional", "location": "211", "start": "2019-08-01"},
		],
		"access": {"held": true, "locations": row.held},
	})
	fixtures.decided(employee, fixtures.day).action == row.want
}
