# METADATA
# scope: package
# title: Infinite Campus Elementary Scheduling
# description: >-
#   The posted access requirements: first the outcome, then each requirement in the order of the page. Each rule names
#   the clause that it serves. Values stand in `data.requirements`, working parts in `lib/`. Dates are days in the
#   district's zone.
#
#   Clients ask for `decision`, `decisions`, `verdicts`, `allow`, `deny`, `expiry` and `due_after` (questions.rego),
#   `explanation` and `evidence`, which have files of their own.
# schemas:
#   - input: schema.input
#   - data.requirements: schema.requirements
#   - data.locations: schema.locations
#   - data.calendar: schema.calendar
package access

import data.lib.approval
import data.lib.assignment
import data.lib.dates

# METADATA
# title: What the access gives
# description: What a user with this access can do in Infinite Campus.
# custom: {clause: ES-1}
gives := "view, create and modify course sections, and fully schedule students with the Walk-in Scheduler"

# ── Outcome ──────────────────────────────────────────────────────────────────────────────────────────────

# METADATA
# title: Outcome
# description: >-
#   Allowed when every requirement is met; expired when all that is left is to recertify, which is only for those
#   who still meet everything else.
# custom: {clause: ES-14}
outcome(codes) := "allow" if {
	codes == set()
} else := "expired" if {
	codes == {"certification_expired"}
} else := "deny"

# METADATA
# title: Requirements
# description: >-
#   What the page asks, each stated once below as `met`, with the reasons that can be given where one is not met.
#   A requirement restricts, a reason only explains.
requirements := {
	"role": {"role_not_eligible", "unknown_location"},
	"certification": {
		"elementary_certification_missing",
		"walk_in_certification_missing",
		"certification_out_of_order",
		"certification_expired",
	},
	"approval": {
		"approver_unverified",
		"approval_withdrawn",
		"approval_not_for_current_job",
		"approver_not_authorized",
		"approval_missing",
	},
	"employment": {"not_employed"},
}

# METADATA
# title: Reasons
# description: >-
#   The codes of the reasons why access is not allowed; none where every requirement is met. There is no decision where
#   a requirement is not met and no reason says why.
reason_codes(found) := set() if {
	unmet(found) == set()
} else := codes if {
	codes := {code | some requirement in unmet(found); some code in requirements[requirement]; why(code, found)}
	every requirement in unmet(found) { requirements[requirement] & codes != set() }
}

# METADATA
# title: Unmet requirements
# description: Those that are not met. Somebody who is not employed lacks all else too, so that is the only one named.
unmet(found) := {"employment"} if {
	not met("employment", found)
} else := {requirement | some requirement, _ in requirements; not met(requirement, found)}

# METADATA
# title: Findings
# description: >-
#   What the facts of one employee show on one day. Everything below rests on this alone. What starts, is completed or
#   is decided after the day is not yet true.
findings(day, employee) := {
	"employee_id": id,
	"as_of": day,
	"access": object.get(employee, "access", {"held": false}), # as the target shows it
	"employment": employment,
	"employed": employed, # `start` of the latest period that holds the day, `from`: since when without a break; or null
	"assignments": assignments,
	"current_jobs": current_jobs,
	"eligible_jobs": eligible_jobs,
	"walk_in": walk_in, # the days of the completions
	"elementary": elementary,
	"counting": counting, # the Elementary ones that count
	"expiry": validity(day, counting), # how long the latest of these is valid; null when there is none
	"approved": approved, # the approvals,
	"denials": denials, # the denials and withdrawals,
	"authorised": authorised, # and the approvals by somebody who may approve
} if {
	id := employee.id
	employment := [period | some period in employee.employment; period.start <= day]
	assignments := [job | some job in employee.assignments; job.start <= day]
	employed := _employed(day, employment)
	current_jobs := assignment.current(day, assignments)
	eligible_jobs := [job | some job in current_jobs; eligible(job)]
	names := data.requirements.certifications
	completions := employee.certifications
	walk_in := [done | some {"name": names.prerequisite, "completed_on": done} in completions; done <= day]
	elementary := [done | some {"name": names.required, "completed_on": done} in completions; done <= day]
	counting := [done | some done in elementary; done >= min(walk_in)]
	approved := [record | some record in employee.approvals; record.decision == "approved"; record.decided_on <= day]
	denials := [record | some record in employee.approvals; record.decision != "approved"; record.decided_on <= day]
	authorised := [record | some record in approved; approval.authorised(record, id)]
}

# ── Access Requirements: role and workplace ──────────────────────────────────────────────────────────────

# METADATA
# title: An eligible job
# description: Some current job has a listed role or is at a school.
# custom: {clauses: [ES-2, ES-3]}
met("role", found) if found.eligible_jobs != []

