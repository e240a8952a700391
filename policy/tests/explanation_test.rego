# METADATA
# title: Explanation
# description: What a person is told, clause by clause; the people stand in `explanations/data.yaml`.
package tests.explanation_test

import data.tests.fixtures

_explained(employee, at) := [[entry.clause, entry.met, entry.message, entry.facts] | some entry in explanation] if {
	explanation := data.access.explanation with input as {"employee": employee, "as_of": at}
		with data.requirements as fixtures.requirements
		with data.locations as fixtures.locations
		with data.calendar as fixtures.calendar
}

# METADATA
# title: Words
# description: Every clause says whether it is met, and shows the records.
# custom:
#   clauses: [ES-1, ES-2, ES-3, ES-4, ES-5, ES-6, ES-7, ES-8, ES-9, ES-10, ES-11, ES-12, ES-13, ES-14, ES-15]
test_person[name] if {
	some person in data.tests.explanations.people
	name := person.name
	_explained(fixtures.but(person.but), person.at) == person.expect
}

# METADATA
# title: Explanation and decision
# description: A clause that a reason names is never said to be met.
# custom:
#   clause: ES-14
test_reasons_are_not_met if {
	said_met := {[person.name, clause] |
		some person in data.tests.explanations.people
		some [clause, true, _, _] in person.expect
	}
	given := {[person.name, reason.clause] |
		some person in data.tests.explanations.people
		some reason in fixtures.decided(fixtures.but(person.but), person.at).reasons
	}
	count(given) >= 10
	said_met & given == set()
}

# METADATA
# title: No approval on record
# description: Of somebody who is not employed, none is told.
# custom:
#   clause: ES-6
test_no_approval if {
	explanation := data.access.explanation with input as {"employee": fixtures.but({"employment": [], "approvals": []}), "as_of": fixtures.day}
	{"clause": "ES-6", "met": null, "message": "Does not bear on this person.", "facts": []} in explanation
}
