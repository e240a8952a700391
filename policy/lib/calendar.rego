# METADATA
# title: Business days
# description: Monday to Friday, except the weekdays on which the district is closed.
package lib.calendar

import data.lib.dates

# METADATA
# description: >-
#   The day that lies `grant_within_business_days` business days after `start`; null, never a guess, where a day
#   on the way lies outside what the calendar covers.
due_after(start) := due if {
	start < data.calendar.covers.through
	start >= _covered_after
	due := _business_day_after(start, data.requirements.grant_within_business_days)
	due <= data.calendar.covers.through
} else := null

# The day after the start is the first that counts.
_covered_after := dates.add_days(data.calendar.covers.from, -1)

# Most often enough of the next five weekdays are open. Where they are not, this looks at two weeks more, and then at as
# many as are enough even if every closed day of the calendar fell into them.
_business_day_after(start, n) := day if {
	midnight := time.parse_ns("2006-01-02", start)
	open := [day |
		some ahead in _days_ahead[time.weekday(midnight)]
		day := time.format([time.add_date(midnight, 0, 0, ahead), "UTC", "2006-01-02"])
		not day in data.calendar.closed
	]
	day := open[n - 1]
} else := day if {
	day := _open_weekdays(start, n + 10)[n - 1]
} else := _open_weekdays(start, n + count(data.calendar.closed))[n - 1]

# How many days ahead the next five weekdays are.
_days_ahead := {
	"Monday": [1, 2, 3, 4, 7],
	"Tuesday": [1, 2, 3, 6, 7],
	"Wednesday": [1, 2, 5, 6, 7],
	"Thursday": [1, 4, 5, 6, 7],
	"Friday": [3, 4, 5, 6, 7],
	"Saturday": [2, 3, 4, 5, 6],
	"Sunday": [1, 2, 3, 4, 5],
}

# Those of the next `n` weekdays, and some more, on which the district is open.
_open_weekdays(start, n) := [day |
	midnight := time.parse_ns("2006-01-02", start)
	some i in numbers.range(1, n + (2 * ceil(n / 5)))
	moment := time.add_date(midnight, 0, 0, i)
	not time.weekday(moment) in {"Saturday", "Sunday"}
	day := time.format([moment, "UTC", "2006-01-02"])
	not day in data.calendar.closed
]