# METADATA
# title: Eligible role
# description: An Office Professional or School Counselor role is eligible.
# custom: {clause: ES-2}
eligible(job) if job.role in data.requirements.roles

# METADATA
# title: Any school-based employee
# description: So is any other role where the job is at a school.
# custom: {clause: ES-3}
eligible(job) if assignment.school_based(job)

# METADATA
# title: Role not eligible
# description: No current job has a listed role or is at a school.
# custom: {clause: ES-2, reason: role_not_eligible}
why("role_not_eligible", found) if not _works_somewhere_unknown(found.current_jobs)

# METADATA
# title: Unknown location
# description: The location of some current job is in no list, so it may be a school.
# custom: {clause: ES-3, reason: unknown_location}
why("unknown_location", found) if _works_somewhere_unknown(found.current_jobs)

_works_somewhere_unknown(current_jobs) if {
	some job in current_jobs
	assignment.unknown_location(job)
}

# ── Access Requirements: certifications ──────────────────────────────────────────────────────────────────

# METADATA
# title: A certification that counts and is valid
# description: >-
#   An Elementary completion counts when it is on or after the first Walk-In completion, and no removal has ended it since.
# custom: {clauses: [ES-4, ES-5, ES-12]}
met("certification", found) if found.expiry.state != "expired"

# METADATA
# title: Elementary Scheduling Certification
# description: It must be completed in Learning Space.
# custom: {clause: ES-4, reason: elementary_certification_missing}
why("elementary_certification_missing", found) if found.elementary == []

# METADATA
# title: Walk-In Scheduling Certification
# description: It is the prerequisite of the Elementary one, and must be completed too.
# custom: {clause: ES-5, reason: walk_in_certification_missing}
why("walk_in_certification_missing", found) if found.walk_in == []

# METADATA
# title: Walk-In first
# description: Both were completed, and Elementary Scheduling only before Walk-In Scheduling.
# custom: {clause: ES-5, reason: certification_out_of_order}
why("certification_out_of_order", found) if {
	found.counting == []
	found.elementary != []
	found.walk_in != []
}

# ── Access Requirements: Principal or Manager approval ───────────────────────────────────────────────────

# METADATA
# title: A Principal or Manager has approved
# description: An approval stands for some job that needs one.
# custom: {clauses: [ES-6, ES-9]}
met("approval", found) if approved_jobs(found) != []

# METADATA
# title: Approved jobs
# description: Those for which an approval stands; it is for them that access is granted.
# custom: {clause: ES-6}
approved_jobs(found) := [entry |
	some entry in jobs_to_approve(found)
	entry.standing != []
]

# METADATA
# title: Jobs that need approval
# description: >-
#   The eligible jobs, or every current one where none is eligible: for each `job`, `job_start` (the start of its run),
#   `from` (since when it is held in this employment), and `standing` (day and approver of each approval that stands).
# custom: {clause: ES-6}
jobs_to_approve(found) := [{"job": job, "job_start": job_start, "from": from, "standing": standing} |
	some job in _eligible_or_all(found)
	job_start := assignment.held_from(job, found.assignments)
	from := max([job_start, found.employed.from])
	standing := [[record.decided_on, record.approver] |
		some record in found.authorised
		reaches(record, job, from, found)
		not taken_away(record, job, found.denials)
	]
]

_eligible_or_all(found) := found.eligible_jobs if {
	found.eligible_jobs != []
} else := found.current_jobs

# METADATA
# title: Taken away
# description: A denial or withdrawal that names the same job was decided on the same day or later, by anybody.
# custom: {clause: ES-6}
taken_away(record, job, denials) if {
	some denial in denials
	denial.decided_on >= record.decided_on
	approval.names(denial, job)
}

# METADATA
# title: Unverified approvals
# description: Those by somebody else, where no source says whether they may approve.
# custom: {clause: ES-6}
unverified(found) := [record | some record in found.approved; approval.unverified(record, found.employee_id)]

# METADATA
# title: Possibly authorised approvals
# description: Those by somebody who may approve, and the unverified ones.
# custom: {clause: ES-6}
possibly_authorised(found) := array.concat(found.authorised, unverified(found))

# METADATA
# title: Approver unverified
# description: An approval would do if its approver may approve, and no source says so.
# custom: {clause: ES-6, reason: approver_unverified}
why("approver_unverified", found) if _unverified_stands(found)

# METADATA
# title: Approval withdrawn
# description: There was one for a current job, and none of them stands.
# custom: {clause: ES-6, reason: approval_withdrawn}
why("approval_withdrawn", found) if {
	not _unverified_stands(found)
	_was_approved(found)
}

