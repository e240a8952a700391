# METADATA
# title: Policy data
# description: Without its values nothing is decided; nobody is denied because a list went missing.
package tests.settings_test

import data.lib.checked as when_built
import data.lib.settings
import data.tests.fixtures

_patches := {
	"no roles": [{"op": "remove", "path": "/requirements/roles"}],
	"roles as text": [{"op": "replace", "path": "/requirements/roles", "value": "Teacher"}],
	"roles empty": [{"op": "replace", "path": "/requirements/roles", "value": []}],
	"a role that is null": [{"op": "add", "path": "/requirements/roles/0", "value": null}],
	"an empty role": [{"op": "add", "path": "/requirements/roles/0", "value": ""}],
	"no school types": [{"op": "remove", "path": "/requirements/school_location_types"}],
	"no approver roles": [{"op": "remove", "path": "/requirements/approver_roles"}],
	"no certifications": [{"op": "remove", "path": "/requirements/certifications"}],
	"no prerequisite": [{"op": "remove", "path": "/requirements/certifications/prerequisite"}],
	"no required certification": [{"op": "remove", "path": "/requirements/certifications/required"}],
	"a rule from no day": [{"op": "replace", "path": "/requirements/job_change_rule_from", "value": "Summer 2023"}],
	"no lead": [{"op": "remove", "path": "/requirements/approval_lead_days"}],
	"a negative gap": [{"op": "replace", "path": "/requirements/between_assignments_days", "value": -1}],
	"half a day": [{"op": "replace", "path": "/requirements/between_employments_days", "value": 2.5}],
	"days as text": [{"op": "replace", "path": "/requirements/grant_within_business_days", "value": "2"}],
	"granted at once": [{"op": "replace", "path": "/requirements/grant_within_business_days", "value": 0}],
	"half a summer": [{"op": "remove", "path": "/requirements/summer/through"}],
	"a summer that is null": [{"op": "replace", "path": "/requirements/summer", "value": null}],
	"a summer of one day": [{"op": "replace", "path": "/requirements/summer/through", "value": "05-15"}],
	"a summer over the new year": [{"op": "replace", "path": "/requirements/summer/through", "value": "01-15"}],
	"a summer from a leap day": [{"op": "replace", "path": "/requirements/summer/from", "value": "02-29"}],
	"a summer with a name": [{"op": "add", "path": "/requirements/summer/name", "value": "2025"}],
	"a summer from a number": [{"op": "replace", "path": "/requirements/summer/from", "value": 515}],
	"a gap of decades": [{"op": "replace", "path": "/requirements/between_assignments_days", "value": 10001}],
	"no validity": [{"op": "remove", "path": "/requirements/validity"}],
	"no removal": [{"op": "replace", "path": "/requirements/validity/first_removal", "value": "2026-06-31"}],
	"a removal on a leap day": [{"op": "replace", "path": "/requirements/validity/first_removal", "value": "2028-02-29"}],
	"removal every zero years": [{"op": "replace", "path": "/requirements/validity/every_school_years", "value": 0}],
	"an opening that is a number": [{"op": "replace", "path": "/requirements/validity/recertification_opens", "value": 137}],
	"an opening after the removal": [{"op": "replace", "path": "/requirements/validity/recertification_opens", "value": "07-01"}],
	"an opening on a leap day": [{"op": "replace", "path": "/requirements/validity/recertification_opens", "value": "02-29"}],
	"locations as a list": [{"op": "replace", "path": "/locations", "value": ["210"]}],
	"no calendar": [{"op": "remove", "path": "/calendar"}],
	"a calendar from no day": [{"op": "replace", "path": "/calendar/covers/from", "value": null}],
	"a calendar through no day": [{"op": "remove", "path": "/calendar/covers/through"}],
	"a calendar that ends before it begins": [{"op": "replace", "path": "/calendar/covers/through", "value": "2023-06-30"}],
	"closed days as text": [{"op": "replace", "path": "/calendar/closed", "value": "2023-09-04"}],
	"a closed day that is none": [{"op": "add", "path": "/calendar/closed/0", "value": "2023-02-29"}],
}

# METADATA
# title: Unusable policy data
# description: Each of these leaves the decision undefined, and every part of it.
# custom:
#   clause: ES-12
test_unusable[name] if {
	some name, patch in _patches
	settings.sound
	usable := {"requirements": fixtures.requirements, "locations": fixtures.locations, "calendar": fixtures.calendar}
	broken := object.union({"requirements": {}, "locations": {}, "calendar": {}}, json.patch(usable, patch))
	question := {"employee": fixtures.person, "employees": [fixtures.person], "as_of": fixtures.day}
	not _answered(question, broken)
}

_answered(question, policy_data) if {
	_ := data.access[["decision", "decisions", "allow", "deny"][_]] with input as question
		with data.requirements as policy_data.requirements
		with data.locations as policy_data.locations
		with data.calendar as policy_data.calendar
}

# METADATA
# title: Usable policy data
# description: What a district runs on, and what the worked cases run on.
# custom:
#   clause: ES-12
test_usable if {
	settings.sound
	settings.sound with data.requirements as fixtures.requirements with data.calendar as fixtures.calendar
	longest := object.union(fixtures.requirements, {"between_assignments_days": 10000})
	settings.sound with data.requirements as longest with data.calendar as fixtures.calendar
}

# METADATA
# title: A district without a summer
# description: Then a job that ends is over when the time between two jobs is.
# custom:
#   clause: ES-9
test_no_summer if {
	employee := fixtures.but({"assignments": [{"role": "Teacher", "location": "210", "start": "2019-08-01", "end": "2025-05-30"}]})
	decision := data.access.decision with input as {"employee": employee, "as_of": "2025-09-10"}
		with data.requirements as object.remove(fixtures.requirements, ["summer"])
		with data.locations as fixtures.locations
	[reason.code | some reason in decision.reasons] == ["role_not_eligible", "approval_not_for_current_job"]
}

# METADATA
# title: A place without a type
# description: It is as unknown as one in no list.
# custom:
#   clause: ES-3
test_location_without_type if {
	employee := fixtures.but({"assignments": [{"role": "Teacher", "location": "210", "start": "2019-08-01"}]})
	decision := data.access.decision with input as {"employee": employee, "as_of": fixtures.day}
		with data.locations as {"210": {"type": 7}}
	[reason.code | some reason in decision.reasons] == ["unknown_location"]
}

# METADATA
# title: Policy data that was checked when its bundle was built
# description: It is not checked again. Any other is, so that what was found sound once says nothing of what it became.
# custom:
#   clause: ES-12
test_checked_when_built if {
	when_built.settings == ""
	settings.sound with data.lib.checked.settings as settings.checked
	unusable := object.remove(fixtures.requirements, ["roles"])
	checked := settings.checked with data.requirements as fixtures.requirements with data.calendar as fixtures.calendar
	not settings.sound with data.lib.checked.settings as checked
		with data.requirements as unusable
		with data.calendar as fixtures.calendar
	not settings.sound with data.lib.checked.settings as checked
		with data.requirements as fixtures.requirements
		with data.calendar as fixtures.calendar
		with data.locations as []
	settings.sound with data.lib.checked.settings as crypto.sha256(json.marshal([unusable, fixtures.calendar]))
		with data.requirements as unusable
		with data.calendar as fixtures.calendar
}
