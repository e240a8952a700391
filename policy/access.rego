# METADATA
# scope: package
# title: Infinite Campus Elementary Scheduling
# description: >-
#   The posted access requirements, in the order of the page. `findings` is what the facts of one employee show on one
#   day; a requirement that they do not meet is `lacking`. Each rule names the clause that it serves. Dates are days in
#   the district's zone, and what is dated after the day is not yet true. Values stand in `data.requirements`, the
#   working parts in `lib/`.
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
import data.lib.reasons
import data.lib.runs

# METADATA
# title: What the access gives
# description: What a user with this access can do in Infinite Campus.
# custom:
#   clause: ES-1
gives := "view, create and modify course sections, and fully schedule students with the Walk-in Scheduler"

# ── Access Requirements: role and workplace ──────────────────────────────────────────────────────────────

# METADATA
# title: Jobs
# description: >-
#   The periods of employment and the jobs that have begun by the day, since when the person is employed without a
#   break (null when not employed), the jobs held, in a summer the ones held last, and which of them are eligible.
# custom:
#   clause: ES-9
jobs(day, employee) := {
	"employment": employment,
	"employed_from": _employed_from(day, employment),
	"assignments": assignments,
	"current_jobs": current_jobs,
	"eligible_jobs": [job | some job in current_jobs; eligible(job)],
} if {
	employment := [period | some period in employee.employment; period.start <= day]
	assignments := [job | some job in employee.assignments; job.start <= day]
	current_jobs := assignment.current(day, assignments)
}

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
# title: Role not eligible
# description: No current job has a listed role or is at a school.
# custom:
#   clause: ES-2
#   reason: role_not_eligible
lacking("role_not_eligible", found) if {
	found.eligible_jobs == []
	not _works_somewhere_unknown(found.current_jobs)
}

# METADATA
# title: Unknown location
# description: No current job is eligible, and of one nobody can say whether it is at a school.
# custom:
#   clause: ES-3
#   reason: unknown_location
lacking("unknown_location", found) if {
	found.eligible_jobs == []
	_works_somewhere_unknown(found.current_jobs)
}

_works_somewhere_unknown(current_jobs) if {
	some job in current_jobs
	assignment.unknown_location(job)
}

# ── Access Requirements: certifications ──────────────────────────────────────────────────────────────────

# METADATA
# title: Certifications
# description: The days of the completions, which of the Elementary ones count, and how long the latest is good for.
# custom:
#   clause: ES-5
certifications(day, employee) := {
	"walk_in_completions": walk_in_completions,
	"elementary_completions": elementary_completions,
	"counting_completions": counting_completions,
	"expiry": validity(day, counting_completions),
} if {
	walk_in_completions := [completion.completed_on |
		some completion in employee.certifications
		completion.name == data.requirements.certifications.prerequisite
		completion.completed_on <= day
	]
	elementary_completions := [completion.completed_on |
		some completion in employee.certifications
		completion.name == data.requirements.certifications.required
		completion.completed_on <= day
	]
	counting_completions := [done | some done in elementary_completions; done >= min(walk_in_completions)]
}

# METADATA
# title: Elementary Scheduling Certification
# description: It must be completed in Learning Space.
# custom:
#   clause: ES-4
#   reason: elementary_certification_missing
lacking("elementary_certification_missing", found) if found.elementary_completions == []

# METADATA
# title: Walk-In Scheduling Certification
# description: It is the prerequisite of the Elementary one, and must be completed too.
# custom:
#   clause: ES-5
#   reason: walk_in_certification_missing
lacking("walk_in_certification_missing", found) if found.walk_in_completions == []

# METADATA
# title: Walk-In first
# description: An Elementary completion counts when it is on or after the first Walk-In completion.
# custom:
#   clause: ES-5
#   reason: certification_out_of_order
lacking("certification_out_of_order", found) if {
	found.counting_completions == []
	found.elementary_completions != []
	found.walk_in_completions != []
}

# ── Access Requirements: Principal or Manager approval ───────────────────────────────────────────────────

# METADATA
# title: Approvals
# description: >-
#   Those given by the day; those by a Principal or Manager who is somebody else; and for each job that needs approval
#   (an eligible one, or any when none is) the day `from` which it is held in this employment and its approvals:
#   `timely`, those by somebody who may and in time, and `standing`, those of them that nobody has taken away since.
# custom:
#   clause: ES-6
approvals(day, employee) := {
	"approvals": given,
	"denials": denials,
	"authorised_approvals": authorised_approvals,
	"approvals_by_job": approvals_by_job,
	"approved_jobs": [entry | some entry in approvals_by_job; entry.standing != []],
} if {
	held := jobs(day, employee)
	given := [record | some record in employee.approvals; record.decided_on <= day]
	denials := [record | some record in given; record.decision != "approved"]
	authorised_approvals := [record |
		some record in given
		record.decision == "approved"
		record.approver_role in data.requirements.approver_roles
		record.approver != employee.id
	]
	approvals_by_job := [{"job": job, "from": from, "timely": timely, "standing": standing} |
		held.employed_from != null
		some job in _jobs_to_approve(held.eligible_jobs, held.current_jobs)
		from := max([assignment.held_from(job, held.assignments), held.employed_from])
		timely := [record |
			some record in authorised_approvals
			approval.names(record, job)
			_in_time(from, record, held)
		]
		standing := [record | some record in timely; not _taken_away(record, job, denials)]
	]
}

