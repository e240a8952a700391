# METADATA
# scope: package
# title: AuthZEN
# description: >-
#   The same decisions in the bodies of the OpenID AuthZEN Authorization API 1.0: `POST /v0/data/access/authzen/evaluation`
#   and `…/evaluations`. The subject is of type `employee`, its properties are the facts, `context.as_of` is the day.
package access.authzen

import data.access
import data.lib.reasons
import data.lib.settings

# METADATA
# title: What is asked for
# description: The one action on the one resource that this policy decides about; any other is refused.
# custom: {clause: ES-1}
asked_for := {"action": "access", "resource": {"type": "application", "id": "ic-elementary-scheduling"}}

# METADATA
# title: Access evaluation
# description: Whether the subject may have access, and in `context` the outcome with its reasons and the expiry.
# entrypoint: true
evaluation := _evaluated(input.subject, input) if {
	settings.sound
} else := _not_asked_for if settings.sound

# METADATA
# title: Access evaluations
# description: >-
#   One evaluation for each of `evaluations`, for which what is given beside them stands in where one lacks it; a single
#   evaluation where there are none. `options.evaluations_semantic` ends the list at the first denial or permit.
# entrypoint: true
evaluations := {"evaluations": array.slice(evaluated, 0, min(_ends(evaluated)))} if {
	settings.sound
	is_array(input.evaluations)
	count(input.evaluations) > 0
	_semantic in _semantics
	evaluated := [_answer(_question(one)) | some one in input.evaluations]
} else := {"evaluations": [_refused(problem) | some _ in input.evaluations]} if {
	settings.sound
	is_array(input.evaluations)
	count(input.evaluations) > 0
	problem := sprintf("options.evaluations_semantic must be one of %s", [concat(", ", _semantics)])
} else := evaluation

_question(one) := {part: value |
	is_object(one)
	some part in ["subject", "action", "resource", "context"]
	value := object.get(one, part, object.get(input, part, null))
}

_answer(question) := _evaluated(question.subject, question) if {
	_evaluated(question.subject, question)
} else := _not_asked_for

_evaluated(subject, question) := {
	"decision": decision.outcome == "allow",
	"context": object.filter(decision, ["outcome", "reasons", "expiry"]),
} if {
	subject.type == "employee"
	question.action.name == asked_for.action
	question.resource.type == asked_for.resource.type
	question.resource.id == asked_for.resource.id
	facts := object.get(subject, "properties", {})
	is_object(facts)
	object.get(facts, "id", subject.id) == subject.id
	decision := access.decide(_day(question), object.union(facts, {"id": subject.id}))
}

_day(question) := question.context.as_of if {
	question.context.as_of
} else := null

_not_asked_for := _refused(sprintf(
	"the question is to be about subject.type employee with its id, action.name %s, and resource %s %s",
	[asked_for.action, asked_for.resource.type, asked_for.resource.id],
))

_refused(problem) := {"decision": false, "context": {
	"outcome": "undecided",
	"reasons": [reasons.reason("invalid_record", {"{problem}": problem})],
	"expiry": null,
}}

# After how many answers the list may end: all of them, and the first that its semantic waits for.
_ends(evaluated) := array.concat([count(evaluated)], [last |
	some position, answer in evaluated
	last := position + 1
	answer.decision == _awaited[_semantic]
])

_semantic := object.get(input, ["options", "evaluations_semantic"], "execute_all")

_semantics := {"execute_all"} | object.keys(_awaited)

_awaited := {"deny_on_first_deny": false, "permit_on_first_permit": true}
