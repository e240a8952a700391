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

# ── The shapes, as patterns of their JSON ────────────────────────────────────────────────────────────────

# JSON has the fields in the order of the alphabet. One match costs less than looking at each field (docs/policy-speed.md).

_employee := concat("", [
	`^\{(?:"access":`, _access, `,)?"approvals":`, _list(_records.approvals), `,"assignments":`, _list(_job),
	`,"certifications":`, _list(_records.certifications), `,(?:"email":`, _any_text, `,)?"employment":`,
	_list(_records.employment), `,"id":`, _text, `(?:,"name":`, _any_text, `)?(?:,"username":`, _any_text, `)?\}$`,
])

_records := {
	"employment": concat("", [`\{(?:"end":`, dates.end_pattern, `,)?"start":`, dates.pattern, `\}`]),
	"assignments": _job,
	"certifications": concat("", [`\{"completed_on":`, dates.pattern, `,"name":`, _text, `\}`]),
	"approvals": concat("", [
		`\{"approver":`, _text, `(?:,"approver_jobs":`, _list(_job), `)?(?:,"approver_role":`, _text,
		`)?,"decided_on":`, dates.pattern, `,"decision":"(?:approved|denied|withdrawn)"(?:,"location":`, _text,
		`)?(?:,"role":`, _text, `)?\}`,
	]),
}

_job := concat("", [
	`\{(?:"end":`, dates.end_pattern, `,)?"location":`, _text, `,"role":`, _text,
	`,(?:"school_based":`, _true_or_false, `,)?"start":`, dates.pattern, `\}`,
])

_access := concat("", [
	`\{(?:"basis":`, _basis, `,)?"held":`, _true_or_false, `(?:,"locations":`, _list(_text), `)?(?:,"since":`,
	dates.pattern, `)?\}`,
])

_basis := concat("", [
	`\{"approval":\{"approver":`, _text, `,"decided_on":`, dates.pattern, `\},"elementary":`, dates.pattern,
	`,"employment_start":`, dates.pattern, `,"job_start":`, dates.pattern, `,"location":`, _text, `,"role":`, _text,
	`,"walk_in":`, dates.pattern, `\}`,
])

_list(pattern) := concat("", [`\[(?:`, pattern, `(?:,`, pattern, `)*)?\]`])

_text := `"(?:[^"\\]|\\.)+"`

_any_text := `"(?:[^"\\]|\\.)*"`

_true_or_false := `(?:true|false)`
