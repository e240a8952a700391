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
	every list, _ in _expected { _list(list, object.get(employee, list, [])) }
}

_list(list, records) if {
	is_array(records)
	every record in records { _record(list, record) }
}

# METADATA
# title: Problems
# description: What is wrong with an employee's record, one text each; empty when nothing is.
problems(employee) := ["the record is not an object"] if {
	not is_object(employee)
} else := array.flatten([
	["id is not a text that says who it is" | not _text(employee.id)],
	[sprintf("%s is not a text", [field]) | some field in _names; not is_string(object.get(employee, field, ""))],
	["access is not as expected: held, and since and locations where known" | not _access(employee)],
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
complete(employee) if {
	employee.employment
	employee.assignments
	employee.certifications
	employee.approvals
}

# METADATA
# title: Missing lists
# description: >-
#   The lists of facts that nobody looked up. An empty list says that there are none; an absent one does not.
missing(employee) := [list | some list, _ in _expected; not _given(employee, list)]

_given(employee, list) if employee[list]

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
	_text(employee.id)
	every field in _names { is_string(object.get(employee, field, "")) }
	_access(employee)
	object.keys(employee) - _fields == set()
}

_record("employment", record) if {
	_period(record)
	object.keys(record) - {"start", "end"} == set()
}

_record("assignments", record) if {
	_text(record.role)
	_text(record.location)
	_period(record)
	is_boolean(object.get(record, "school_based", true))
	object.keys(record) - {"role", "location", "start", "end", "school_based"} == set()
}

_record("certifications", record) if {
	is_object(record)
	_text(record.name)
	dates.valid(record.completed_on)
	count(record) == 2
}

_record("approvals", record) if {
	is_object(record)
	record.decision in {"approved", "denied", "withdrawn"}
	dates.valid(record.decided_on)
	_text(record.approver)
	_text(record.approver_role)
	_text(object.get(record, "role", "-"))
	_text(object.get(record, "location", "-"))
	object.keys(record) - {"decision", "decided_on", "approver", "approver_role", "role", "location"} == set()
}

_period(record) if {
	is_object(record)
	dates.valid(record.start)
	end := object.get(record, "end", dates.open_end)
	dates.valid(end)
	record.start <= end
}

_access(employee) if {
	access := object.get(employee, "access", {"held": false})
	is_object(access)
	is_boolean(access.held)
	dates.valid(object.get(access, "since", dates.open_end))
	locations := object.get(access, "locations", [])
	is_array(locations)
	every location in locations { _text(location) }
	object.keys(access) - {"held", "since", "locations"} == set()
}

_text(value) if {
	is_string(value)
	value != ""
}
