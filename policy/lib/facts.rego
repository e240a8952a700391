# METADATA
# title: The shape of facts
# description: >-
#   Whether a record can be judged at all. One that cannot is undecided, with a reason that says why: a wrong
#   type, an unknown field or a null must never pass for an absent fact.
package lib.facts

import data.lib.dates

# METADATA
# title: Usable
# description: >-
#   True when every list of facts was looked up and nothing is wrong with the record. Where it is not, `problems` and
#   `missing` say why.
usable(employee) if {
	is_object(employee)
	is_string(employee.id)
	employee.id != ""
	[period | some period in employee.employment; _period(period)] == employee.employment
	[job | some job in employee.assignments; _assignment(job)] == employee.assignments
	[completion | some completion in employee.certifications; _completion(completion)] == employee.certifications
	[record | some record in employee.approvals; _approval(record)] == employee.approvals
	_access(object.get(employee, "access", _no_access))
	{field | some field, value in object.remove(employee, _judged_by); not _name(field, value)} == set()
}

# METADATA
# title: Problems
# description: What is wrong with an employee's record, one text each; empty when nothing is.
problems(employee) := ["employee is missing"] if {
	employee == null
} else := ["the record is not an object"] if {
	not is_object(employee)
} else := array.flatten([
	["id is not a text that says who it is" | not _text(object.get(employee, "id", null))],
	[sprintf("%s is not a text", [field]) | some field in _names; not is_string(object.get(employee, field, ""))],
	["access is not as expected: held, and since, locations and basis where known" |
		not _access(object.get(employee, "access", _no_access))
	],
	[sprintf("%s is not a field of an employee", [field]) |
		some field in ((object.keys(employee) - _judged_by) - {name | some name in _names})
	],
	[sprintf("%s is not a list", [list]) | some list, _ in _expected; not is_array(object.get(employee, list, []))],
	[sprintf("%s, record %d is not as expected: %s", [list, i + 1, _expected[list]]) |
		some list, _ in _expected
		is_array(employee[list])
		some i, record in employee[list]
		not _record(list, record)
	],
])

# METADATA
# title: Missing lists
# description: >-
#   The lists of facts that nobody looked up. An empty list says that there are none; an absent one does not.
missing(employee) := [list | some list, _ in _expected; not list in object.keys(employee)]

_expected := {
	"employment": "start, and end unless open",
	"assignments": "role, location, start, and end and school_based where known",
	"certifications": "name and completed_on",
	"approvals": "decision (approved, denied or withdrawn), decided_on, approver, and approver_role, approver_jobs, and role and location of the job that it is for, where known",
}

_judged_by := {"id", "access", "employment", "assignments", "certifications", "approvals"}

_names := ["name", "email", "username"]

_name(field, value) if {
	field in _names
	is_string(value)
}

_no_access := {"held": false}

_access(access) if {
	is_boolean(access.held)
	{field | some field, value in object.remove(access, ["held"]); not _seen(field, value)} == set()
}

_seen("since", day) if dates.valid(day)

_seen("locations", locations) if [location | some location in locations; _text(location)] == locations

_seen("basis", basis) if {
	{
		"role": role, "location": location, "job_start": job_start, "employment_start": employment_start,
		"walk_in": walk_in, "elementary": elementary,
		"approval": {"decided_on": decided_on, "approver": approver},
	} := basis
	every text in [role, location, approver] { _text(text) }
	every day in [job_start, employment_start, walk_in, elementary, decided_on] { dates.valid(day) }
}

_record("employment", record) if _period(record)

_record("assignments", record) if _assignment(record)

_record("certifications", record) if _completion(record)

_record("approvals", record) if _approval(record)

_period({"start": start}) if dates.valid(start)

_period({"start": start, "end": end}) if _in_order(start, end)

_in_order(start, end) if {
	dates.valid(start)
	dates.valid_end(end)
	start <= end
}

_assignment(record) if {
	is_object(record)
	whole := object.union({"end": dates.open_end, "school_based": true}, record)
	{"role": role, "location": location, "start": start, "end": end, "school_based": school_based} := whole
	_text(role)
	_text(location)
	_in_order(start, end)
	is_boolean(school_based)
}

_completion({"name": name, "completed_on": completed_on}) if {
	_text(name)
	dates.valid(completed_on)
}

_approval(record) if {
	is_object(record)
	whole := object.union({"approver_role": "-", "approver_jobs": [], "role": "-", "location": "-"}, record)
	{
		"decision": decision, "decided_on": decided_on, "approver": approver, "role": role, "location": location,
		"approver_role": approver_role, "approver_jobs": approver_jobs,
	} := whole
	decision in {"approved", "denied", "withdrawn"}
	dates.valid(decided_on)
	_text(approver)
	_text(approver_role)
	_text(role)
	_text(location)
	[job | some job in approver_jobs; _assignment(job)] == approver_jobs
}

_text(value) if {
	is_string(value)
	value != ""
}
