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

# Most often none of the next weekdays is closed; where one is, the look is long enough even if every closed day of
# the calendar fell into it.
_business_day_after(start, n) := day if {
	day := _open_weekdays(start, n)[n - 1]
} else := _open_weekdays(start, n + count(data.calendar.closed))[n - 1]

# Those of the next `n` weekdays after `start` on which the district is open.
_open_weekdays(start, n) := [day |
	number := time.parse_ns("2006-01-02", start) / _nanoseconds_a_day
	weekday := (number + 3) % 7 # Monday is 0: day 0 of the epoch was a Thursday
	working := min([weekday, 4]) # a weekend counts on from its Friday
	some i in numbers.range(1, n)
	weekends := floor((working + i) / 5)
	day := dates.add_days(start, ((i + (2 * weekends)) + working) - weekday)
	not day in data.calendar.closed
]

_nanoseconds_a_day := ((24 * 60) * 60) * 1000000000
