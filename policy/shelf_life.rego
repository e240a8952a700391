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
default sure_change := "9999-12-31"

sure_change := expiry.recertification_opens if expiry.state == "valid"

sure_change := dates.add_days(expiry.valid_through, 1) if expiry.state == "recertify"

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

_dated_changes contains period.start if some period in input.employee.employment

_dated_changes contains job.start if some job in input.employee.assignments

_dated_changes contains completion.completed_on if some completion in input.employee.certifications

_dated_changes contains record.decided_on if some record in input.employee.approvals

_dated_changes contains dates.past(period, 1) if {
	some period in input.employee.employment
	period.end >= input.as_of
	period.end < sure_change
}

_dated_changes contains dates.past(job, 1) if {
	some job in input.employee.assignments
	job.end >= input.as_of
	job.end < sure_change
}

# A job that has ended stays current until a summer has passed.
_dated_changes contains dates.past(job, _summer) if {
	some job in input.employee.assignments
	job.end >= dates.add_days(input.as_of, 0 - _summer)
	job.end < sure_change
}

_summer := data.requirements.between_assignments_days + 2

_dated_changes contains dates.add_days(certification.removal_from(input.as_of), 1) if outcome == "allow"

_dated_changes contains dates.add_days(grant_due_by, 1) if {
	not access_held
	grant_due_by != null
}
