# METADATA
# title: Worked cases
# description: >-
#   Every case under `cases/`, each with the clause that it names. What a case expects is compared, reasons as their
#   codes in order of name.
package tests.cases_test

# METADATA
# title: Role and workplace
# description: Listed roles, and everybody who works at a school.
# custom:
#   clauses: [ES-1, ES-2, ES-3]
test_role[name] if {
	some name, row in _rows({"ES-1", "ES-2", "ES-3"})
	_agrees(row.decision, row.expect)
}

# METADATA
# title: Certifications
# description: Walk-In first, then Elementary.
# custom:
#   clauses: [ES-4, ES-5]
test_certifications[name] if {
	some name, row in _rows({"ES-4", "ES-5"})
	_agrees(row.decision, row.expect)
}

# METADATA
# title: Approval
# description: By a Principal or Manager, and not taken away since.
# custom:
#   clauses: [ES-6]
test_approval[name] if {
	some name, row in _rows({"ES-6"})
	_agrees(row.decision, row.expect)
}

# METADATA
# title: Granting
# description: When access is due.
# custom:
#   clauses: [ES-7, ES-8]
test_granting[name] if {
	some name, row in _rows({"ES-7", "ES-8"})
	_agrees(row.decision, row.expect)
}

# METADATA
# title: Changes
# description: A change of role or location, and the summer that is none.
# custom:
#   clauses: [ES-9]
test_changes[name] if {
	some name, row in _rows({"ES-9"})
	_agrees(row.decision, row.expect)
}

# METADATA
# title: Employment
# description: Departure and return.
# custom:
#   clauses: [ES-10]
test_employment[name] if {
	some name, row in _rows({"ES-10"})
	_agrees(row.decision, row.expect)
}

# METADATA
# title: Cycle
# description: How long access is good for, and how it is regained.
# custom:
#   clauses: [ES-11, ES-12, ES-13, ES-14, ES-15]
test_cycle[name] if {
	some name, row in _rows({"ES-11", "ES-12", "ES-13", "ES-14", "ES-15"})
	_agrees(row.decision, row.expect)
}

# What is decided of the cases for some clauses, and expected, by name. Those of one table are decided together, under
# its policy data, which is cheaper than one by one.
_rows(clauses) := {case.name: {"expect": case.expect, "decision": object.get(decided, case.name, null)} |
	some table in data.tests.cases
	cases := [case | some case in table.cases; case.clause in clauses]
	decided := _decided(cases, table)
	some case in cases
}

_decided(cases, table) := decided if {
	decided := {case.name: data.access.decide(case.at, case.employee) | some case in cases} with data.requirements as object.get(table, "requirements", data.requirements)
		with data.locations as object.get(table, "locations", data.locations)
		with data.calendar as object.get(table, "calendar", data.calendar)
}

_agrees(decision, expect) if {
	codes := sort([reason.code | some reason in decision.reasons])
	shown := object.union(object.remove(decision, ["reasons"]), {"reasons": codes})
	object.filter(shown, object.keys(expect)) == expect
}

# METADATA
# title: Whole decisions
# description: The worked cases are all there, and each expects a decision to its last field.
# custom:
#   clause: ES-1
test_cases_are_whole if {
	cases := data.tests.cases.decisions.cases
	count({case.name | some case in cases}) >= 108
	whole := data.access.decision with input as {"employee": cases[0].employee, "as_of": cases[0].at}
	every case in cases {
		object.keys(whole) - object.keys(case.expect) == {"employee_id", "as_of"}
	}
}
