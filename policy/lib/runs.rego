# METADATA
# title: Runs of records
# description: >-
#   HR renews one job, and one employment, as several records. Records belong to one run when at most
#   `days_between` calendar days lie strictly between the latest end so far and the next start (ES-9, ES-10).
package lib.runs

import data.lib.dates

# METADATA
# title: Start of the run
# description: The first day of the run to which a record that starts on `start` belongs.
# custom:
#   clause: ES-9
start_of(records, start, days_between) := start if {
	count(records) == 1
} else := max([record.start |
	latest_first := array.reverse(records) # as HR lists them; the one before is most often what a record continues
	some record in records
	record.start <= start
	not _continues(record.start, latest_first, days_between)
])

# A start continues a run when a record that starts before it reaches it. Looking at every earlier record is
# the same as looking at the latest end so far, since one that ends too early reaches no further than its run.
_continues(start, records, days_between) if {
	some record in records
	record.start < start
	not dates.ended_before(dates.add_days(start, (0 - days_between) - 1), record)
}
