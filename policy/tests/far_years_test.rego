# METADATA
# title: Far years
# description: Days are counted by the calendar in every year, though OPA's clock knows a few hundred alone.
package tests.far_years_test

import data.lib.dates

# METADATA
# title: Leap years
# description: February 29 comes every four years, not every hundred, but every four hundred.
# custom:
#   clause: ES-7
test_leap_years[day] if {
	some day, next in {
		"0001-12-31": "0002-01-01",
		"0004-02-28": "0004-02-29",
		"0099-12-31": "0100-01-01",
		"0100-02-28": "0100-03-01",
		"0400-02-28": "0400-02-29",
		"1600-02-28": "1600-02-29",
		"1699-12-31": "1700-01-01",
		"1700-02-28": "1700-03-01",
		"2000-02-28": "2000-02-29",
		"2199-12-31": "2200-01-01",
		"2200-02-28": "2200-03-01",
		"2400-02-28": "2400-02-29",
		"9996-02-28": "9996-02-29",
		"9999-12-30": "9999-12-31",
	}
	dates.add_days(day, 1) == next
	dates.add_days(next, -1) == day
}
