package access

import data.lib.calendar
import data.lib.dates
import data.lib.facts
import data.lib.reasons
import data.lib.settings

# METADATA
# title: Decision
# description: >-
#   The decision document for `input.employee` on `input.as_of`. Undefined, and so an error to whoever asks, when
#   there is no employee or the policy data cannot be used.
decision := _decision(input.employee, input.as_of) if settings.sound

# METADATA
# title: Decisions
# description: >-
#   The decision documents for `input.employees` on `input.as_of`, by employee id. Undefined unless every one of
#   them can be answered for: nobody is left out in silence.
decisions := found if {
	settings.sound
	is_array(input.employees)
	found := {employee.id: _decision(employee, input.as_of) | some employee in input.employees}
	count(found) == count(input.employees)
}

# METADATA
# title: Allow
# description: True when access is allowed.
allow := decision.outcome == "allow"

# METADATA
# title: Deny
# description: The reasons why access is not allowed; empty when it is.
deny := decision.reasons

# METADATA
# title: Due after
# description: >-
#   The day by which what is asked of somebody on `input.as_of` is to be done, as grants are; null where the
#   calendar does not tell.
# custom:
#   clause: ES-7
due_after := calendar.due_after(input.as_of)

_decision(employee, day) := object.union(judged.essence, {
	"employee_id": employee.id,
	"as_of": day,
	"reasons": reasons.in_words(judged.evidence),
	"recheck_on": _recheck_on(employee, judged),
}) if {
	dates.valid(day)
	facts.sound(employee)
	facts.complete(employee)
	judged := _judged with input as {"employee": employee, "as_of": day}
} else := _undecided(employee, day, "facts_missing", {"{lists}": concat(", ", facts.missing(employee))}) if {
	dates.valid(day)
	facts.sound(employee)
} else := _undecided(employee, day, "invalid_record", {"{problem}": concat("; ", problems)}) if {
	problems := array.concat(
		["as_of is not a date (YYYY-MM-DD)" | not dates.valid(day)],
		facts.problems(employee),
	)
}

_undecided(employee, day, code, evidence) := {
	"employee_id": _id(employee),
	"as_of": day,
	"outcome": "undecided",
	"reasons": [reasons.reason(code, evidence)],
	"warnings": [],
	"locations": [],
	"expiry": null,
	"requirements_met_on": null,
	"grant_due_by": null,
	"action": "none",
	"escalate": false,
	"recheck_on": null,
	"basis": null,
}

_id(employee) := id if {
	id := employee.id
} else := null

# What one look at the facts on one day gives.
_judged := {
	"essence": _essence,
	"evidence": {code: _evidence(code) | some code in unmet},
	"possible_changes": possible_changes,
	"sure_change": sure_change,
}

# The decision but for its shelf life and its words.
_essence := {
	"outcome": outcome,
	"reasons": unmet,
	"warnings": sort(warnings),
	"locations": locations,
	"expiry": expiry,
	"requirements_met_on": requirements_met_on,
	"grant_due_by": grant_due_by,
	"action": action,
	"escalate": escalate,
	"basis": basis,
}

# The first day on which the decision differs while neither facts nor rules change; null when none. The days on
# which something could change are decided as this one was, up to the one on which something surely does.
_recheck_on(employee, judged) := day if {
	day := min([change |
		some change in judged.possible_changes
		essence := _essence with input as {"employee": employee, "as_of": change}
		essence != judged.essence
	])
} else := judged.sure_change if {
	judged.sure_change != dates.open_end
} else := null
