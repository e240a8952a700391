package access

import data.lib.approval
import data.lib.calendar
import data.lib.dates

# METADATA
# title: Grant
# description: >-
#   For somebody allowed, the day on which the last requirement was met, the records that show it (`basis`), where
#   access is allowed, and by when it is to be granted: two business days after the last requirement was met, or after
#   the day that follows a removal, when everyone may be cleared; null where the calendar does not reach.
# custom:
#   clause: ES-7
grant("allow", found) := {
	"locations": locations(found),
	"requirements_met_on": met_on,
	"grant_due_by": calendar.due_after(max([met_on, _cleared_on(day)])),
	"basis": {
		"role": role,
		"location": location,
		"job_start": job_start,
		"employment_start": found.employment_start,
		"walk_in": walk_in,
		"elementary": elementary,
		"approval": {"decided_on": approved_on, "approver": approver},
	},
} if {
	day := found.as_of
	walk_in := min(found.walk_in)
	elementary := min([done | some done in found.counting; valid_through(day, done) >= day])

	# For each approved job the day on which the last requirement was met, and the records that show it: the least of
	# them is what the decision rests on.
	grounds := [[max([entry.from, walk_in, elementary, first[0]]), entry.job.location, entry.job.role, first, entry.job_start] |
		some entry in found.jobs_to_approve
		first := min([[record.decided_on, record.approver] | some record in entry.standing])
	]
	[met_on, location, role, [approved_on, approver], job_start] := min(grounds)
}

# METADATA
# title: No grant
# description: Whoever is not allowed is granted nothing.
# custom:
#   clause: ES-7
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
# custom:
#   clause: ES-8
escalate(grant_due_by, found) if {
	not found.access.held
	grant_due_by != null
	grant_due_by < found.as_of
} else := false

# METADATA
# title: Locations
# description: Where somebody allowed has access, which is where the eligible jobs are that have approval.
# custom:
#   clause: ES-9
locations(found) := sort({entry.job.location | some entry in found.jobs_to_approve; entry.standing != []})

# METADATA
# title: Action
# description: What to do about it. An update is due when the target holds access for other locations.
# custom:
#   clause: ES-7
action(outcome, found) := "grant" if {
	outcome == "allow"
	not found.access.held
} else := "update" if {
	outcome == "allow"
	held := found.access.locations
	sort({location | some location in held}) != locations(found)
} else := "keep" if {
	outcome == "allow"
} else := "revoke" if {
	found.access.held
} else := "none"

# METADATA
# title: Warnings
# description: >-
#   What a person should look at, though it changes no outcome: by when access is due cannot be told; allowed, and yet
#   one of the places of work is in no list (ES-3); a denial that fits no assignment that the person has had, and is
#   perhaps mistyped (ES-6); something on which access rested is no longer in the facts.
# custom:
#   clause: ES-7
warnings(outcome, grant_due_by, gone, found) := array.flatten([
	["calendar_not_covered" | outcome == "allow"; grant_due_by == null; not found.access.held],
	["denial_names_no_job" | _some_denial_names_no_job(found)],
	["evidence_gone" | gone != set()],
	["unknown_location" | outcome == "allow"; _works_somewhere_unknown(found.current_jobs)],
])

_some_denial_names_no_job(found) if {
	some denial in found.denials
	object.filter(denial, ["role", "location"]) != {}
	every job in found.assignments { not approval.names(denial, job) }
}
