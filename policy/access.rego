# METADATA
# scope: package
# title: Infinite Campus Elementary Scheduling
# description: >-
#   The posted access requirements, in the order of the page. Each rule names the clause that it serves; a
#   requirement that is not met adds its code to `lacking`. Dates are days in the district's zone, and what is dated
#   after `input.as_of` is not yet true. Values stand in `data.requirements`, the working parts in `lib/`.
# schemas:
#   - input: schema.input
#   - data.requirements: schema.requirements
#   - data.locations: schema.locations
#   - data.calendar: schema.calendar
package access

import data.lib.approval
import data.lib.assignment
import data.lib.certification
import data.lib.dates
import data.lib.runs

# METADATA
# title: What the access gives
# description: What a user with this access can do in Infinite Campus.
# custom:
#   clause: ES-1
gives := "view, create and modify course sections, and fully schedule students with the Walk-in Scheduler"

# ── Access Requirements: role and workplace ──────────────────────────────────────────────────────────────

# METADATA
# title: Current jobs
# description: The jobs held on the day, or in a summer the ones held last.
# custom:
#   clause: ES-9
current_jobs := assignment.current(_assignments, input.as_of)

# METADATA
# title: Eligible role
# description: An Office Professional or School Counselor role is eligible.
# custom:
#   clause: ES-2
eligible(job) if job.role in data.requirements.roles

# METADATA
# title: Any school-based employee
# description: So is any other role where the job is at a school.
# custom:
#   clause: ES-3
eligible(job) if assignment.school_based(job)

# METADATA
# title: Eligible jobs
# description: The current jobs that are eligible.
# custom:
#   clause: ES-2
eligible_jobs := [job | some job in current_jobs; eligible(job)]

# METADATA
# title: Role not eligible
# description: No current job has a listed role or is at a school.
# custom:
#   clause: ES-2
#   reason: role_not_eligible
lacking contains "role_not_eligible" if {
	eligible_jobs == []
	not _works_somewhere_unknown
}

# METADATA
# title: Unknown location
# description: No current job is eligible, and of one nobody can say whether it is at a school.
# custom:
#   clause: ES-3
#   reason: unknown_location
lacking contains "unknown_location" if {
	eligible_jobs == []
	_works_somewhere_unknown
}

_works_somewhere_unknown if {
	some job in current_jobs
	assignment.unknown_location(job)
}

# ── Access Requirements: certifications ──────────────────────────────────────────────────────────────────

# METADATA
# title: Elementary Scheduling Certification
# description: It must be completed in Learning Space.
# custom:
#   clause: ES-4
#   reason: elementary_certification_missing
lacking contains "elementary_certification_missing" if elementary_completions == []

# METADATA
# title: Walk-In Scheduling Certification
# description: It is the prerequisite of the Elementary one, and must be completed too.
# custom:
#   clause: ES-5
#   reason: walk_in_certification_missing
lacking contains "walk_in_certification_missing" if not walk_in_completed_on

# METADATA
# title: Walk-In first
# description: An Elementary completion counts when it is on or after the first Walk-In completion.
# custom:
#   clause: ES-5
#   reason: certification_out_of_order
lacking contains "certification_out_of_order" if {
	counting_completions == []
	elementary_completions != []
	walk_in_completed_on
}

# METADATA
# title: First Walk-In completion
# description: The day of the earliest one; undefined when there is none.
# custom:
#   clause: ES-5
walk_in_completed_on := min(_completions(data.requirements.certifications.prerequisite))

# METADATA
# title: Elementary completions
# description: The days of all of them, in order or not.
# custom:
#   clause: ES-4
elementary_completions := _completions(data.requirements.certifications.required)

# METADATA
# title: Counting completions
# description: The days of the Elementary completions that count.
# custom:
#   clause: ES-5
counting_completions := [day | some day in elementary_completions; day >= walk_in_completed_on]

_completions(name) := [completion.completed_on |
	some completion in input.employee.certifications
	completion.name == name
	completion.completed_on <= input.as_of
]

# ── Access Requirements: Principal or Manager approval ───────────────────────────────────────────────────

# METADATA
# title: Authorised approvals
# description: Those by a Principal or Manager who is somebody else.
# custom:
#   clause: ES-6
authorised_approvals := [record |
	some record in _approvals
	record.decision == "approved"
	approval.authorised(record, input.employee.id)
]

# METADATA
# title: Approved jobs
# description: >-
#   The eligible jobs (any current ones when none is eligible), each with `from`, the day since when it is held
#   in this employment, and its approvals: `timely`, those by somebody who may and in time, and `standing`, those
#   of them that nobody has taken away since.
# custom:
#   clause: ES-6
approvals_by_job := [{"job": job, "from": from, "timely": timely, "standing": standing} |
	some job in _jobs_to_approve
	from := max([assignment.held_from(job, _assignments), employed_from])
	timely := [record |
		some record in authorised_approvals
		approval.names(record, job)
		_in_time(record, from)
	]
	standing := [record | some record in timely; not _taken_away(record, job)]
]

