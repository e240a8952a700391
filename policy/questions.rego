package access

import data.lib.calendar
import data.lib.dates
import data.lib.facts
import data.lib.reasons
import data.lib.settings

# METADATA
# title: Decision
# description: >-
#   The decision document for `input.employee` on `input.as_of`; undecided, saying what is missing, where either is.
#   Undefined, and so an error to the client, when the policy data cannot be used.
# entrypoint: true
decision := decide(_asked.as_of, _asked.employee) if settings.sound

# METADATA
# title: Decisions
# description: >-
#   The decision documents for `input.employees` on `input.as_of`, by employee id. Nobody is left out in silence: an id
#   given twice is undecided, and under an empty id stands what could not be asked about at all.
# entrypoint: true
decisions := object.union(answers, _unanswered) if {
	settings.sound
	day := _asked.as_of
	_worked_out(day, _identified)
	answers := {employee.id: decide(day, employee) | some employee in _identified}
}

# METADATA
# title: Verdicts
# description: >-
#   What becomes of `input.employees` on `input.as_of`, by employee id, without words: `outcome`, `action`, `codes` of
#   the reasons, and `needs_consent`.
# entrypoint: true
verdicts := object.union(answers, unanswered) if {
	settings.sound
	day := _asked.as_of
	answers := {employee.id: _verdict(day, employee) | some employee in _identified}
	unanswered := {id: _undecided_verdict(decision) | some id, decision in _unanswered}
}

# METADATA
# title: Allow
# description: True when access is allowed.
# entrypoint: true
allow := decision.outcome == "allow"

# METADATA
# title: Deny
# description: The reasons why access is not allowed; empty when it is.
# entrypoint: true
deny := decision.reasons

# METADATA
# title: Validity of the certification
# description: How long it is good for; null when there is none that counts.
# entrypoint: true
# custom: {clause: ES-11}
expiry := decision.expiry

# METADATA
# title: Due after
# description: >-
#   The day by which what is asked of somebody on `input.as_of` is to be done, as grants are; null where the
#   calendar does not tell.
# entrypoint: true
# custom: {clause: ES-7}
due_after := calendar.due_after(_asked.as_of)

# ── What was asked ───────────────────────────────────────────────────────────────────────────────────────

_asked := object.union(_nothing, input) if {
	is_object(input)
} else := _nothing

_nothing := {"as_of": null, "employee": null, "employees": null}

# The employees who can be answered by id: all of them, unless an id is missing or given twice.
_identified := _asked.employees if {
	is_array(_asked.employees)
	ids := {id | some employee in _asked.employees; id := employee.id; is_string(id)}
	count(ids) == count(_asked.employees)
	not "" in ids
} else := [employee |
	some employee in _asked.employees
	_has_id(employee)
	not employee.id in _repeated
]

_repeated := {id |
	ids := sort([employee.id | some employee in _asked.employees; _has_id(employee)])
	some i, id in ids
	ids[i + 1] == id
}

_has_id(employee) if {
	is_string(employee.id)
	employee.id != ""
}

_unanswered := {id: _undecided(_asked.as_of, {"id": id}, "invalid_record", {"{problem}": problem}) |
	count(_identified) != count(_asked.employees)
	some id, problem in object.union(
		{id: "its id is given twice" | some id in _repeated},
		{"": sprintf("record %d has no id", [first + 1]) |
			first := min([i | some i, employee in _asked.employees; not _has_id(employee)])
		},
	)
} if {
	is_array(_asked.employees)
} else := {"": _undecided(_asked.as_of, {"id": ""}, "invalid_record", {"{problem}": "employees is missing, or no list"})}

# ── What is answered ─────────────────────────────────────────────────────────────────────────────────────

# METADATA
# title: Decide
# description: The decision document for one employee on one day, by policy data that can be used.
decide(day, employee) := object.union(essence, {
	"employee_id": employee.id,
	"as_of": day,
	"reasons": _in_words(day, essence.reasons, employee),
	"recheck_on": recheck_on(day, employee),
}) if {
	_judgeable(day, employee)
	essence := _essence(day, employee)
} else := _undecided(day, employee, "no_decision", {}) if {
	_judgeable(day, employee)
} else := _undecided(day, employee, "facts_missing", {"{lists}": concat(", ", facts.missing(employee))}) if {
	_problems(day, employee) == []
} else := _undecided(day, employee, "invalid_record", {"{problem}": concat("; ", _problems(day, employee))})

_verdict(day, employee) := {
	"outcome": verdict,
	"action": what,
	"codes": codes,
	"needs_consent": needs_consent(what, codes, found),
} if {
	_judgeable(day, employee)
	found := findings(day, employee)
	codes := reason_codes(found)
	verdict := outcome(codes)
	what := action(verdict, found)
} else := _undecided_verdict(decide(day, employee))

_undecided_verdict(decision) := {
	"outcome": decision.outcome,
	"action": decision.action,
	"codes": {reason.code | some reason in decision.reasons},
	"needs_consent": decision.needs_consent,
}

_judgeable(day, employee) if {
	dates.valid(day)
	facts.usable(employee)
}

_problems(day, employee) := array.concat(_problems_of_day(day), facts.problems(employee))

_problems_of_day(day) := [] if {
	dates.valid(day)
} else := ["as_of is missing, or not a day of the years 1900 to 2199 (YYYY-MM-DD)"]

# The decision but for its shelf life and its words: its reasons are codes here.
_essence(day, employee) := object.union(granted, {
	"outcome": verdict,
	"reasons": codes,
	"warnings": warnings(verdict, granted.grant_due_by, found),
	"expiry": found.expiry,
	"action": what,
	"needs_consent": needs_consent(what, codes, found),
	"escalate": escalate(granted.grant_due_by, found),
}) if {
	found := findings(day, employee)
	codes := reason_codes(found)
	verdict := outcome(codes)
	granted := grant(verdict, found)
	what := action(verdict, found)
}

_in_words(day, codes, employee) := [] if {
	codes == set()
} else := reasons.in_words({code: _words(code, found) | some code in codes}) if {
	found := findings(day, employee)
}

_undecided(day, employee, code, words) := {
	"employee_id": _id(employee),
	"as_of": day,
	"outcome": "undecided",
	"reasons": [reasons.reason(code, words)],
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

# Takes everybody through one step before anybody through the next: OPA is quicker at what it has just done, and
# remembers what every step gave until the decisions are put together (docs/policy-speed.md).
_worked_out(day, employees) if {
	judgeable := [employee | some employee in employees; _judgeable(day, employee)]
	examined := [employee | some employee in judgeable; findings(day, employee)]
	judged := [employee | some employee in examined; _essence(day, employee)]
	count([1 | some employee in judged; _ := recheck_on(day, employee)]) >= 0
}
