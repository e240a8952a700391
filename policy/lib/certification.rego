# METADATA
# title: Certifications
# description: How long a completion is good for, given the removal dates.
package lib.certification

# METADATA
# title: Validity
# description: >-
#   The last valid day of a completion: the first removal date whose recertification opening comes after it.
# custom:
#   clause: ES-11
valid_through(completed_on) := first if {
	first := data.requirements.validity.first_removal
	completed_on < opening(first)
} else := sprintf("%d%s", [year, substring(validity.first_removal, 4, -1)]) if {
	# Removal years are first, first + every, …; the year of the completion itself serves only before its opening.
	validity := data.requirements.validity
	completed := to_number(trim_left(substring(completed_on, 0, 4), "0"))
	late := to_number(substring(completed_on, 5, -1) >= validity.recertification_opens)
	cycles := ceil(((completed - _first_year) + late) / validity.every_school_years)
	year := _first_year + (cycles * validity.every_school_years)
}

_first_year := to_number(substring(data.requirements.validity.first_removal, 0, 4))

# METADATA
# title: Recertification opening
# description: The day on which recertification opens for the removal on `removal`.
# custom:
#   clause: ES-13
opening(removal) := sprintf("%s-%s", [substring(removal, 0, 4), data.requirements.validity.recertification_opens])

# METADATA
# title: Removal before a day
# description: The last removal date before the day; undefined until there is one.
# custom:
#   clause: ES-12
removal_before(day) := sprintf("%d%s", [year, month_and_day]) if {
	validity := data.requirements.validity
	validity.first_removal < day
	month_and_day := substring(validity.first_removal, 4, -1)
	early := to_number(substring(day, 4, -1) <= month_and_day)
	cycles := floor(((to_number(substring(day, 0, 4)) - _first_year) - early) / validity.every_school_years)
	year := _first_year + (cycles * validity.every_school_years)
}

# METADATA
# title: Removal from a day on
# description: The first removal date on or after the day.
# custom:
#   clause: ES-12
removal_from(day) := data.requirements.validity.first_removal if {
	day <= data.requirements.validity.first_removal
} else := sprintf("%d%s", [year, month_and_day]) if {
	validity := data.requirements.validity
	month_and_day := substring(validity.first_removal, 4, -1)
	late := to_number(substring(day, 4, -1) > month_and_day)
	cycles := ceil(((to_number(substring(day, 0, 4)) - _first_year) + late) / validity.every_school_years)
	year := _first_year + (cycles * validity.every_school_years)
}
