# METADATA
# title: Calendar days
# description: Days are ISO strings (`YYYY-MM-DD`) of the years 1900 to 2199. They compare as strings and fit OPA's clock.
package lib.dates

# METADATA
# description: Stands for "no end", as any day in the year 9999 does.
open_end := "9999-01-01"

# METADATA
# description: True for a real calendar day of these years.
valid(day) if {
	is_string(day)
	regex.match(_one_day, day)
}

# METADATA
# description: True for a list of valid days; one match checks all of them, since a calendar has many.
all_valid(days) if {
	is_array(days)
	written := concat(",", days)
	regex.match(_days, concat("", [written, ","]))
	count(split(written, ",")) == count(days)
}

all_valid([])

_day_of_a_year := `(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)`

_leap_day := `(?:(?:19|2[01])(?:0[48]|[2468][048]|[13579][26])|2000)-02-29`

_day := concat("", [`(?:(?:19|2[01])\d\d-`, _day_of_a_year, `|`, _leap_day, `)`])

_days := concat("", ["^(?:", _day, ",)+$"])

_one_day := concat("", ["^", _day, "$"])

# METADATA
# description: What a valid day looks like in JSON.
pattern := sprintf(`"%s"`, [_day])

# METADATA
# description: What the end of a record looks like in JSON; any day in the year 9999 is open.
end_pattern := sprintf(`"(?:%s|9999-%s)"`, [_day, _day_of_a_year])

# METADATA
# description: The last day of a record; an absent end, or one in the year 9999, is open.
last_day(record) := day if {
	day := record.end
	day < "9999"
} else := open_end

# METADATA
# description: True when the record's last day lies before the day.
ended_before(day, record) if record.end < day

# METADATA
# description: The day that lies `n` days after `day`, or before it where `n` is negative.
add_days(day, n) := time.format([time.add_date(time.parse_ns("2006-01-02", day), 0, 0, n), "UTC", "2006-01-02"])

# METADATA
# description: >-
#   The first day of the run of records that holds the record that starts on `start`. HR renews one job, and one
#   employment, as several records. They form one run when at most `days_between` days lie strictly between the
#   latest end so far and the next start.
run_start(start, records, days_between) := start if {
	count(records) == 1
} else := max([record.start |
	latest_first := array.reverse(records) # HR lists records in order, so the one before comes first
	some record in records
	record.start <= start
	not _continues(record.start, latest_first, days_between)
])

# Checks every earlier record. This gives the same answer as the latest end so far, since a record that ends too
# early reaches no further than its run.
_continues(start, records, days_between) if {
	reached := add_days(start, (0 - days_between) - 1)
	some record in records
	record.start < start
	not ended_before(reached, record)
}
