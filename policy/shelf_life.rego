package access

import data.lib.assignment
import data.lib.dates

# METADATA
# title: Recheck on
# description: >-
#   The first day after this one on which the decision differs while neither facts nor rules change; null when none.
#   The days on which something could change are decided as this one was, the next ones first, up to the one on which
#   something surely does.
# custom: {clause: ES-7}
recheck_on(day, employee) := first if {
	essence := _essence(day, employee)
	sure := sure_change(essence.expiry)
	possible := sort({change | some change in _dated_changes(day, sure, employee, essence); change < sure})
	first := _first_change(possible, sure, employee, essence)
	first != dates.open_end
} else := null

_first_change(possible, sure, employee, essence) := sure if {
	possible == []
} else := possible[0] if {
	_essence(possible[0], employee) != essence
} else := min({sure} | {change | some change in possible; _essence(change, employee) != essence})

# METADATA
# title: Sure change
# description: >-
#   The next day on which the validity becomes another one whatever else happens: the opening of recertification,
#   and then the day after the last valid one. Without either it is the open end, which stands for "none".
# custom: {clause: ES-13}
sure_change(expiry) := expiry.recertification_opens if {
	expiry.state == "valid"
} else := dates.add_days(expiry.valid_through, 1) if {
	expiry.state == "recertify"
} else := dates.open_end

# The days on which something else could change, also some after a sure change: a fact that is yet to come true, a job or an
# employment ending, the time being up for a job that paused, a removal passing, a grant falling overdue.
_dated_changes(day, sure, employee, essence) := array.flatten([
	[start | some period in employee.employment; start := period.start; start > day],
	[start | some job in employee.assignments; start := job.start; start > day],
	[done | some completion in employee.certifications; done := completion.completed_on; done > day],
	[decided | some record in employee.approvals; decided := record.decided_on; decided > day],
	[dates.add_days(period.end, 1) | some period in employee.employment; period.end >= day; period.end < sure],
	[change |
		some job in employee.assignments
		job.end < sure
		_is_to_end(day, job, findings(day, employee).current_jobs)
		some change in _after_the_end(day, job, employee)
	],
	[dates.add_days(removal, 1) | essence.outcome == "allow"; some removal in _removals_between(day, sure)],
	[dates.add_days(essence.grant_due_by, 1) | essence.grant_due_by >= day; not employee.access.held],
])

_removals_between(day, sure) := [removal | some removal in removals(day); removal >= day; removal < sure]

# A job that has ended and is not current does not become so again.
_is_to_end(day, job, _) if job.end >= day
_is_to_end(_, job, current_jobs) if job in current_jobs

# When a job may stop being current, or evidence of a newer job: the day after its end; when the time between two jobs is
# up and there is no other; and when the summer in which it ended is over, unless it goes on as another record.
_after_the_end(day, job, employee) := array.flatten([
	[next |
		job.end >= day
		next := dates.add_days(job.end, 1)
		_is_noticed(next, job, employee)
	],
	[up |
		up := dates.add_days(job.end, data.requirements.between_assignments_days + 2)
		up > day
		not _paused_through(up, job)
		not _some_job_holds(up, employee.assignments)
	],
	[over |
		over := dates.add_days(assignment.summer(job.end).through, 1)
		over > day
		not _goes_on(over, job, employee.assignments)
	],
])

# Where nobody takes its place, a job that has ended stays the current one for a while.
_is_noticed(next, _, employee) if _some_job_holds(next, employee.assignments)
_is_noticed(_, job, employee) if job.start > employee.access.basis.job_start

_paused_through(day, job) if assignment.summer(job.end).through >= day

_some_job_holds(day, assignments) if {
	some job in assignments
	job.start <= day
	dates.last_day(job) >= day
}

_goes_on(day, job, assignments) if {
	some other in assignments
	other.start < day
	dates.last_day(other) >= day
	object.remove(other, ["start", "end"]) == object.remove(job, ["start", "end"])
	assignment.held_from(other, assignments) == assignment.held_from(job, assignments)
}
