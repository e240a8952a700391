# METADATA
# title: The shape of facts
# description: >-
#   Whether a record can be judged at all. One that cannot is undecided, with a reason that says why: a wrong
#   type, an unknown field or a null must never pass for an absent fact.
package lib.facts

import data.lib.dates

# METADATA
# title: Problems
# description: What is wrong with an employee's record, one text each; empty when nothing is.
problems(employee) := ["the record is not an object"] if {
	not is_object(employee)
} else := array.flatten([
	[problem | not _employee(employee); some problem in _field_problems(employee)],
	[sprintf("%s is not a list", [list]) |
		some list, _ in _expected
		value := employee[list]
		not is_array(value)
	],
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
#   The lists of facts that nobody looked up, in order. An empty list says that there are none; an absent one does
#   not.
missing(employee) := [list | some list, _ in _expected; not _given(employee, list)]

_given(employee, list) if employee[list]

_expected := {
	"employment": "start, and end unless open",
	"assignments": "role, location, start, and end and school_based where known",
	"certifications": "name and completed_on",
	"approvals": "decision (approved, denied or withdrawn), decided_on, approver, approver_role, and role and location of the job that it is for, if any",
}

_employee(employee) if {
	_text(employee.id)
	every field in ["name", "email", "username"] { is_string(object.get(employee, field, "")) }
	_access(object.get(employee, "access", {"held": false}))
	object.keys(employee) - _fields == set()
}

_fields := {"id", "name", "email", "username", "access"} | object.keys(_expected)

_field_problems(employee) := array.flatten([
	["id is not a text that says who it is" | not _text(employee.id)],
	[sprintf("%s is not a text", [field]) |
		some field in ["name", "email", "username"]
		not is_string(object.get(employee, field, ""))
	],
	["access is not as expected: held, and since and locations where known" | not _access(object.get(employee, "access", {"held": false}))],
	[sprintf("%s is not a field of an employee", [field]) | some field in (object.keys(employee) - _fields)],
])

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

_access(access) if {
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
