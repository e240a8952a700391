package access

import data.lib.certification
import data.lib.dates

# METADATA
# title: Sure change
# description: >-
#   The next day on which the validity becomes another one whatever else happens: the opening of recertification,
#   and then the day after the last valid one. Without either it is the open end, which stands for "none".
# custom:
#   clause: ES-13
sure_change := expiry.recertification_opens if {
	expiry.state == "valid"
} else := dates.add_days(expiry.valid_through, 1) if {
	expiry.state == "recertify"
} else := dates.open_end

# METADATA
# title: Possible changes
# description: >-
#   The days before the sure one on which something else could change: a fact that is yet to come true, a job or
#   an employment ending, a summer grown too long, a removal passing, a grant falling overdue.
# custom:
#   clause: ES-7
possible_changes := {change |
	some change in _dated_changes
	change > input.as_of
	change < sure_change
}

_dated_changes contains period.start if {
	some period in _periods
	period.start > input.as_of
}

_dated_changes contains completion.completed_on if {
	some completion in input.employee.certifications
	completion.completed_on > input.as_of
}

_dated_changes contains record.decided_on if {
	some record in input.employee.approvals
	record.decided_on > input.as_of
}

_dated_changes contains dates.past(period, 1) if {
	some period in _periods
	period.end >= input.as_of
	period.end < sure_change
}

# A job that has ended stays current until a summer has passed, unless another lasts longer.
_dated_changes contains dates.past(job, _summer) if {
	some job in input.employee.assignments
	job.end >= _last_day_of_jobs
	job.end < sure_change
	job.end >= dates.add_days(input.as_of, 0 - _summer)
}

default _last_day_of_jobs := ""

_last_day_of_jobs := max([dates.last_day(job) | some job in _assignments])

_dated_changes contains dates.add_days(removal, 1) if {
	outcome == "allow"
	removal := certification.removal_from(input.as_of)
	removal < sure_change
}

_dated_changes contains dates.add_days(grant_due_by, 1) if {
	not access_held
	grant_due_by >= input.as_of
}

_periods := array.concat(input.employee.employment, input.employee.assignments)

_summer := data.requirements.between_assignments_days + 2
