# METADATA
# title: Policy data
# description: >-
#   Whether the values that the rules rest on are all there and of the right kind. Without them nothing is
#   decided: a missing list of roles must not look like a district in which nobody is eligible.
package lib.settings

import data.lib.checked as when_built
import data.lib.dates

# METADATA
# title: Sound
# description: >-
#   True when requirements, locations and calendar can be used. The build of a bundle checks them and puts the
#   digest of what is sound into the bundle; any other values are checked at each question.
sound if {
	when_built.settings == _digest
	is_object(data.locations)
} else if checked != null

# METADATA
# title: Checked
# description: The digest of the values when they are sound, else null.
checked := _digest if {
	_requirements(data.requirements)
	is_object(data.locations)
	_calendar(data.calendar)
} else := null

# Nothing but the kind of the locations is checked, so a district with many of them pays for no longer digest.
_digest := crypto.sha256(json.marshal([data.requirements, data.calendar]))

_requirements(requirements) if {
	_texts(requirements.roles)
	_texts(requirements.school_location_types)
	_texts(requirements.approver_roles)
	_text(requirements.certifications.prerequisite)
	_text(requirements.certifications.required)
	dates.valid(requirements.job_change_rule_from)
	every key in ["approval_lead_days", "between_assignments_days", "between_employments_days"] {
		_whole(requirements[key], 0)
	}
	_whole(requirements.grant_within_business_days, 1)
	_validity(requirements.validity)
	_summer(object.get(requirements, "summer", _no_summer))
}

# May be absent: then there is none.
_no_summer := {"from": "05-15", "through": "09-15"}

_summer({"from": from, "through": through}) if {
	_day_of_a_year(from)
	_day_of_a_year(through)
	from < through
}

_validity(validity) if {
	dates.valid(validity.first_removal)
	not endswith(validity.first_removal, "-02-29") # most removal years would have no such day
	_whole(validity.every_school_years, 1)
	_day_of_a_year(validity.recertification_opens)
	validity.recertification_opens <= substring(validity.first_removal, 5, -1)
}

_day_of_a_year(day) if {
	is_string(day)
	dates.valid(concat("-", ["2023", day])) # a year without February 29
}

_calendar(calendar) if {
	dates.valid(calendar.covers.from)
	dates.valid(calendar.covers.through)
	calendar.covers.from <= calendar.covers.through
	dates.all_valid(calendar.closed)
}

_texts(values) if {
	is_array(values)
	count(values) > 0
	every value in values { _text(value) }
}

_text(value) if {
	is_string(value)
	value != ""
}

_whole(value, least) if {
	is_number(value)
	value >= least
	value <= 10000 # which keeps every day that is reckoned with within what OPA's clock can tell
	value == floor(value)
}
