# METADATA
# title: Worked cases
# description: Every case under `cases/`, whole decisions compared, reasons as their codes in order of name.
package tests.cases_test

# METADATA
# title: Cases
# description: Each worked case decides as it says, to the last field. Each case names its own clause.
# custom:
#   clauses: [ES-1, ES-2, ES-3, ES-4, ES-5, ES-6, ES-7, ES-8, ES-9, ES-10, ES-11, ES-12, ES-13, ES-14, ES-15]
test_case[name] if {
	some table in data.tests.cases
	some case in table.cases
	name := case.name
	decision := data.access.decision with input as {"employee": case.employee, "as_of": case.at}
		with data.requirements as table.requirements
		with data.locations as table.locations
		with data.calendar as table.calendar
	codes := sort([reason.code | some reason in decision.reasons])
	shown := object.union(object.remove(decision, ["reasons"]), {"reasons": codes})
	shown == object.union(case.expect, {"employee_id": case.employee.id, "as_of": case.at})
}

# METADATA
# title: Cases are there
# description: The worked cases were loaded, each under a name of its own.
# custom:
#   clause: ES-1
test_cases_are_there if {
	names := [case.name | some table in data.tests.cases; some case in table.cases]
	count(names) >= 70
	count(names) == count({name | some name in names})
}
