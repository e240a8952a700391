# METADATA
# title: The shape of facts
# description: >-
#   Whether a record can be judged at all. One that cannot is undecided with a reason that says why. A wrong type, an
#   unknown field or a null never counts as an absent fact.
package lib.facts

import data.lib.dates

# METADATA
# description: True when every list of facts was looked up and nothing is wrong with the record.
usable(employee) if {
	regex.match(_employee, json.marshal(employee))
	not _runs_backwards(employee)
}

# METADATA
# description: What is wrong with an employee's record, one text each; empty when nothing is.
problems(employee) := ["employee is missing"] if {
	employee == null
} else := ["the record is not an object"] if {
	not is_object(employee)
} else := array.flatten([
	["id is not a text that says who it is" | not _is(_text, object.get(employee, "id", null))],
	[sprintf("%s is not a text", [field]) | some field in _names; not is_string(object.get(employee, field, ""))],
	["access is not as expected: held, and since, locations and basis where known" |
		not _is(_access, object.get(employee, "access", {"held": false}))
	],
	[sprintf("%s is not a field of an employee", [field]) |
		some field in (((object.keys(employee) - object.keys(_lists)) - {"id", "access"}) - {name | some name in _names})
	],
	[sprintf("%s is not a list", [list]) | some list, _ in _lists; not is_array(object.get(employee, list, []))],
	[sprintf("%s, record %d is not as expected: %s", [list, i + 1, _lists[list]]) |
		some list, record_pattern in _records
		is_array(employee[list])
		some i, record in employee[list]
		not _right(list, record_pattern, record)
	],
])

# METADATA
# description: The lists of facts that nobody looked up. An empty list says that there are none; an absent one does not.
missing(employee) := [list | some list, _ in _lists; not list in object.keys(employee)]

_lists := {
	"employment": "start, and end unless open",
	"assignments": "role, location, start, and end and school_based where known",
	"certifications": "name and completed_on",
	"approvals": "decision (approved, denied or withdrawn), decided_on, approver, and approver_role, approver_jobs, and role and location of the job that it is for, where known",
}

_names := ["name", "email", "username"]

_is(pattern, value) if regex.match(concat("", ["^", pattern, "$"]), json.marshal(value))

_right(list, pattern, record) if {
	_is(pattern, record)
	not _runs_backwards({list: [record]})
}

# The end of some period or job lies before its start.
_runs_backwards(facts) if {
	some list in ["employment", "assignments"]
	some record in facts[list]
	record.end < record.start
}

_runs_backwards(facts) if {
	some record in facts.approvals
	some job in record.approver_jobs
	job.end < job.start
}

# ── The shapes, as patterns of their JSON, which has the fields in the order of the alphabet. One match is cheaper than a
# look at each field (docs/policy-speed.md). ──

_employee := sprintf(
	`^\{(?:"access":%s,)?"approvals":%s,"assignments":%s,"certifications":%s,(?:"email":%s,)?"employment":%s,"id":%s(?:,"name":%s)?(?:,"username":%s)?\}$`,
	[_access, _list(_records.approvals), _list(_job), _list(_records.certifications), _any_text, _list(_records.employment), _text, _any_text, _any_text],
)

_records := {
	"employment": sprintf(`\{(?:"end":%s,)?"start":%s\}`, [dates.end_pattern, dates.pattern]),
	"assignments": _job,
	"certifications": sprintf(`\{"completed_on":%s,"name":%s\}`, [dates.pattern, _text]),
	"approvals": sprintf(
		`\{"approver":%s(?:,"approver_jobs":%s)?(?:,"approver_role":%s)?,"decided_on":%s,"decision":"(?:approved|denied|withdrawn)"(?:,"location":%s)?(?:,"role":%s)?\}`,
		[_text, _list(_job), _text, dates.pattern, _text, _text],
	),
}

_job := sprintf(
	`\{(?:"end":%s,)?"location":%s,"role":%s,(?:"school_based":%s,)?"start":%s\}`,
	[dates.end_pattern, _text, _text, _true_or_false, dates.pattern],
)

_access := sprintf(
	`\{(?:"basis":%s,)?"held":%s(?:,"locations":%s)?(?:,"since":%s)?\}`,
	[_basis, _true_or_false, _list(_text), dates.pattern],
)

_basis := sprintf(
	`\{"approval":\{"approver":%s,"decided_on":%s\},"elementary":%s,"employment_start":%s,"job_start":%s,"location":%s,"role":%s,"walk_in":%s\}`,
	[_text, dates.pattern, dates.pattern, dates.pattern, dates.pattern, _text, _text, dates.pattern],
)

_list(pattern) := sprintf(`\[(?:%s(?:,%s)*)?\]`, [pattern, pattern])

_text := `"(?:[^"\\]|\\.)+"`

_any_text := `"(?:[^"\\]|\\.)*"`

_true_or_false := `(?:true|false)`
