# METADATA
# title: Due after
# description: What is asked for on a day is due two business days later, where the calendar tells.
package tests.due_after_test

import data.lib.dates

_calendar := {"covers": {"from": "2025-08-01", "through": "2025-09-30"}, "closed": ["2025-09-01"]}

# METADATA
# title: Due after
# description: Weekends and closed days do not count; beyond the calendar nothing is guessed.
# custom:
#   clauses: [ES-7]
test_due_after[asked_on] if {
	some asked_on, want in {
		"2025-08-27": "2025-08-29",
		"2025-08-28": "2025-09-02",
		"2025-09-29": null,
	}
	got := data.access.due_after with input as {"as_of": asked_on}
		with data.calendar as _calendar
		with data.requirements.grant_within_business_days as 2
	got == want
}

_shut := {
	"covers": {"from": "2025-08-01", "through": "2025-10-31"},
	"closed": [day |
		some i in numbers.range(0, 34)
		day := dates.add_days("2025-08-04", i)
		not time.weekday(time.parse_ns("2006-01-02", day)) in {"Saturday", "Sunday"}
	],
}

# METADATA
# title: Closed for weeks
# description: However long the district is closed, the day due is found.
# custom:
#   clauses: [ES-7]
test_closed_for_weeks if {
	due := data.access.due_after with input as {"as_of": "2025-08-01"}
		with data.calendar as _shut
		with data.requirements.grant_within_business_days as 2
	due == "2025-09-09"
}
