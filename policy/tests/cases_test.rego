# METADATA
# title: Worked cases
# description: >-
#   Every case under `cases/`, each with the clause that it names. What a case expects is compared, reasons as their
#   codes in order of name.
package tests.cases_test

# METADATA
# title: Cases
# description: Each case decides as it says.
test_case[name] if {
	some table in data.tests.cases
	some case in table.cases
	name := case.name
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
	every case in cases {
		decision := data.access.decision with input as {"employee": case.employee, "as_of": case.at}
		object.keys(decision) - object.keys(case.expect) == {"employee_id", "as_of"}
	}
}
