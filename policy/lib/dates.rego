# METADATA
# title: Calendar days
# description: >-
#   Dates are ISO strings (`YYYY-MM-DD`), so that they compare as they stand. Every function here is total over the
#   years 0001 to 9999: OPA's clock functions end in 2262, and an error of theirs would leave a decision undefined.
package lib.dates

# METADATA
# title: Open end
# description: The day that stands for "no end".
# custom:
#   clause: ES-10
open_end := "9999-12-31"

# METADATA
# title: Valid
# description: True for a string that is a real calendar day, written as ISO 8601 asks.
# custom:
#   clause: ES-10
valid(day) if {
	is_string(day)
	regex.match(
		`^\d{4}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)$`,
		day,
	)
	day >= "0001-01-01"
}

valid(day) if {
	is_string(day)
	regex.match(`^(?:\d\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29$`, day)
	day >= "0001-01-01"
}

# METADATA
# title: Last day
# description: The last day of a record; an absent end, or one in the year 9999, is open.
# custom:
#   clause: ES-10
last_day(record) := day if {
	day := record.end
	day < "9999"
} else := open_end

# METADATA
# title: Ended
# description: True when the record's last day lies before the day.
# custom:
#   clause: ES-10
ended_before(day, record) if {
	record.end < day
	record.end < "9999"
}

# METADATA
# title: Add days
# description: The day that lies `n` days after `day` (before it, where n is negative).
# custom:
#   clause: ES-9
add_days(day, n) := _shift(day, n) if {
	day >= "1700"
	day < "2200"
} else := result if {
	# The Gregorian calendar repeats after 400 years, so a far year is reckoned in a near one.
	year := to_number(trim_left(substring(day, 0, 4), "0"))
	near := 1700 + ((year + 300) % 400)
	moved := _shift(sprintf("%d%s", [near, substring(day, 4, -1)]), n)
	far := (to_number(substring(moved, 0, 4)) + year) - near
	result := sprintf("%04d%s", [far, substring(moved, 4, -1)])
}

_shift(day, n) := time.format([time.add_date(time.parse_ns("2006-01-02", day), 0, 0, n), "UTC", "2006-01-02"])

# METADATA
# title: Past the end
# description: The day that lies `n` days after the record's last day; the open end stays open.
# custom:
#   clause: ES-9
past(record, n) := add_days(last, n) if {
	last := last_day(record)
	last != open_end
} else := open_end
