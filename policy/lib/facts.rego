# METADATA
# title: The shape of facts
# description: >-
#   Whether a record can be judged at all. One that cannot is undecided, with a reason that says why: a wrong
#   type, an unknown field or a null must never pass for an absent fact.
package lib.facts

import data.lib.dates

# METADATA
# title: Sound
# description: True when nothing is wrong with the record; `problems` says what is, where it is not.
sound(employee) if {
	_employee(employee)
	not _wrong_list(employee)
	not _wrong_record(employee)
}

_wrong_list(employee) if {
	some list in _lists
	not is_array(object.get(employee, list, []))
}

_wrong_record(employee) if {
	some list in _lists
	some record in employee[list]
	not _record(list, record)
}

# METADATA
# title: Problems
# description: What is wrong with an employee's record, one text each; empty when nothing is.
problems(employee) := ["the record is not an object"] if {
	not is_object(employee)
} else := array.flatten([
	["id is not a text that says who it is" | not _text(employee.id)],
	[sprintf("%s is not a text", [field]) | some field in _names; not is_string(object.get(employee, field, ""))],
	["access is not as expected: held, and since and locations where known" |
		not _access(object.get(employee, "access", {"held": false}))
	],
	[sprintf("%s is not a field of an employee", [field]) | some field in (object.keys(employee) - _fields)],
	[sprintf("%s is not a list", [list]) | some list, _ in _expected; not is_array(object.get(employee, list, []))],
	[sprintf("%s, record %d is not as expected: %s", [list, i + 1, _expected[list]]) |
		some list, _ in _expected
		is_array(employee[list])
		some i, record in employee[list]
		not _record(list, record)
	],
])

# METADATA
# title: Complete
# description: True when every list of facts was looked up; `missing` names those that were not.
complete(employee) if object.subset(object.keys(employee), _lists)

# METADATA
# title: Missing lists
# description: >-
#   The lists of facts that nobody looked up. An empty list says that there are none; an absent one does not.
missing(employee) := [list | some list, _ in _expected; not _given(employee, list)]

_given(employee, list) if employee[list]

_lists := {"employment", "assignments", "certifications", "approvals"}

_expected := {
	"employment": "start, and end unless open",
	"assignments": "role, location, start, and end and school_based where known",
	"certifications": "name and completed_on",
	"approvals": "decision (approved, denied or withdrawn), decided_on, approver, approver_role, and role and location of the job that it is for, if any",
}

_names := ["name", "email", "username"]

_fields := {"id", "name", "email", "username", "access", "employment", "assignments", "certifications", "approvals"}

_employee(employee) if {
	is_object(employee)
	object.remove(employee, _fields) == {}
	_text(employee.id)
	_access(object.get(employee, "access", {"held": false}))
	not _misnamed(employee)
}

_misnamed(employee) if {
	some field in _names
	name := employee[field]
	not is_string(name)
}

_access(access) if {
	is_object(access)
	{"held": held} := object.remove(access, ["since", "locations"])
	is_boolean(held)
	dates.valid(object.get(access, "since", dates.open_end))
	locations := object.get(access, "locations", [])
	is_array(locations)
	not _wrong_text(locations)
}

_wrong_text(values) if {
	some value in values
	not _text(value)
}

_record("employment", period) if {
	is_object(period)
	{"start": start} := object.remove(period, ["end"])
	end := object.get(period, "end", dates.open_end)
	dates.valid(start)
	dates.valid(end)
	start <= end
}

_record("assignments", assignment) if {
	is_object(assignment)
	{"role": role, "location": location, "start": start} := object.remove(assignment, ["end", "school_based"])
	end := object.get(assignment, "end", dates.open_end)
	_text(role)
	_text(location)
	dates.valid(start)
	dates.valid(end)
	start <= end
	is_boolean(object.get(assignment, "school_based", true))
}

_record("certifications", {"name": name, "completed_on": completed_on}) if {
	_text(name)
	dates.valid(completed_on)
}

_record("approvals", approval) if {
	is_object(approval)
	{
		"decision": decision,
		"decided_on": decided_on,
		"approver": approver,
		"approver_role": approver_role,
	} := object.remove(approval, ["role", "location"])
	decision in {"approved", "denied", "withdrawn"}
	dates.valid(decided_on)
	_text(approver)
	_text(approver_role)
	_text(object.get(approval, "role", "-"))
	_text(object.get(approval, "location", "-"))
}

_text(value) if {
	is_string(value)
	value != ""
}
