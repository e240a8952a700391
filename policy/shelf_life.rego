package access

import data.lib.certification
import data.lib.dates

# METADATA
# title: Recheck on
# description: >-
#   The first day after this one on which the decision differs while neither facts nor rules change; null when none.
#   The days on which something could change are decided as this one was, up to the one on which something surely does.
# custom:
#   clause: ES-7
recheck_on(day, employee) := first if {
	essence := _essence(day, employee)
	sure := sure_change(essence.expiry)
	possible := {change | some change in _dated_changes(day, sure, employee, essence); change > day; change < sure}
	changes := {change | some change in possible; _essence(change, employee) != essence}
	first := min(changes | {sure})
	first != dates.open_end
} else := null

# METADATA
# title: Sure change
# description: >-
#   The next day on which the validity becomes another one whatever else happens: the opening of recertification,
#   and then the day after the last valid one. Without either it is the open end, which stands for "none".
# custom:
#   clause: ES-13
sure_change(expiry) := expiry.recertification_opens if {
	expiry.state == "valid"
} else := dates.add_days(expiry.valid_through, 1) if {
	expiry.state == "recertify"
} else := dates.open_end

# The days on which something else could change, those past among them: a fact that is yet to come true, a job or an
# employment ending, a summer grown too long, a removal passing, a grant falling overdue.
_dated_changes(day, sure, employee, essence) := array.flatten([
	[period.start | some period in employee.employment; period.start > day],
	[job.start | some job in employee.assignments; job.start > day],
	[completion.completed_on | some completion in employee.certifications; completion.completed_on > day],
	[record.decided_on | some record in employee.approvals; record.decided_on > day],
	[dates.past(period, 1) | some period in employee.employment; period.end >= day; period.end < sure],
	[dates.past(job, days) |
		some job in employee.assignments
		job.end < sure
		some days in _days_to_last(day, job, employee.assignments)
	],
	[dates.add_days(removal, 1) |
		essence.outcome == "allow"
		removal := certification.removal_from(day)
		removal < sure
	],
	[dates.add_days(essence.grant_due_by, 1) | essence.grant_due_by >= day; not employee.access.held],
])

# How many days after its end a job may stop being current: one, or when no other lasts longer a summer.
_days_to_last(day, job, assignments) := {1 | job.end >= day} | {_summer |
	job.end >= dates.add_days(day, 0 - _summer)
	every other in assignments { _no_longer(day, other, job) }
}

_no_longer(day, other, _) if other.start > day

_no_longer(_, other, job) if dates.last_day(other) <= job.end

_summer := data.requirements.between_assignments_days + 2
