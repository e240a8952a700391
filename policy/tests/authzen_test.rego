# METADATA
# title: AuthZEN
# description: The bodies of the Authorization API, in and out.
package tests.authzen_test

import data.tests.fixtures

_facts := object.remove(fixtures.person, ["id"])

_asked := {
	"subject": {"type": "employee", "id": "001234", "properties": _facts},
	"action": {"name": "access"},
	"resource": {"type": "application", "id": "ic-elementary-scheduling"},
	"context": {"as_of": fixtures.day},
}

_evaluated(question) := answer if {
	answer := data.access.authzen.evaluation with input as question
		with data.requirements as fixtures.requirements
		with data.locations as fixtures.locations
		with data.calendar as fixtures.calendar
}

# METADATA
# title: The decision
# description: It is that of the policy, with the outcome, the reasons and the expiry beside it.
# custom:
#   clause: ES-7
test_decision[name] if {
	some name, facts in {"allowed": {}, "denied": {"approvals": []}, "facts missing": {"approvals": null}}
	employee := fixtures.but(facts)
	decision := fixtures.decided(employee, fixtures.day)
	question := json.patch(_asked, [{"op": "replace", "path": "/subject/properties", "value": employee}])
	_evaluated(question) == {
		"decision": name == "allowed",
		"context": {"outcome": decision.outcome, "reasons": decision.reasons, "expiry": decision.expiry},
	}
}

_not_asked_for := {
	"another type of subject": [{"op": "replace", "path": "/subject/type", "value": "user"}],
	"no type of subject": [{"op": "remove", "path": "/subject/type"}],
	"no id": [{"op": "remove", "path": "/subject/id"}],
	"another id in the properties": [{"op": "add", "path": "/subject/properties/id", "value": "001235"}],
	"properties that are a list": [{"op": "replace", "path": "/subject/properties", "value": []}],
	"another action": [{"op": "replace", "path": "/action/name", "value": "Access"}],
	"no action": [{"op": "remove", "path": "/action"}],
	"another type of resource": [{"op": "replace", "path": "/resource/type", "value": "record"}],
	"another resource": [{"op": "replace", "path": "/resource/id", "value": "ic-elementary-scheduling-admin"}],
	"no resource": [{"op": "remove", "path": "/resource"}],
	"no subject": [{"op": "remove", "path": "/subject"}],
}

# METADATA
# title: Anything else
# description: It is refused, and the reason says what can be asked for.
# custom:
#   clause: ES-1
test_not_asked_for[name] if {
	some name, patch in _not_asked_for
	answer := _evaluated(json.patch(_asked, patch))
	answer.decision == false
	answer.context.outcome == "undecided"
	contains(answer.context.reasons[0].message, "subject.type employee with its id, action.name access, and resource application ic-elementary-scheduling")
}

# METADATA
# title: No day
# custom:
#   clause: ES-7
test_no_day[name] if {
	some name, patch in {
		"no context": [{"op": "remove", "path": "/context"}],
		"no day": [{"op": "remove", "path": "/context/as_of"}],
		"a day that is false": [{"op": "replace", "path": "/context/as_of", "value": false}],
		"a day that is none": [{"op": "replace", "path": "/context/as_of", "value": "2025-02-30"}],
	}
	answer := _evaluated(json.patch(_asked, patch))
	answer.decision == false
	contains(answer.context.reasons[0].message, "as_of")
}

_denied := {"type": "employee", "id": "001235", "properties": object.union(object.remove(_facts, ["approvals"]), {"approvals": []})}

_batches := {
	"defaults stand in": {"of": [{}, {"subject": _denied}, {"context": {}}, "nothing", {}], "want": [true, false, false, false, true]},
	"one alone": {"of": [{}], "want": [true]},
	"each for itself": {"of": [{}, {}], "semantic": "execute_all", "want": [true, true]},
	"until the first denial": {"of": [{}, {"subject": _denied}, {}], "semantic": "deny_on_first_deny", "want": [true, false]},
	"until the first permit": {"of": [{"subject": _denied}, {}, {}], "semantic": "permit_on_first_permit", "want": [false, true]},
	"none denied": {"of": [{}, {}], "semantic": "deny_on_first_deny", "want": [true, true]},
	"a semantic that is none": {"of": [{}, {}], "semantic": "deny_on_first", "want": [false, false]},
	"a semantic that is no text": {"of": [{}, {}], "semantic": null, "want": [false, false]},
}

# METADATA
# title: Evaluations
# description: In the order in which they are asked, each like one by itself.
# custom:
#   clause: ES-7
test_evaluations[name] if {
	some name, row in _batches
	options := {"options": {"evaluations_semantic": semantic} | semantic := row.semantic}
	answer := data.access.authzen.evaluations with input as object.union(object.union(_asked, {"evaluations": row.of}), options)
		with data.requirements as fixtures.requirements
		with data.locations as fixtures.locations
		with data.calendar as fixtures.calendar
	[one.decision | some one in answer.evaluations] == row.want
}

# METADATA
# title: No evaluations
# description: Without a list, with an empty one or with something else in its place, the body is one evaluation.
# custom:
#   clause: ES-7
test_no_evaluations if {
	every none in [{}, {"evaluations": []}, {"evaluations": "text"}, {"evaluations": {"one": {}}}] {
		answer := data.access.authzen.evaluations with input as object.union(_asked, none)
		answer.decision == true
	}
}

# METADATA
# title: Policy data that cannot be used
# description: Nothing is answered, which is an error and no denial.
# custom:
#   clause: ES-12
test_unusable if {
	not _answers with data.calendar as {}
	_answers
}

_answers if {
	_ := data.access.authzen.evaluation with input as _asked
}
