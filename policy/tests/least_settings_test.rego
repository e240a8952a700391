# METADATA
# title: Least settings
# description: The smallest values that policy data may have are enough to decide by.
package tests.least_settings_test

import data.tests.fixtures

_least := {
	"approval_lead_days": 0,
	"between_assignments_days": 0,
	"between_employments_days": 0,
	"grant_within_business_days": 1,
	"validity": {"first_removal": "2026-06-30", "every_school_years": 1, "recertification_opens": "06-30"},
}

# METADATA
# title: Least values
# description: Nothing less than one business day and one school year; an opening on the day of the removal.
# custom:
#   clause: ES-11
test_least[name] if {
	some name, value in _least
	decision := data.access.decision with input as {"employee": fixtures.person, "as_of": fixtures.day}
		with data.requirements as object.union(fixtures.requirements, {name: value})
		with data.locations as fixtures.locations
		with data.calendar as fixtures.calendar
	decision.outcome == "allow"
}

# METADATA
# title: Calendar of a day
# description: A calendar may cover one day alone.
# custom:
#   clause: ES-7
test_calendar_of_a_day if {
	decision := data.access.decision with input as {"employee": fixtures.person, "as_of": fixtures.day}
		with data.requirements as fixtures.requirements
		with data.locations as fixtures.locations
		with data.calendar as {"covers": {"from": "2025-09-01", "through": "2025-09-01"}, "closed": []}
	decision.outcome == "allow"
}
