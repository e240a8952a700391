# METADATA
# title: Working parts
# description: Dates, runs of records, removal dates, business days.
package tests.lib_test

import data.lib.calendar
import data.lib.dates

import data.tests.fixtures

_days := {
	"a real day": {"day": "2024-02-29", "want": true},
	"a leap day of a century": {"day": "2000-02-29", "want": true},
	"no leap day of a century": {"day": "1900-02-29", "want": false},
	"a month's last day": {"day": "2025-04-30", "want": true},
	"beyond a month's last day": {"day": "2025-04-31", "want": false},
	"the thirteenth month": {"day": "2025-13-01", "want": false},
	"the first day there is": {"day": "1900-01-01", "want": true},
	"the day before it": {"day": "1899-12-31", "want": false},
	"the last day there is": {"day": "2199-12-31", "want": true},
	"the day after it": {"day": "2200-01-01", "want": false},
	"a leap day": {"day": "2196-02-29", "want": true},
	"no leap day": {"day": "2023-02-29", "want": false},
	"no leap day of the last century": {"day": "2100-02-29", "want": false},
	"an open end": {"day": "9999-12-31", "want": false},
	"a blank before": {"day": " 2025-09-01", "want": false},
	"without leading zeros": {"day": "2025-9-1", "want": false},
	"with a line's end": {"day": "2025-09-01\n", "want": false},
	"a number": {"day": 20250901, "want": false},
	"null": {"day": null, "want": false},
}

# METADATA
# title: Valid days
# custom:
#   clause: ES-11
test_valid[name] if {
	some name, row in _days
	valid(row.day) == row.want
}

valid(day) if {
	dates.valid(day)
} else := false

_sums := {
	"over a month": {"day": "2025-08-31", "n": 1, "want": "2025-09-01"},
	"over a leap day": {"day": "2024-02-28", "n": 2, "want": "2024-03-01"},
	"backwards": {"day": "2025-08-01", "n": -120, "want": "2025-04-03"},
}

# METADATA
# title: Days apart
# custom:
#   clause: ES-9
test_add_days[name] if {
	some name, row in _sums
	dates.add_days(row.day, row.n) == row.want
}

# METADATA
# title: Open ends
# custom:
#   clause: ES-10
test_open_end if {
	dates.last_day({"start": "2025-01-01"}) == dates.open_end
	dates.last_day({"start": "2025-01-01", "end": "9999-01-01"}) == dates.open_end
	dates.last_day({"start": "2025-01-01", "end": "9999-12-31"}) == dates.open_end
	dates.last_day({"start": "2025-01-01", "end": "2025-01-30"}) == "2025-01-30"
	not dates.ended_before("2199-12-31", {"start": "2025-01-01", "end": "9999-01-01"})
	not dates.ended_before("2025-01-30", {"start": "2025-01-01", "end": "2025-01-30"})
	dates.ended_before("2025-01-31", {"start": "2025-01-01", "end": "2025-01-30"})
}

_runs := {
	"one record": {"records": [{"start": "2025-08-01"}], "from": "2025-08-01", "want": "2025-08-01"},
	"a short gap": {
		"records": [{"start": "2024-08-01", "end": "2025-06-01"}, {"start": "2025-06-05"}],
		"from": "2025-06-05",
		"want": "2024-08-01",
	},
	"a long gap": {
		"records": [{"start": "2024-08-01", "end": "2025-06-01"}, {"start": "2025-06-06"}],
		"from": "2025-06-06",
		"want": "2025-06-06",
	},
	"a short record inside a long one": {
		"records": [
			{"start": "2020-08-01", "end": "2025-06-01"},
			{"start": "2021-01-01", "end": "2021-01-31"},
			{"start": "2025-06-05"},
		],
		"from": "2025-06-05",
		"want": "2020-08-01",
	},
	"records in no order": {
		"records": [{"start": "2025-06-05"}, {"start": "2024-08-01", "end": "2025-06-01"}],
		"from": "2025-06-05",
		"want": "2024-08-01",
	},
}

# METADATA
# title: Runs
# custom:
#   clause: ES-9
test_run[name] if {
	some name, row in _runs
	dates.run_start(row.from, row.records, 3) == row.want
}

_validities := {
	"long before": {"day": "2019-01-01", "want": "2026-06-30"},
	"the day before the opening": {"day": "2025-12-31", "want": "2026-06-30"},
	"the opening": {"day": "2026-01-01", "want": "2028-06-30"},
	"the year between": {"day": "2027-05-01", "want": "2028-06-30"},
	"before the next opening": {"day": "2027-12-31", "want": "2028-06-30"},
	"the next opening": {"day": "2028-01-01", "want": "2030-06-30"},
}

# METADATA
# title: Two school years at a time
# custom:
#   clauses: [ES-11, ES-13]
test_valid_through[name] if {
	some name, row in _validities
	row.want == data.access.valid_through(row.day, row.day) with data.requirements as fixtures.requirements
}

# METADATA
# title: Removal dates
# description: A list, from the first removal on, as far ahead as a completion by the day can reach.
# custom:
#   clause: ES-12
test_removals[day] if {
	some day, want in {
		"1900-01-01": ["2026-06-30"],
		"2024-12-31": ["2026-06-30"],
		"2025-12-31": ["2026-06-30"],
		"2026-01-01": ["2026-06-30", "2028-06-30"],
		"2028-07-01": ["2026-06-30", "2028-06-30", "2030-06-30"],
	}
	want == data.access.removals(day) with data.requirements as fixtures.requirements
}

_dues := {
	"in a week": {"start": "2023-08-21", "want": "2023-08-23"},
	"over a weekend": {"start": "2023-08-25", "want": "2023-08-29"},
	"from a Saturday": {"start": "2023-08-26", "want": "2023-08-29"},
	"from a Sunday": {"start": "2023-08-27", "want": "2023-08-29"},
	"over a closed day": {"start": "2023-09-01", "want": "2023-09-06"},
	"over a closed week": {"start": "2025-11-25", "want": "2025-12-02"},
	"from the day before the calendar begins": {"start": "2023-06-30", "want": "2023-07-04"},
	"before the calendar": {"start": "2023-06-29", "want": null},
	"to the calendar's last day": {"start": "2028-12-27", "want": "2028-12-29"},
	"over the calendar's end": {"start": "2028-12-29", "want": null},
	"on the calendar's last day": {"start": "2028-12-31", "want": null},
	"long after the calendar": {"start": "2999-01-01", "want": null},
}

# METADATA
# title: Business days
# custom:
#   clause: ES-7
test_due[name] if {
	some name, row in _dues
	due := calendar.due_after(row.start) with data.requirements as fixtures.requirements
		with data.calendar as fixtures.calendar
	due == row.want
}
