# METADATA
# title: Business days
# description: Monday to Friday, except the weekdays on which the district is closed.
package lib.calendar

import data.lib.dates

# METADATA
# title: Grant due by
# description: >-
#   The day that lies `grant_within_business_days` business days after `start`; null, never a guess, where a day
#   on the way lies outside what the calendar covers.
# custom:
#   clause: ES-7
due_after(start) := due if {
	start >= dates.add_days(data.calendar.covers.from, -1)
	start < data.calendar.covers.through
	due := _business_day_after(start, data.requirements.grant_within_business_days)
	due <= data.calendar.covers.through
} else := null

# Most often the day looked for lies within the next days; a long closure asks for a longer look, which is long
# enough even if every closed day of the calendar fell into it.
_business_day_after(start, n) := day if {
	day := _nth_business_day(start, n, n + 7)
} else := _nth_business_day(start, n, 7 * ((n + count(data.calendar.closed)) + 1))

_nth_business_day(start, n, days) := [day |
	from := time.parse_ns("2006-01-02", start)
	some i in numbers.range(1, days)
	ns := from + (i * _nanoseconds_a_day)
	_weekday(ns)
	day := time.format([ns, "UTC", "2006-01-02"])
	not day in data.calendar.closed
][n - 1]

_nanoseconds_a_day := ((24 * 60) * 60) * 1000000000

# Day 0 of the epoch was a Thursday: counted from there, the weekend are the third and the fourth day.
_weekday(ns) if not (((ns / _nanoseconds_a_day) + 4) % 7) in {0, 6}
