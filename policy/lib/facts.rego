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
	["id is not a text that says who it is" | not _is("TEXT", object.get(employee, "id", null))],
	[sprintf("%s is not a text", [field]) | some field in _names; not is_string(object.get(employee, field, ""))],
	["access is not as expected: held, and since, locations and basis where known" |
		not _is(_access, object.get(employee, "access", {"held": false}))
	],
	[sprintf("%s is not a field of an employee", [field]) |
		some field in (((object.keys(employee) - object.keys(_lists)) - {"id", "access"}) - {name | some name in _names})
	],
	[sprintf("%s is not a list", [list]) | some list, _ in _lists; not is_array(object.get(employee, list, []))],
	[sprintf("%s, record %d is not as expected: %s", [list, i + 1, _lists[list]]) |
		some list, shape in _records
		is_array(employee[list])
		some i, record in employee[list]
		not _right(list, shape, record)
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

_is(shape, value) if regex.match(_written(concat("", ["^", shape, "$"])), json.marshal(value))

_right(list, shape, record) if {
	_is(shape, record)
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

# OPA writes JSON with the fields in the order of the alphabet, and a comma between two entries of a list and nowhere
# else. One match costs less than looking at each field (docs/policy-speed.md).

_employee := _written(concat("", [
	`^\{(?:"access":`, _access, `,)?"approvals":\[(?:`, _records.approvals, `,?)*\],"assignments":\[(?:`, _job,
	`,?)*\],"certifications":\[(?:`, _records.certifications, `,?)*\],(?:"email":ANY,)?"employment":\[(?:`,
	_records.employment, `,?)*\],"id":TEXT(?:,"name":ANY)?(?:,"username":ANY)?\}$`,
]))

_records := {
	"employment": `\{(?:"end":END,)?"start":DAY\}`,
	"assignments": _job,
	"certifications": `\{"completed_on":DAY,"name":TEXT\}`,
	"approvals": concat("", [
		`\{"approver":TEXT(?:,"approver_jobs":\[(?:`, _job, `,?)*\])?(?:,"approver_role":TEXT)?,"decided_on":DAY`,
		`,"decision":"(?:approved|denied|withdrawn)"(?:,"location":TEXT)?(?:,"role":TEXT)?\}`,
	]),
}

_job := `\{(?:"end":END,)?"location":TEXT,"role":TEXT,(?:"school_based":BOOLEAN,)?"start":DAY\}`

_access := concat("", [
	`\{(?:"basis":\{"approval":\{"approver":TEXT,"decided_on":DAY\},"elementary":DAY,"employment_start":DAY`,
	`,"job_start":DAY,"location":TEXT,"role":TEXT,"walk_in":DAY\},)?"held":BOOLEAN`,
	`(?:,"locations":\[(?:TEXT,?)*\])?(?:,"since":DAY)?\}`,
])

_written(shape) := strings.replace_n(_values, shape)

_values := {
	"ANY": `"(?:[^"\\]|\\.)*"`,
	"BOOLEAN": `(?:true|false)`,
	"DAY": dates.pattern,
	"END": dates.end_pattern,
	"TEXT": `"(?:[^"\\]|\\.)+"`,
}
