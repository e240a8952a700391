package access

import data.lib.approval
import data.lib.calendar
import data.lib.dates

# METADATA
# title: Grant
# description: >-
#   For somebody allowed: where, since when the last requirement is met, by when access is to be granted, and the records
#   that show it (`basis`). It is due two business days after the last requirement was met, or after the day that follows
#   a removal, when everyone may be cleared; null where the calendar does not reach.
# custom: {clause: ES-7}
grant("allow", found) := {
	"locations": locations(found),
	"requirements_met_on": met_on,
	"grant_due_by": calendar.due_after(max([met_on, _cleared_on(found.as_of)])),
	"basis": {
		"role": role,
		"location": location,
		"job_start": job_start,
		"employment_start": found.employed.start,
		"walk_in": walk_in,
		"elementary": elementary,
		"approval": {"decided_on": approved_on, "approver": approver},
	},
} if {
	walk_in := min(found.walk_in)
	elementary := min([done | some done in found.counting; valid_through(found.as_of, done) >= found.as_of])

	# For each approved job the day on which the last requirement was met, and the records that show it: the least of
	# them is what the decision rests on. No completion of Elementary Scheduling counts before Walk-In Scheduling.
	[met_on, location, role, [approved_on, approver], job_start] := min([ground |
		some {"job": job, "job_start": start, "from": from, "standing": standing} in approved_jobs(found)
		first := min(standing)
		ground := [max([from, elementary, first[0]]), job.location, job.role, first, start]
	])
}

# METADATA
# title: No grant
# description: Nothing is granted where access is not allowed.
# custom: {clause: ES-7}
grant(outcome, _) := {"locations": [], "requirements_met_on": null, "grant_due_by": null, "basis": null} if {
	outcome != "allow"
}

# METADATA
# title: Locations
# description: Those of the approved jobs, sorted.
# custom: {clause: ES-7}
locations(found) := sort({entry.job.location | some entry in approved_jobs(found)})

# The day after the last removal; an empty string before the first.
_cleared_on(day) := dates.add_days(last, 1) if {
	last := max([removal | some removal in removals(day); removal < day])
} else := ""

# METADATA
# title: Escalate
# description: Not granted after two full business days; the person should reach out to DoTS.
# custom: {clause: ES-8}
escalate(grant_due_by, found) if {
	not found.access.held
	grant_due_by != null
	grant_due_by < found.as_of
} else := false

# METADATA
# title: Action
# description: What to do about it. An update is due when the target holds access for other locations.
# custom: {clause: ES-7}
action("allow", found) := "grant" if {
	not found.access.held
} else := "update" if {
	held := found.access.locations
	sort({location | some location in held}) != locations(found)
} else := "keep"

# METADATA
# title: No access
# description: What is held is taken away where access is not allowed.
# custom: {clause: ES-12}
action(outcome, found) := "revoke" if {
	outcome != "allow"
	found.access.held
} else := "none" if {
	outcome != "allow"
}

# METADATA
# title: Warnings
# description: >-
#   What a person should look at, though it changes no outcome: the calendar does not say by when access is due; something
#   on which access rested is no longer in the facts; a denial fits no assignment that the person has had, and may be
#   mistyped (ES-6); access is allowed, and yet one of the places of work is in no list (ES-3).
# custom: {clause: ES-7}
warnings(outcome, grant_due_by, found) := array.flatten([
	["calendar_not_covered" | grant_due_by == null; outcome == "allow"; not found.access.held],
	["denial_names_no_job" | misplaced_denials(found) != []],
	["evidence_gone" | gone(found) != set()],
	["unknown_location" | outcome == "allow"; _works_somewhere_unknown(found.current_jobs)],
])

# METADATA
# title: Misplaced denials
# description: Denials and withdrawals for a role or location that no assignment of the person has had.
# custom: {clause: ES-6}
misplaced_denials(found) := [denial |
	some denial in found.denials
	object.filter(denial, ["role", "location"]) != {}
	every job in found.assignments { not approval.names(denial, job) }
]
