package access

import data.lib.approval
import data.lib.assignment
import data.lib.calendar
import data.lib.certification
import data.lib.dates

# METADATA
# title: Grant
# description: >-
#   For somebody allowed, the day on which the last requirement was met, the records that show it (`basis`), where
#   access is allowed, and by when it is to be granted: two business days after the last requirement was met, or after
#   the day that follows a removal, when everyone may be cleared; null where the calendar does not reach.
# custom:
#   clause: ES-7
grant(day, employee) := {
	"locations": sort({ground[1] | some ground in grounds}),
	"requirements_met_on": met_on,
	"grant_due_by": calendar.due_after(max([met_on, _cleared_on(day)])),
	"basis": {
		"role": role,
		"location": location,
		"job_start": job_start,
		"employment_start": max([period.start |
			some period in jobs(day, employee).employment
			not dates.ended_before(day, period)
		]),
		"walk_in": walk_in,
		"elementary": elementary,
		"approval": {"decided_on": approved_on, "approver": approver},
	},
} if {
	unmet(day, employee) == set()
	certified := certifications(day, employee)
	walk_in := min(certified.walk_in_completions)
	elementary := min([done | some done in certified.counting_completions; certification.valid_through(done) >= day])

	# For each approved job the day on which the last requirement was met, and the records that show it: the least of
	# them is what the decision rests on.
	grounds := [[max([entry.from, walk_in, elementary, word[0]]), entry.job.location, entry.job.role, word, began] |
		some entry in approvals(day, employee).approved_jobs
		began := assignment.held_from(entry.job, jobs(day, employee).assignments)
		word := min([[record.decided_on, record.approver] | some record in entry.standing])
	]
	[met_on, location, role, [approved_on, approver], job_start] := min(grounds)
} else := {"locations": [], "requirements_met_on": null, "grant_due_by": null, "basis": null}

# The day after the last removal; an empty string before the first.
_cleared_on(day) := dates.add_days(certification.removal_before(day), 1) if {
	data.requirements.validity.first_removal < day
} else := ""

# METADATA
# title: Escalate
# description: Not granted after two full business days; the person should reach out to DoTS.
# custom:
#   clause: ES-8
escalate(day, grant_due_by, employee) if {
	not employee.access.held
	grant_due_by != null
	grant_due_by < day
} else := false

# METADATA
# title: Action
# description: What to do about it. An update is due when the target holds access for other locations.
# custom:
#   clause: ES-7
action(outcome, locations, employee) := "grant" if {
	outcome == "allow"
	not employee.access.held
} else := "update" if {
	outcome == "allow"
	held := employee.access.locations
	sort({location | some location in held}) != locations
} else := "keep" if {
	outcome == "allow"
} else := "revoke" if {
	employee.access.held
} else := "none"

# METADATA
# title: Warnings
# description: >-
#   What a person should look at, though it changes no outcome: by when access is due cannot be told; allowed, and yet
#   one of the places of work is in no list (ES-3); a denial that fits no assignment that the person has had, and is
#   perhaps mistyped (ES-6).
# custom:
#   clause: ES-7
warnings(day, outcome, grant_due_by, employee) := array.flatten([
	["calendar_not_covered" | grant_due_by == null; outcome == "allow"; not employee.access.held],
	["denial_names_no_job" | approvals(day, employee).denials != []; _some_denial_names_no_job(day, employee)],
	["unknown_location" | outcome == "allow"; _works_somewhere_unknown(jobs(day, employee).current_jobs)],
])

_some_denial_names_no_job(day, employee) if {
	some denial in approvals(day, employee).denials
	_names_a_job(denial)
	not _fits_a_job(denial, jobs(day, employee).assignments)
}

_names_a_job(record) if record.role

_names_a_job(record) if record.location

_fits_a_job(record, assignments) if {
	some job in assignments
	approval.names(record, job)
}
