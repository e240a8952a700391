# METADATA
# scope: package
# title: What stands in OPA's decision log
# description: >-
#   No names, e-mail addresses, user names or approvers. What is known to be impersonal is kept and all else left
#   out, so that a field which nobody thought of never reaches a log; ids are kept, since they tell which decision
#   it was.
package system.log

# METADATA
# title: Mask
# description: Input and result are replaced by what may be kept of them, or removed when that cannot be told.
mask contains {"op": "upsert", "path": "/input", "value": _input}

mask contains {"op": "upsert", "path": "/result", "value": _result}

default _input := "removed"

_input := object.union_n([
	_kept("as_of", input.input),
	{"employee": _impersonal(employee) | employee := input.input.employee},
	{"employees": [_impersonal(employee) | some employee in input.input.employees] | input.input.employees},
])

_kept(key, value) := object.filter(value, [key])

_impersonal(employee) := {field: value |
	some field in _fields
	value := _records(field, employee[field])
}

_fields := ["id", "employment", "assignments", "certifications", "approvals", "access"]

default _records(_, _) := "removed"

_records("id", id) := id if is_string(id)

_records("access", access) := _columns_of("access", access)

_records(field, records) := [_columns_of(field, record) | some record in records] if is_array(records)

_columns_of(field, record) := {column: value |
	some column in _columns[field]
	value := record[column]
	_plain(value)
}

_plain(value) if is_string(value)

_plain(value) if is_boolean(value)

_plain(value) if {
	is_array(value)
	every item in value { is_string(item) }
}

# `name` is a certification's.
_columns := {
	"employment": ["start", "end"],
	"assignments": ["role", "location", "start", "end", "school_based"],
	"certifications": ["name", "completed_on"],
	"approvals": ["decision", "decided_on", "approver_role", "role", "location"],
	"access": ["held", "since", "locations"],
}

default _result := "removed"

_result := _decision(input.result) if input.path == "access/decision"

_result := {id: _decision(decision) | some id, decision in input.result} if input.path == "access/decisions"

_result := [object.union(clause, {"facts": [json.remove(fact, ["approver"]) | some fact in clause.facts]}) |
	some clause in input.result
] if {
	input.path == "access/explanation"
}

_result := input.result if input.path in {
	"access/allow",
	"access/deny",
	"access/expiry",
	"access/due_after",
	"access/approvals_due",
}

_decision(decision) := json.remove(decision, ["basis/approval/approver"])
