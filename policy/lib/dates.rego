# METADATA
# title: Calendar days
# description: >-
#   Dates are ISO strings (`YYYY-MM-DD`) of the years 1900 to 2199, so that they compare as they stand, and OPA's
#   clock functions can reckon with them.
package lib.dates

# METADATA
# title: Open end
# description: The day that stands for "no end", as any in the year 9999 does.
# custom:
#   clause: ES-10
open_end := "9999-01-01"

# METADATA
# title: Valid
# description: True for a real calendar day of these years, written as ISO 8601 asks.
# custom:
#   clause: ES-10
valid(day) if {
	is_string(day)
	regex.match(_one_day, day)
}

# METADATA
# title: All valid
# description: True for a list of valid days, told in one look, since a calendar has many.
# custom:
#   clause: ES-7
all_valid(days) if {
	is_array(days)
	written := concat(",", days)
	regex.match(_days, concat("", [written, ","]))
	count(split(written, ",")) == count(days)
}

all_valid([])

_day_of_a_year := `(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)`

_day := concat("", [`(?:(?:19|2[01])\d\d-`, _day_of_a_year, `|`, _leap_day, `)`])

_days := concat("", ["^(?:", _day, ",)+$"])

_one_day := concat("", ["^", _day, "$"])

_open := concat("", [`^9999-`, _day_of_a_year, `$`])

_leap_day := `(?:(?:19|2[01])(?:0[48]|[2468][048]|[13579][26])|2000)-02-29`

# METADATA
# title: Valid end
# description: True for a valid day, and for any in the year 9999.
# custom:
#   clause: ES-10
valid_end(day) if valid(day)

valid_end(day) if {
	is_string(day)
	regex.match(_open, day)
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
ended_before(day, record) if record.end < day

# METADATA
# title: Add days
# description: The day that lies `n` days after `day` (before it, where n is negative).
# custom:
#   clause: ES-9
add_days(day, n) := time.format([time.add_date(time.parse_ns("2006-01-02", day), 0, 0, n), "UTC", "2006-01-02"])
