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

# METADATA
# title: No facts, no silence
# description: Without an employee there is no decision to be had; undefined is no denial.
# custom:
#   clause: ES-10
test_undefined_without_employee if {
	data.access.decision with input as {"as_of": fixtures.day, "employee": fixtures.person}
	not data.access.decision with input as {"as_of": fixtures.day}
	not data.access.allow with input as {"as_of": fixtures.day}
	not data.access.deny with input as {"as_of": fixtures.day}
}

# METADATA
# title: Nobody left out
# description: A batch in which somebody cannot be answered for is undefined as a whole, and so an error.
# custom:
#   clause: ES-10
test_batch_leaves_nobody_out if {
	not data.access.decisions with input as {"employees": [fixtures.person, {"employment": []}], "as_of": fixtures.day}
	not data.access.decisions with input as {"employees": [fixtures.person, "001235"], "as_of": fixtures.day}
	not data.access.decisions with input as {"employees": [fixtures.person, fixtures.person], "as_of": fixtures.day}
	not data.access.decisions with input as {"employees": {"id": "001234"}, "as_of": fixtures.day}
	not data.access.decisions with input as {"as_of": fixtures.day}
	data.access.decisions == {} with input as {"employees": [], "as_of": fixtures.day}
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
		"want": "2025-09-11",
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
	"a job whose summer is over, beside one that goes on": {
		"but": {"assignments": [
			{"role": "Office Professional", "location": "211", "start": "2019-08-01", "end": "2025-06-05"},
			{"role": "Office Professional", "location": "210", "start": "2019-08-01"},
		]},
		"want": "2026-01-01",
	},
	"an end in the far future": {
		"but": {"employment": [{"start": "2019-08-01", "end": "2999-12-31"}], "certifications": []},
		"want": "3000-01-01",
	},
	"nothing to come": {"but": {"certifications": []}, "want": null},
}

# METADATA
# title: Recheck on
# description: The first real change, neither sooner nor later.
# custom:
#   clauses: [ES-7, ES-9, ES-10, ES-13]
test_recheck[name] if {
	some name, row in _rechecks
	fixtures.decided(fixtures.but(row.but), fixtures.day).recheck_on == row.want
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
