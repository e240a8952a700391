# METADATA
# title: Business days
# description: From each day of a week, the day that lies one to five business days ahead.
package tests.business_days_test

_calendar := {"covers": {"from": "2025-09-01", "through": "2025-09-30"}, "closed": []}

_due(start, n, calendar) := due if {
	due := data.access.due_after with input as {"as_of": start}
		with data.calendar as calendar
		with data.requirements.grant_within_business_days as n
}

# METADATA
# title: Weekdays
# description: Saturdays and Sundays never count.
# custom:
#   clause: ES-7
test_weekdays[start] if {
	some start, days in {
		"2025-09-08": ["09", "10", "11", "12", "15"],
		"2025-09-09": ["10", "11", "12", "15", "16"],
		"2025-09-10": ["11", "12", "15", "16", "17"],
		"2025-09-11": ["12", "15", "16", "17", "18"],
		"2025-09-12": ["15", "16", "17", "18", "19"],
		"2025-09-13": ["15", "16", "17", "18", "19"],
		"2025-09-14": ["15", "16", "17", "18", "19"],
	}
	got := [due | some n in [1, 2, 3, 4, 5]; due := _due(start, n, _calendar)]
	got == [day | some last in days; day := concat("-", ["2025-09", last])]
}

# METADATA
# title: Ends of the calendar
# description: The last day covered can be due, and the day before the first can be asked on.
# custom:
#   clause: ES-7
test_ends[name] if {
	some name, row in {
		"due on the last day": {"start": "2025-09-26", "due": "2025-09-30"},
		"due the day after it": {"start": "2025-09-29", "due": null},
		"asked on the last day": {"start": "2025-09-30", "due": null},
		"asked on the first day": {"start": "2025-09-01", "due": "2025-09-03"},
		"asked on the day before it": {"start": "2025-08-31", "due": "2025-09-02"},
		"asked two days before it": {"start": "2025-08-30", "due": null},
	}
	_due(row.start, 2, _calendar) == row.due
}

# METADATA
# title: More than a week
# description: As many business days as the district likes.
# custom:
#   clause: ES-7
test_many[name] if {
	some name, row in {
		"six": {"n": 6, "closed": [], "due": "2025-09-09"},
		"six, one closed": {"n": 6, "closed": ["2025-09-02"], "due": "2025-09-10"},
		"fifteen": {"n": 15, "closed": [], "due": "2025-09-22"},
	}
	_due("2025-09-01", row.n, object.union(_calendar, {"closed": row.closed})) == row.due
}
