package access

import data.lib.approval
import data.lib.calendar
import data.lib.certification
import data.lib.dates

# METADATA
# title: Grounds
# description: >-
#   For each allowed job the day on which the last requirement was met, and the records that show it, as
#   [day, location, role, Elementary, approved on, approver]: the least of them is what the decision rests on.
# custom:
#   clause: ES-7
grounds := [[met_on, entry.job.location, entry.job.role, elementary, approved_on, approver] |
	outcome == "allow"
	elementary := min([day | some day in counting_completions; certification.valid_through(day) >= input.as_of])
	some entry in approvals_by_job
	[approved_on, approver] := min([[record.decided_on, record.approver] | some record in entry.standing])
	met_on := max([entry.from, walk_in_completed_on, elementary, approved_on])
]

# METADATA
# title: Requirements met on
# description: The day on which the last requirement was met; null unless allowed.
# custom:
#   clause: ES-7
default requirements_met_on := null

requirements_met_on := _first_ground[0]

_first_ground := min(grounds)

# METADATA
# title: Grant due by
# description: >-
#   Two business days after the last requirement was met, or after the day that follows a removal, when everyone
#   may be cleared. Null unless allowed, and where the calendar does not reach.
# custom:
#   clause: ES-7
default grant_due_by := null

grant_due_by := calendar.due_after(max([_first_ground[0], _cleared_on]))

# The day after the last removal; an empty string before the first.
default _cleared_on := ""

_cleared_on := dates.add_days(certification.removal_before(input.as_of), 1)

# METADATA
# title: Escalate
# description: Not granted after two full business days; the person should reach out to DoTS.
# custom:
#   clause: ES-8
default escalate := false

escalate if {
	not access_held
	grant_due_by != null
	grant_due_by < input.as_of
}

# METADATA
# title: Basis
# description: The records that the day on which the requirements were met rests on; null unless allowed.
# custom:
#   clause: ES-7
default basis := null

basis := {
	"role": role,
	"location": location,
	"walk_in": walk_in_completed_on,
	"elementary": elementary,
	"approval": {"decided_on": approved_on, "approver": approver},
} if {
	[_, location, role, elementary, approved_on, approver] := _first_ground
}

# METADATA
# title: Locations
# description: Where access is allowed, in order and without repeats.
# custom:
#   clause: ES-9
locations := sort({ground[1] | some ground in grounds})

# METADATA
# title: Access held
# description: The target shows that the person holds access now.
# custom:
#   clause: ES-7
access_held if input.employee.access.held

# METADATA
# title: Action
# description: What to do about it. An update is due when the target holds access for other locations.
# custom:
#   clause: ES-7
action := "grant" if {
	outcome == "allow"
	not access_held
} else := "update" if {
	outcome == "allow"
	held := input.employee.access.locations
	sort({location | some location in held}) != locations
} else := "keep" if {
	outcome == "allow"
} else := "revoke" if {
	access_held
} else := "none"

# METADATA
# title: Warnings
# description: What a person should look at, though it changes no outcome.
# custom:
#   clause: ES-7
warnings contains "calendar_not_covered" if {
	not access_held
	outcome == "allow"
	grant_due_by == null
}

# METADATA
# title: Warning of an unknown location
# description: Allowed, and yet one of the places of work is in no list.
# custom:
#   clause: ES-3
warnings contains "unknown_location" if {
	outcome == "allow"
	_works_somewhere_unknown
}

# METADATA
# title: Warning of a denial that names no job
# description: It fits no assignment that the person has had; perhaps it is mistyped.
# custom:
#   clause: ES-6
warnings contains "denial_names_no_job" if {
	some denial in _denials
	_names_a_job(denial)
	not _fits_a_job(denial)
}

_names_a_job(record) if record.role

_names_a_job(record) if record.location

_fits_a_job(record) if {
	some job in _assignments
	approval.names(record, job)
}
