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
	"locations": sort({location | some [_, location, _, _, _] in grounds}),
	"requirements_met_on": met_on,
	"grant_due_by": calendar.due_after(max([met_on, _cleared_on(day)])),
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
	day := found.as_of
	elementary := min([done | some done in found.counting; valid_through(day, done) >= day])

	# For each approved job the day on which the last requirement was met, and the records that show it: the least of
	# them is what the decision rests on. No completion of Elementary Scheduling counts before Walk-In Scheduling.
	grounds := [[max([entry.from, elementary, first[0]]), entry.job.location, entry.job.role, first, entry.job_start] |
		some entry in found.jobs_to_approve
		first := min(entry.standing)
	]
	[met_on, location, role, [approved_on, approver], job_start] := min(grounds)
}

# METADATA
# title: No grant
# description: Nothing is granted where access is not allowed.
# custom: {clause: ES-7}
grant(outcome, _) := {"locations": [], "requirements_met_on": null, "grant_due_by": null, "basis": null} if {
	outcome != "allow"
}

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
action(outcome, locations, found) := "grant" if {
	outcome == "allow"
	not found.access.held
} else := "update" if {
	outcome == "allow"
	held := found.access.locations
	sort({location | some location in held}) != locations
} else := "keep" if {
	outcome == "allow"
} else := "revoke" if {
	found.access.held
} else := "none"

# METADATA
# title: Warnings
# description: >-
#   What a person should look at, though it changes no outcome: the calendar does not say by when access is due; something
#   on which access rested is no longer in the facts; a denial fits no assignment that the person has had, and may be
#   mistyped (ES-6); access is allowed, and yet one of the places of work is in no list (ES-3).
# custom: {clause: ES-7}
warnings(outcome, grant_due_by, gone, found) := array.flatten([
	["calendar_not_covered" | grant_due_by == null; outcome == "allow"; not found.access.held],
	["denial_names_no_job" | _some_denial_names_no_job(found)],
	["evidence_gone" | gone != set()],
	["unknown_location" | outcome == "allow"; _works_somewhere_unknown(found.current_jobs)],
])

_some_denial_names_no_job(found) if {
	some denial in found.denials
	object.filter(denial, ["role", "location"]) != {}
	every job in found.assignments { not approval.names(denial, job) }
}
