# METADATA
# title: Worked cases
# description: >-
#   Every case under `cases/`, each with the clause that it names. What a case expects is compared, reasons as their
#   codes in order of name.
package tests.cases_test

# METADATA
# title: Requirements
# description: Role, workplace, certifications and approval.
# custom:
#   clauses: [ES-2, ES-3, ES-4, ES-5, ES-6]
test_requirements[name] if {
	some name, row in _cases({"ES-1", "ES-2", "ES-3", "ES-4", "ES-5", "ES-6"})
	_agrees(row.table, row.case)
}

# METADATA
# title: Changes
# description: A change of role or location, departure and return.
# custom:
#   clauses: [ES-9, ES-10]
test_changes[name] if {
	some name, row in _cases({"ES-9", "ES-10"})
	_agrees(row.table, row.case)
}

# METADATA
# title: Cycle
# description: When access is due, how long it is good for, and how it is regained.
# custom:
#   clauses: [ES-7, ES-8, ES-11, ES-12, ES-13, ES-14, ES-15]
test_cycle[name] if {
	some name, row in _cases({"ES-7", "ES-8", "ES-11", "ES-12", "ES-13", "ES-14", "ES-15"})
	_agrees(row.table, row.case)
}

_cases(clauses) := {case.name: {"table": object.remove(table, ["cases"]), "case": case} |
	some table in data.tests.cases
	some case in table.cases
	case.clause in clauses
}

_agrees(table, case) if {
	decision := data.access.decision with input as {"employee": case.employee, "as_of": case.at}
		with data.requirements as object.get(table, "requirements", data.requirements)
		with data.locations as object.get(table, "locations", data.locations)
		with data.calendar as object.get(table, "calendar", data.calendar)
	codes := sort([reason.code | some reason in decision.reasons])
	shown := object.union(object.remove(decision, ["reasons"]), {"reasons": codes})
	object.filter(shown, object.keys(case.expect)) == case.expect
}

# METADATA
# title: Whole decisions
# description: The worked cases are all there, and each expects a decision to its last field.
# custom:
#   clause: ES-1
test_cases_are_whole if {
	cases := data.tests.cases.decisions.cases
	count({case.name | some case in cases}) >= 70
	whole := data.access.decision with input as {"employee": cases[0].employee, "as_of": cases[0].at}
	every case in cases {
		object.keys(whole) - object.keys(case.expect) == {"employee_id", "as_of"}
	}
}
