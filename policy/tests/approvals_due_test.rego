# METADATA
# title: Approvals due
# description: Who waits for an approval, and who may give one.
package tests.approvals_due_test

import data.tests.fixtures

_principal := {
	"id": "000777",
	"employment": [{"start": "2019-08-01"}],
	"assignments": [{"role": "Principal", "location": "210", "start": "2019-08-01"}],
	"certifications": [],
	"approvals": [],
}

_people := {
	"nobody approved": {"employee": fixtures.but({"approvals": []}), "want": {"001234": {"asked_at": {"210"}, "approves_at": set()}}},
	"approved": {"employee": fixtures.person, "want": {}},
	"a certification is missing too": {"employee": fixtures.but({"approvals": [], "certifications": []}), "want": {}},
	"a principal": {"employee": _principal, "want": {"000777": {"asked_at": set(), "approves_at": {"210"}}}},
	"a principal who left": {
		"employee": object.union(_principal, {"employment": [{"start": "2019-08-01", "end": "2025-06-30"}]}),
		"want": {},
	},
	"facts are missing": {"employee": {"id": "001234"}, "want": {}},
}

# METADATA
# title: Approvals due
# description: Only somebody for whom nothing else is missing waits for one, and only an approver gives one.
# custom:
#   clause: ES-6
test_approvals_due[name] if {
	some name, row in _people
	got := data.access.approvals_due with input as {"as_of": fixtures.day, "employees": [row.employee]}
		with data.requirements as fixtures.requirements
		with data.locations as fixtures.locations
		with data.calendar as fixtures.calendar
	got == row.want
}
