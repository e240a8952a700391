package system.log

_employee := {
	"id": "001234",
	"name": "Sample Person",
	"email": "sample@example.org",
	"username": "sample",
	"nickname": "a field that nobody thought of",
	"employment": [{"start": "2019-08-01"}],
	"assignments": [{"role": "Office Professional", "location": "210", "start": "2019-08-01", "school_based": true}],
	"certifications": [{"name": "Walk-In Scheduling", "completed_on": "2023-08-10"}],
	"approvals": [{"decision": "approved", "decided_on": "2023-08-14", "approver": "000777", "approver_role": "Principal"}],
	"access": {"held": true, "locations": ["210"]},
}

_impersonal_employee := {
	"id": "001234",
	"employment": [{"start": "2019-08-01"}],
	"assignments": [{"role": "Office Professional", "location": "210", "start": "2019-08-01", "school_based": true}],
	"certifications": [{"name": "Walk-In Scheduling", "completed_on": "2023-08-10"}],
	"approvals": [{"decision": "approved", "decided_on": "2023-08-14", "approver_role": "Principal"}],
	"access": {"held": true, "locations": ["210"]},
}

_decided := {"outcome": "allow", "basis": {"location": "210", "approval": {"decided_on": "2023-08-14", "approver": "000777"}}}

_decided_impersonal := {"outcome": "allow", "basis": {"location": "210", "approval": {"decided_on": "2023-08-14"}}}

_cases := {
	"one decision": {
		"event": {
			"path": "access/decision",
			"input": {"as_of": "2025-09-10", "employee": _employee},
			"result": _decided,
		},
		"input": {"as_of": "2025-09-10", "employee": _impersonal_employee},
		"result": _decided_impersonal,
	},
	"many decisions": {
		"event": {
			"path": "access/decisions",
			"input": {"as_of": "2025-09-10", "employees": [_employee, {"id": "001235"}]},
			"result": {"001234": _decided, "001235": {"outcome": "undecided", "basis": null}},
		},
		"input": {"as_of": "2025-09-10", "employees": [_impersonal_employee, {"id": "001235"}]},
		"result": {"001234": _decided_impersonal, "001235": {"outcome": "undecided", "basis": null}},
	},
	"an explanation": {
		"event": {
			"path": "access/explanation",
			"input": {"as_of": "2025-09-10", "employee": _employee},
			"result": [
				{"clause": "ES-4", "met": true, "facts": _employee.certifications},
				{"clause": "ES-6", "met": true, "facts": _employee.approvals},
			],
		},
		"input": {"as_of": "2025-09-10", "employee": _impersonal_employee},
		"result": [
			{"clause": "ES-4", "met": true, "facts": _employee.certifications},
			{"clause": "ES-6", "met": true, "facts": _impersonal_employee.approvals},
		],
	},
	"the reasons": {
		"event": {
			"path": "access/deny",
			"input": {"as_of": "2025-09-10", "employee": _employee},
			"result": [{"code": "not_employed"}],
		},
		"input": {"as_of": "2025-09-10", "employee": _impersonal_employee},
		"result": [{"code": "not_employed"}],
	},
	"a record that is none": {
		"event": {
			"path": "access/decision",
			"input": {"as_of": "2025-09-10", "employee": "Sample Person"},
			"result": {"outcome": "undecided", "basis": null},
		},
		"input": {"as_of": "2025-09-10", "employee": {}},
		"result": {"outcome": "undecided", "basis": null},
	},
	"lists that are none, and values that hide more": {
		"event": {
			"path": "access/decision",
			"input": {"as_of": "2025-09-10", "employee": {
				"id": {"name": "Sample Person"},
				"employment": "Sample Person",
				"assignments": [{"role": {"name": "Sample Person"}, "location": "210"}, "Sample Person"],
			}},
			"result": {"outcome": "undecided", "basis": null},
		},
		"input": {"as_of": "2025-09-10", "employee": {
			"id": "removed",
			"employment": "removed",
			"assignments": [{"location": "210"}, {}],
		}},
		"result": {"outcome": "undecided", "basis": null},
	},
	"something else altogether": {
		"event": {"path": "access", "input": "Sample Person", "result": {"approver": "000777"}},
		"input": "removed",
		"result": "removed",
	},
	"an error, which has no result": {
		"event": {"path": "access/decision", "input": {"as_of": "2025-09-10", "employee": _employee}},
		"input": {"as_of": "2025-09-10", "employee": _impersonal_employee},
		"result": "removed",
	},
}

test_what_is_logged[name] if {
	some name, case in _cases
	got := mask with input as case.event
	got == {
		{"op": "upsert", "path": "/input", "value": case.input},
		{"op": "upsert", "path": "/result", "value": case.result},
	}
}