_jobs_to_approve := eligible_jobs if {
	eligible_jobs != []
} else := current_jobs

_in_time(record, from) if approval.timely(record, from)

_in_time(record, from) if approval.in_advance(record, from, _departed_on)

_taken_away(record, job) if {
	some denial in _denials
	denial.decided_on >= record.decided_on
	approval.names(denial, job)
}

# METADATA
# title: Approved
# description: Some job that needs approval has one that stands.
# custom:
#   clause: ES-6
approved if {
	some entry in approvals_by_job
	entry.standing != []
}

# METADATA
# title: Approval withdrawn
# description: There was one for a current job, and none of them stands.
# custom:
#   clause: ES-6
#   reason: approval_withdrawn
lacking contains "approval_withdrawn" if {
	not approved
	_was_approved
}

# METADATA
# title: Approval not for the current job
# description: After a change of role or location, and after a return, approval is needed anew.
# custom:
#   clause: ES-9
#   reason: approval_not_for_current_job
lacking contains "approval_not_for_current_job" if {
	not approved
	not _was_approved
	authorised_approvals != []
}

# METADATA
# title: Approver not authorised
# description: Only a Principal or Manager approves, and nobody approves themselves.
# custom:
#   clause: ES-6
#   reason: approver_not_authorized
lacking contains "approver_not_authorized" if {
	authorised_approvals == []
	_approved_by_somebody
}

# METADATA
# title: Approval missing
# description: Nobody has approved.
# custom:
#   clause: ES-6
#   reason: approval_missing
lacking contains "approval_missing" if {
	authorised_approvals == []
	not _approved_by_somebody
}

_was_approved if {
	some entry in approvals_by_job
	entry.timely != []
}

_approved_by_somebody if {
	some record in _approvals
	record.decision == "approved"
}

# ── Departure and return ─────────────────────────────────────────────────────────────────────────────────

# METADATA
# title: Employed
# description: Employed on the day, the first and the last day of a period included. Leave is not departure.
# custom:
#   clause: ES-10
employed if _held_employment != []

_held_employment := [period | some period in _employment; not dates.ended(period, input.as_of)]

# METADATA
# title: Unmet
# description: >-
#   The codes of the requirements that are not met. Whoever is not employed lacks everything else too, so this is
#   the only reason given.
# custom:
#   clause: ES-10
#   reason: not_employed
unmet := lacking if {
	employed
} else := {"not_employed"}

# METADATA
# title: Employed from
# description: The first day of this employment; a weekend between two records is not a departure.
# custom:
#   clause: ES-10
employed_from := runs.start_of(_employment, last, data.requirements.between_employments_days) if {
	last := max([period.start | some period in _held_employment])
}

# The last day of every earlier employment; an empty string where there is none.
default _departed_on := ""

_departed_on := max([dates.last_day(period) | some period in _employment; period.start < employed_from])

# ── Recertification ──────────────────────────────────────────────────────────────────────────────────────

# METADATA
# title: Validity
# description: >-
#   How long the latest completion that counts is good for, which is two school years at a time; null when none
#   counts.
# custom:
#   clause: ES-11
default expiry := null

expiry := {"valid_through": valid_through, "recertification_opens": opens, "state": state} if {
	valid_through := certification.valid_through(latest_completion)
	opens := certification.opening(valid_through)
	state := _validity_state(valid_through, opens)
}

_validity_state(valid_through, opens) := "expired" if {
	valid_through < input.as_of
} else := "recertify" if {
	opens <= input.as_of
} else := "valid"

# METADATA
# title: Latest completion
# description: It alone sets the validity, so that access once lost is regained by completing again.
# custom:
#   clause: ES-15
latest_completion := max(counting_completions)

# METADATA
# title: Removed until recertified
# description: Access is removed for all users at the end of every other school year, and regained on completion.
# custom:
#   clause: ES-12
#   reason: certification_expired
lacking contains "certification_expired" if expiry.state == "expired"

# METADATA
# title: Outcome
# description: >-
#   Allowed when every requirement is met; expired when all that is left is to recertify, which is only for those
#   who still meet everything else.
# custom:
#   clause: ES-14
outcome := "allow" if {
	unmet == set()
} else := "expired" if {
	unmet == {"certification_expired"}
} else := "deny"

# ── Facts that are true by the day ───────────────────────────────────────────────────────────────────────

_employment := [period | some period in input.employee.employment; period.start <= input.as_of]

_assignments := [job | some job in input.employee.assignments; job.start <= input.as_of]

_approvals := [record | some record in input.employee.approvals; record.decided_on <= input.as_of]

_denials := [record | some record in _approvals; record.decision in {"denied", "withdrawn"}]