_jobs_to_approve(eligible_jobs, current_jobs) := eligible_jobs if {
	eligible_jobs != []
} else := current_jobs

# An approval reaches a job held since `from` when it was given on that day or later, when the job began before the
# rule did, or when it was given in advance and after the last day of every earlier employment.
_in_time(from, record, _) if record.decided_on >= from

_in_time(from, _, _) if from < data.requirements.job_change_rule_from

_in_time(from, record, held) if {
	approval.in_advance(record, from, _departed_on(held.employment, held.employed_from))
}

# A denial or withdrawal that names the same job, on the same day or later, whoever made it.
_taken_away(record, job, denials) if {
	some denial in denials
	denial.decided_on >= record.decided_on
	approval.names(denial, job)
}

# METADATA
# title: Approval withdrawn
# description: There was one for a current job, and none of them stands.
# custom:
#   clause: ES-6
#   reason: approval_withdrawn
lacking("approval_withdrawn", found) if {
	found.approved_jobs == []
	_was_approved(found)
}

# METADATA
# title: Approval not for the current job
# description: After a change of role or location, and after a return, approval is needed anew.
# custom:
#   clause: ES-9
#   reason: approval_not_for_current_job
lacking("approval_not_for_current_job", found) if {
	found.approved_jobs == []
	found.authorised_approvals != []
	not _was_approved(found)
}

# METADATA
# title: Approver not authorised
# description: Only a Principal or Manager approves, and nobody approves themselves.
# custom:
#   clause: ES-6
#   reason: approver_not_authorized
lacking("approver_not_authorized", found) if {
	found.authorised_approvals == []
	_approved_by_somebody(found)
}

# METADATA
# title: Approval missing
# description: Nobody has approved.
# custom:
#   clause: ES-6
#   reason: approval_missing
lacking("approval_missing", found) if {
	found.authorised_approvals == []
	not _approved_by_somebody(found)
}

_was_approved(found) if {
	some entry in found.approvals_by_job
	entry.timely != []
}

_approved_by_somebody(found) if {
	some record in found.approvals
	record.decision == "approved"
}

# ── Departure and return ─────────────────────────────────────────────────────────────────────────────────

# The first day of this employment, a weekend between two records being no departure; null when not employed.
_employed_from(day, employment) := runs.start_of(employment, last, data.requirements.between_employments_days) if {
	last := max([period.start | some period in employment; not dates.ended_before(day, period)])
} else := null

# The last day of every earlier employment; an empty string where there is none.
_departed_on(employment, employed_from) := last if {
	last := max([dates.last_day(period) | some period in employment; period.start < employed_from])
} else := ""

# METADATA
# title: Findings
# description: All that the rules rest on, put together.
findings(day, employee) := object.union_n([
	{"employee_id": employee.id, "as_of": day},
	jobs(day, employee),
	certifications(day, employee),
	approvals(day, employee),
])

# METADATA
# title: Unmet
# description: >-
#   The codes of the requirements that are not met: none for somebody in an eligible job, certified in order and not
#   expired, and approved. Whoever is not employed lacks everything else too, so this is the only reason given. The
#   first and the last day of a period of employment are included, and leave is not departure.
# custom:
#   clause: ES-10
#   reason: not_employed
unmet(day, employee) := set() if {
	jobs(day, employee).eligible_jobs != []
	certifications(day, employee).expiry.state != "expired"
	approvals(day, employee).approved_jobs != []
} else := {"not_employed"} if {
	jobs(day, employee).employed_from == null
} else := {code |
	found := findings(day, employee)
	some code in reasons.of_requirements
	lacking(code, found)
}

# ── Recertification ──────────────────────────────────────────────────────────────────────────────────────

# METADATA
# title: Validity
# description: >-
#   How long the latest completion that counts is good for, which is two school years at a time; null when none
#   counts. It alone sets the validity, so that access once lost is regained by completing again.
# custom:
#   clauses: [ES-11, ES-15]
validity(day, counting_completions) := {"valid_through": last, "recertification_opens": opens, "state": state} if {
	last := certification.valid_through(max(counting_completions))
	opens := certification.opening(last)
	state := _validity_state(day, opens, last)
} else := null

_validity_state(day, opens, valid_through) := "expired" if {
	valid_through < day
} else := "recertify" if {
	opens <= day
} else := "valid"

# METADATA
# title: Removed until recertified
# description: Access is removed for all users at the end of every other school year, and regained on completion.
# custom:
#   clause: ES-12
#   reason: certification_expired
lacking("certification_expired", found) if found.expiry.state == "expired"

# METADATA
# title: Outcome
# description: >-
#   Allowed when every requirement is met; expired when all that is left is to recertify, which is only for those
#   who still meet everything else.
# custom:
#   clause: ES-14
outcome(unmet_codes) := "allow" if {
	unmet_codes == set()
} else := "expired" if {
	unmet_codes == {"certification_expired"}
} else := "deny"
