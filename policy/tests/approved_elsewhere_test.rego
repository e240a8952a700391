# METADATA
# title: Approved elsewhere
# description: Whose approval comes from a Principal or Manager of another location alone.
package tests.approved_elsewhere_test

import data.tests.fixtures

_approval(jobs) := {"decision": "approved", "decided_on": "2023-08-14", "approver": "000777", "approver_jobs": jobs}

_principal(location) := {"role": "Principal", "location": location, "start": "2019-08-01"}

_moved := [
	object.union(_principal("210"), {"end": "2023-07-31"}),
	object.union(_principal("211"), {"start": "2023-08-01"}),
]

_listed(location, from) := {"001234": {{
	"location": location,
	"decided_on": "2023-08-14",
	"approver": "000777",
	"approver_locations": from,
}}}

_teacher_too := [_principal("211"), {"role": "Teacher", "location": "210", "start": "2019-08-01"}]

_own := object.union(_approval([_principal("210")]), {"approver": "000778"})

_people := {
	"by the school's own": {"changes": {"approvals": [_approval([_principal("210")])]}, "want": {}},
	"by another school's": {"changes": {"approvals": [_approval([_principal("211")])]}, "want": _listed("210", {"211"})},
	"by both": {"changes": {"approvals": [_approval([_principal("211")]), _own]}, "want": {}},
	"by one who has moved by that day": {"changes": {"approvals": [_approval(_moved)]}, "want": _listed("210", {"211"})},
	"by one who has begun on that day": {
		"changes": {"approvals": [_approval([object.union(_principal("211"), {"start": "2023-08-14"})])]},
		"want": _listed("210", {"211"}),
	},
	"by one who teaches there": {"changes": {"approvals": [_approval(_teacher_too)]}, "want": _listed("210", {"211"})},
	"by one of two schools": {
		"changes": {"approvals": [_approval([_principal("210"), _principal("211")])]},
		"want": {},
	},
	"nobody says where the approver worked": {"changes": {}, "want": _listed("210", null)},
	"not allowed": {
		"changes": {"approvals": [_approval([_principal("211")])], "certifications": []},
		"want": {},
	},
	"facts are missing": {"without": {"approvals"}, "changes": {}, "want": {}},
	"two jobs, one of them approved there": {
		"changes": {
			"assignments": [
				{"role": "Office Professional", "location": "210", "start": "2019-08-01"},
				{"role": "Office Professional", "location": "211", "start": "2019-08-01"},
			],
			"approvals": [_approval([_principal("211")])],
		},
		"want": _listed("210", {"211"}),
	},
}

# METADATA
# title: Approved elsewhere
# description: Where the location's own Principal or Manager approved, or nobody is allowed, nothing is listed.
# custom:
#   clause: ES-6
test_approved_elsewhere[name] if {
	some name, row in _people
	employee := object.remove(fixtures.but(row.changes), object.get(row, "without", set()))
	got := data.access.approved_elsewhere with input as {"as_of": fixtures.day, "employees": [employee]}
		with data.requirements as fixtures.requirements
		with data.locations as fixtures.locations
		with data.calendar as fixtures.calendar
	got == row.want
}