# METADATA
# title: Approval not for the current job
# description: After a change of role or location, and after a return, approval is needed anew.
# custom: {clause: ES-9, reason: approval_not_for_current_job}
why("approval_not_for_current_job", found) if {
	possibly_authorised(found) != []
	not _was_approved(found)
}

# METADATA
# title: Approver not authorised
# description: Only a Principal or Manager approves, and nobody approves themselves.
# custom: {clause: ES-6, reason: approver_not_authorized}
why("approver_not_authorized", found) if {
	found.approved != []
	possibly_authorised(found) == []
}

# METADATA
# title: Approval missing
# description: Nobody has approved.
# custom: {clause: ES-6, reason: approval_missing}
why("approval_missing", found) if found.approved == []

_unverified_stands(found) if {
	some entry in jobs_to_approve(found)
	some record in unverified(found)
	reaches(record, entry.job, entry.from, found)
	not taken_away(record, entry.job, found.denials)
}

_was_approved(found) if {
	some entry in jobs_to_approve(found)
	some record in possibly_authorised(found)
	reaches(record, entry.job, entry.from, found)
}

# ── Change of role or location, departure and return ─────────────────────────────────────────────────────

# METADATA
# title: Employed
# description: Some period of employment holds the day, its first and last day included. Leave is not departure.
# custom: {clause: ES-10}
met("employment", found) if found.employed.from

_employed(day, employment) := {"start": start, "from": from} if {
	start := max([period.start | some period in employment; not dates.ended_before(day, period)])
	from := dates.run_start(start, employment, data.requirements.between_employments_days)
} else := null

# METADATA
# title: Not employed
# description: No period of employment holds the day.
# custom: {clause: ES-10, reason: not_employed}
why("not_employed", found) if found.employed == null

# METADATA
# title: An approval reaches a job
# description: It names the job, and it was given since the job is held.
# custom: {clause: ES-9}
reaches(record, job, from, _) if {
	approval.names(record, job)
	record.decided_on >= from
}

# METADATA
# title: A job from before the rule
# description: It names the job, whenever it was given, where the job is held since before Summer 2023.
# custom: {clause: ES-9}
reaches(record, job, from, _) if {
	approval.names(record, job)
	from < data.requirements.job_change_rule_from
}

# METADATA
# title: An approval in advance
# description: By role and location, shortly before the job began, and after the last day of every earlier employment.
# custom: {clause: ES-9}
reaches(record, job, from, found) if {
	record.role == job.role
	record.location == job.location
	record.decided_on >= dates.add_days(from, 0 - data.requirements.approval_lead_days)
	not _departed_since(record.decided_on, found)
}

_departed_since(day, found) if {
	some period in found.employment
	period.start < found.employed.from
	not dates.ended_before(day, period)
}

# ── Recertification ──────────────────────────────────────────────────────────────────────────────────────

# METADATA
# title: Removal dates
# description: >-
#   The end of June of every other year, when access is removed for all users; as far ahead as a completion by the
#   day can reach.
# custom: {clause: ES-12}
removals(day) := [removal |
	last := max([_first_removal_year, to_number(substring(day, 0, 4)) + data.requirements.validity.every_school_years])
	some year in numbers.range_step(_first_removal_year, last, data.requirements.validity.every_school_years)
	removal := sprintf("%d%s", [year, substring(data.requirements.validity.first_removal, 4, -1)])
]

_first_removal_year := to_number(substring(data.requirements.validity.first_removal, 0, 4))

# METADATA
# title: Recertification opens
# description: In the spring of the year of the removal; a completion from that day on carries access over it.
# custom: {clause: ES-13}
opening(removal) := concat("-", [substring(removal, 0, 4), data.requirements.validity.recertification_opens])

# METADATA
# title: Valid through
# description: The last valid day of a completion, two school years at a time; the first removal that opens after it.
# custom: {clause: ES-11}
valid_through(day, completed_on) := [removal | some removal in removals(day); opening(removal) > completed_on][0]

# METADATA
# title: Validity
# description: >-
#   How long the latest completion that counts is valid; null when none counts. It alone decides, so that access once
#   lost is regained by completing again.
# custom: {clause: ES-15}
validity(day, counting) := expiry if {
	expiry := _expiry(day, valid_through(day, max(counting)))
} else := null

_expiry(day, last) := {"valid_through": last, "recertification_opens": opens, "state": state} if {
	opens := opening(last)
	state := _state(day, opens, last)
}

_state(day, opens, last) := "expired" if {
	last < day
} else := "recertify" if {
	opens <= day
} else := "valid"

# METADATA
# title: Removed until recertified
# description: A removal has ended the latest completion that counts; access returns once it is completed again.
# custom: {clause: ES-12, reason: certification_expired}
why("certification_expired", found) if found.expiry.state == "expired"
