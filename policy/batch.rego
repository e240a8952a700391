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
decision := _decision(input.as_of, input.employee) if settings.sound

# METADATA
# title: Decisions
# description: >-
#   The decision documents for `input.employees` on `input.as_of`, by employee id. Undefined unless every one of
#   them can be answered for: nobody is left out in silence.
decisions := found if {
	settings.sound
	is_array(input.employees)
	day := input.as_of
	found := {employee.id: _decision(day, employee) | some employee in _step_by_step(input.employees, day)}
	count(found) == count(input.employees)
}

# The employees, each of whom has been taken through one step before anybody through the next: OPA is quicker at what
# it has just done, and remembers what every step gave until the decisions are put together (docs/policy-speed.md).
_step_by_step(employees, day) := array.concat(settled, undecided) if {
	dates.valid(day)
	usable := [employee | some employee in employees; facts.usable(employee)]
	undecided := [employee |
		count(usable) < count(employees)
		some employee in employees
		not facts.usable(employee)
	]
	placed := [employee | some employee in usable; jobs(day, employee)]
	trained := [employee | some employee in placed; certifications(day, employee)]
	approved := [employee | some employee in trained; approvals(day, employee)]
	granted := [employee | some employee in approved; grant(day, employee)]
	decided := [employee | some employee in granted; _essence(day, employee)]
	settled := [employee | some employee in decided; [recheck_on(day, employee)] != []]
} else := employees

# METADATA
# title: Allow
# description: True when access is allowed.
allow := decision.outcome == "allow"

# METADATA
# title: Deny
# description: The reasons why access is not allowed; empty when it is.
deny := decision.reasons

# METADATA
# title: Validity of the certification
# description: How long it is good for; null when there is none that counts.
# custom:
#   clause: ES-11
expiry := decision.expiry

# METADATA
# title: Due after
# description: >-
#   The day by which what is asked of somebody on `input.as_of` is to be done, as grants are; null where the
#   calendar does not tell.
# custom:
#   clause: ES-7
due_after := calendar.due_after(input.as_of)

_decision(day, employee) := object.union(essence, {
	"employee_id": employee.id,
	"as_of": day,
	"reasons": _in_words(day, essence.reasons, employee),
	"recheck_on": recheck_on(day, employee),
}) if {
	dates.valid(day)
	facts.usable(employee)
	essence := _essence(day, employee)
} else := _undecided(day, "facts_missing", employee, {"{lists}": concat(", ", facts.missing(employee))}) if {
	dates.valid(day)
	facts.problems(employee) == []
} else := _undecided(day, "invalid_record", employee, {"{problem}": concat("; ", problems)}) if {
	problems := array.concat(
		["as_of is not a date (YYYY-MM-DD)" | not dates.valid(day)],
		facts.problems(employee),
	)
}

_undecided(day, code, employee, evidence) := {
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
	"needs_consent": false,
	"escalate": false,
	"recheck_on": null,
	"basis": null,
}

_id(employee) := id if {
	id := employee.id
} else := null

# The decision but for its shelf life and its words: its reasons are codes here.
_essence(day, employee) := object.union(granted, {
	"outcome": verdict,
	"reasons": codes,
	"warnings": warnings(day, verdict, granted.grant_due_by, employee),
	"expiry": certifications(day, employee).expiry,
	"action": action(verdict, granted.locations, employee),
	"needs_consent": false,
	"escalate": escalate(day, granted.grant_due_by, employee),
}) if {
	codes := unmet(day, employee)
	verdict := outcome(codes)
	granted := grant(day, employee)
}

_in_words(day, codes, employee) := [] if {
	codes == set()
} else := reasons.in_words({code: _evidence(code, found) | some code in codes}) if {
	found := findings(day, employee)
}
