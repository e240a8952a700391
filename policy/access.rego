# METADATA
# scope: package
# title: Infinite Campus Elementary Scheduling
# description: >-
#   The posted access requirements: first what follows from them, then each of them in the order of the page. Rules
#   name the clause that they serve. Dates are days in the district's zone, and what is dated after the day that is
#   decided is not yet true. Values stand in `data.requirements`, working parts in `lib/`.
#
#   Asked by clients: `decision`, `decisions`, `verdicts`, `allow`, `deny`, `expiry`, `explanation`, `evidence` and
#   `due_after`, all in questions.rego but for `explanation` and `evidence`, which have files of their own.
# schemas:
#   - input: schema.input
#   - data.requirements: schema.requirements
#   - data.locations: schema.locations
#   - data.calendar: schema.calendar
package access

import data.lib.approval
import data.lib.assignment
import data.lib.dates
import data.lib.runs

# METADATA
# title: What the access gives
# description: What a user with this access can do in Infinite Campus.
# custom:
#   clause: ES-1
gives := "view, create and modify course sections, and fully schedule students with the Walk-in Scheduler"

# ── Outcome ──────────────────────────────────────────────────────────────────────────────────────────────

# METADATA
# title: Outcome
# description: >-
#   Allowed when every requirement is met; expired when all that is left is to recertify, which is only for those
#   who still meet everything else.
# custom:
#   clause: ES-14
outcome(codes) := "allow" if {
	codes == set()
} else := "expired" if {
	codes == {"certification_expired"}
} else := "deny"

# METADATA
# title: Requirements
# description: >-
#   What the page asks, each stated once below as `met`, with the reasons that can be given where one is not met.
#   A requirement restricts, a reason only explains. One that is not met without a reason leaves no decision.
requirements := {
	"employment": {"not_employed"},
	"role": {"role_not_eligible", "unknown_location"},
	"certification": {
		"walk_in_certification_missing",
		"elementary_certification_missing",
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
}

# METADATA
# title: Reasons
# description: >-
#   The codes of the reasons why access is not allowed; none where every requirement is met. Somebody who is not
#   employed lacks everything else too, so that is the only reason given.
reason_codes(found) := set() if {
	every requirement, _ in requirements { met(requirement, found) }
} else := codes if {
	unmet := _unmet(found)
	codes := {code | some requirement in unmet; some code in requirements[requirement]; why(code, found)}
	every requirement in unmet { requirements[requirement] & codes != set() }
}

_unmet(found) := {"employment"} if {
	not met("employment", found)
} else := {requirement | some requirement, _ in requirements; not met(requirement, found)}

# METADATA
# title: Findings
# description: >-
#   What the facts of one employee show on one day; everything below rests on this alone.
#   `employee_id`, `as_of`, and `access` as the target shows it.
#   `employment`: the periods begun by the day; `employment_start` and `employed_from`: the start of the latest one
#   that holds the day, and of its run (null when not employed).
#   `assignments`: those begun by the day; `current_jobs`, and of them the `eligible_jobs`.
#   `walk_in`, `elementary`: the days of the completions; `counting`: the Elementary ones that count; `expiry`: how
#   long the latest of these is valid (null when there is none).
#   `approved`, `denials`: the approvals, and the denials and withdrawals, decided by the day; `authorised`: those of
#   `approved` by somebody who may approve.
#   `jobs_to_approve`: for each job that needs approval `job`, `job_start` (the start of its run), `from` (since when it
#   is held in this employment), and `standing`, the approvals that reach it and that nobody has taken away.
findings(day, employee) := object.union_n([
	{"employee_id": employee.id, "as_of": day, "access": object.get(employee, "access", {"held": false})},
	jobs(day, employee),
	certifications(day, employee),
	approvals(day, employee),
])

# ── Access Requirements: role and workplace ──────────────────────────────────────────────────────────────

# METADATA
# title: An eligible job
# description: Some current job has a listed role or is at a school.
# custom:
#   clauses: [ES-2, ES-3]
met("role", found) if found.eligible_jobs != []

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
# title: Unknown location
# description: Of some current job nobody can say whether it is at a school.
# custom:
#   clause: ES-3
#   reason: unknown_location
why("unknown_location", found) if _works_somewhere_unknown(found.current_jobs)

# METADATA
# title: Role not eligible
# description: No current job has a listed role or is at a school.
# custom:
#   clause: ES-2
#   reason: role_not_eligible
why("role_not_eligible", found) if not _works_somewhere_unknown(found.current_jobs)

_works_somewhere_unknown(current_jobs) if {
	some job in current_jobs
	assignment.unknown_location(job)
}

# ── Access Requirements: certifications ──────────────────────────────────────────────────────────────────

# METADATA
# title: A certification that counts and is valid
# description: >-
#   Elementary Scheduling was completed on or after Walk-In Scheduling, and no removal has ended it since.
# custom:
#   clauses: [ES-4, ES-5, ES-12]
met("certification", found) if found.expiry.state != "expired"

# METADATA
# title: Certifications
# description: Walk-In Scheduling comes first. An Elementary completion counts from its first completion on.
# custom:
#   clause: ES-5
certifications(day, employee) := {
	"walk_in": walk_in,
	"elementary": elementary,
	"counting": counting,
	"expiry": validity(day, counting),
} if {
	names := data.requirements.certifications
	walk_in := [one.completed_on | some one in employee.certifications; one.name == names.prerequisite; one.completed_on <= day]
	elementary := [one.completed_on | some one in employee.certifications; one.name == names.required; one.completed_on <= day]
	counting := [completed_on | some completed_on in elementary; completed_on >= min(walk_in)]
}

# METADATA
# title: Elementary Scheduling Certification
# description: It must be completed in Learning Space.
# custom:
#   clause: ES-4
#   reason: elementary_certification_missing
why("elementary_certification_missing", found) if found.elementary == []

# METADATA
# title: Walk-In Scheduling Certification
# description: It is the prerequisite of the Elementary one, and must be completed too.
# custom:
#   clause: ES-5
#   reason: walk_in_certification_missing
why("walk_in_certification_missing", found) if found.walk_in == []

# METADATA
# title: Walk-In first
# description: Both were completed, and Elementary Scheduling only before Walk-In Scheduling.
# custom:
#   clause: ES-5
#   reason: certification_out_of_order
why("certification_out_of_order", found) if {
	found.counting == []
	found.elementary != []
	found.walk_in != []
}

# ── Access Requirements: Principal or Manager approval ───────────────────────────────────────────────────

# METADATA
# title: A Principal or Manager has approved
# description: For some job that needs approval there is one that stands.
# custom:
#   clauses: [ES-6, ES-9]
met("approval", found) if {
	some entry in found.jobs_to_approve
	entry.standing != []
}

# METADATA
# title: Approvals
# description: >-
#   Those by a Principal or Manager who is somebody else, and those that reach a job that needs approval, which is an
#   eligible one, or any where none is eligible.
# custom:
#   clause: ES-6
approvals(day, employee) := {
	"approved": approved,
	"denials": denials,
	"authorised": authorised,
	"jobs_to_approve": [entry |
		held.employed_from != null
		some job in _jobs_to_approve(held.eligible_jobs, held.current_jobs)
		job_start := assignment.held_from(job, held.assignments)
		from := max([job_start, held.employed_from])
		standing := [record | some record in authorised; stands(record, job, from, denials, held)]
		entry := {"job": job, "job_start": job_start, "from": from, "standing": standing}
	],
} if {
	held := jobs(day, employee)
	approved := [record | some record in employee.approvals; record.decision == "approved"; record.decided_on <= day]
	denials := [record | some record in employee.approvals; record.decision != "approved"; record.decided_on <= day]
	authorised := [record | some record in approved; approval.authorised(record, employee.id)]
}

_jobs_to_approve(eligible_jobs, current_jobs) := eligible_jobs if {
	eligible_jobs != []
} else := current_jobs

# METADATA
# title: Unverified approvals
# description: Those by somebody else of whom nobody can say whether they may approve.
# custom:
#   clause: ES-6
unverified(found) := [record | some record in found.approved; approval.unverified(record, found.employee_id)]

# METADATA
# title: Possibly authorised approvals
# description: Those by somebody who may approve, and those of which nobody can say.
# custom:
#   clause: ES-6
possibly_authorised(found) := array.concat(found.authorised, unverified(found))

# METADATA
# title: An approval stands
# description: >-
#   It reaches the job, and no denial or withdrawal that names the same job was decided on the same day or later,
#   whoever made it.
# custom:
#   clause: ES-6
stands(record, job, from, denials, held) if {
	reaches(record, job, from, held)
	not _taken_away(record, job, denials)
}

_taken_away(record, job, denials) if {
	some denial in denials
	denial.decided_on >= record.decided_on
	approval.names(denial, job)
}

# METADATA
# title: Approver unverified
# description: There is an approval that would do, and nobody can say whether its approver may approve.
# custom:
#   clause: ES-6
#   reason: approver_unverified
why("approver_unverified", found) if _unverified_stands(found)

# METADATA
# title: Approval withdrawn
# description: There was one for a current job, and none of them stands.
# custom:
#   clause: ES-6
#   reason: approval_withdrawn
why("approval_withdrawn", found) if {
	not _unverified_stands(found)
	_was_approved(found)
}

# METADATA
# title: Approval not for the current job
# description: After a change of role or location, and after a return, approval is needed anew.
# custom:
#   clause: ES-9
#   reason: approval_not_for_current_job
why("approval_not_for_current_job", found) if {
	possibly_authorised(found) != []
	not _was_approved(found)
}

# METADATA
# title: Approver not authorised
# description: Only a Principal or Manager approves, and nobody approves themselves.
# custom:
#   clause: ES-6
#   reason: approver_not_authorized
why("approver_not_authorized", found) if {
	found.approved != []
	possibly_authorised(found) == []
}

# METADATA
# title: Approval missing
# description: Nobody has approved.
# custom:
#   clause: ES-6
#   reason: approval_missing
why("approval_missing", found) if found.approved == []

_unverified_stands(found) if {
	some entry in found.jobs_to_approve
	some record in unverified(found)
	stands(record, entry.job, entry.from, found.denials, found)
}

_was_approved(found) if {
	some entry in found.jobs_to_approve
	some record in possibly_authorised(found)
	reaches(record, entry.job, entry.from, found)
}

# ── Change of role or location, departure and return ─────────────────────────────────────────────────────

# METADATA
# title: Employed
# description: Some period of employment holds the day, its first and last day included. Leave is not departure.
# custom:
#   clause: ES-10
met("employment", found) if found.employed_from != null

# METADATA
# title: Jobs
# description: >-
#   The jobs held on the day, in a summer also those that paused in it; and since when the person is employed without a
#   break, a few days between two records being none.
# custom:
#   clauses: [ES-9, ES-10]
jobs(day, employee) := {
	"employment": employment,
	"employment_start": employment_start,
	"employed_from": _employed_from(employment, employment_start),
	"assignments": assignments,
	"current_jobs": current_jobs,
	"eligible_jobs": [job | some job in current_jobs; eligible(job)],
} if {
	employment := [period | some period in employee.employment; period.start <= day]
	employment_start := _employment_start(day, employment)
	assignments := [job | some job in employee.assignments; job.start <= day]
	current_jobs := assignment.current(day, assignments)
}

_employment_start(day, employment) := last if {
	last := max([period.start | some period in employment; not dates.ended_before(day, period)])
} else := null

_employed_from(_, null) := null

_employed_from(employment, employment_start) := runs.start_of(
	employment, employment_start,
	data.requirements.between_employments_days,
) if {
	employment_start != null
}

# METADATA
# title: Not employed
# description: No period of employment holds the day.
# custom:
#   clause: ES-10
#   reason: not_employed
why("not_employed", found) if found.employed_from == null

# METADATA
# title: An approval reaches a job
# description: It names the job, and it was given since the job is held.
# custom:
#   clause: ES-9
reaches(record, job, from, _) if {
	approval.names(record, job)
	record.decided_on >= from
}

# METADATA
# title: A job from before the rule
# description: It names the job, whenever it was given, where the job is held since before Summer 2023.
# custom:
#   clause: ES-9
reaches(record, job, from, _) if {
	approval.names(record, job)
	from < data.requirements.job_change_rule_from
}

# METADATA
# title: An approval in advance
# description: By role and location, shortly before the job began, and after the last day of every earlier employment.
# custom:
#   clause: ES-9
reaches(record, job, from, held) if {
	record.role == job.role
	record.location == job.location
	record.decided_on >= dates.add_days(from, 0 - data.requirements.approval_lead_days)
	not _departed_since(record.decided_on, held)
}

_departed_since(day, held) if {
	some period in held.employment
	period.start < held.employed_from
	not dates.ended_before(day, period)
}

# ── Recertification ──────────────────────────────────────────────────────────────────────────────────────

# METADATA
# title: Removal dates
# description: >-
#   The end of June of every other year, when access is removed for all users; as far ahead as a completion by the
#   day can reach.
# custom:
#   clause: ES-12
removals(day) := [removal |
	last := max([_first_removal_year, to_number(substring(day, 0, 4)) + data.requirements.validity.every_school_years])
	some year in numbers.range_step(_first_removal_year, last, data.requirements.validity.every_school_years)
	removal := sprintf("%d%s", [year, substring(data.requirements.validity.first_removal, 4, -1)])
]

_first_removal_year := to_number(substring(data.requirements.validity.first_removal, 0, 4))

# METADATA
# title: Recertification opens
# description: In the spring of the year of the removal; a completion from that day on carries access over it.
# custom:
#   clause: ES-13
opening(removal) := concat("-", [substring(removal, 0, 4), data.requirements.validity.recertification_opens])

# METADATA
# title: Valid through
# description: The last valid day of a completion, two school years at a time; the first removal that opens after it.
# custom:
#   clause: ES-11
valid_through(day, completed_on) := [removal | some removal in removals(day); opening(removal) > completed_on][0]

# METADATA
# title: Validity
# description: >-
#   How long the latest completion that counts is valid; null when none counts. It alone decides, so that access once
#   lost is regained by completing again.
# custom:
#   clause: ES-15
validity(day, counting) := {"valid_through": last, "recertification_opens": opens, "state": state} if {
	last := valid_through(day, max(counting))
	opens := opening(last)
	state := _state(day, opens, last)
} else := null

_state(day, opens, last) := "expired" if {
	last < day
} else := "recertify" if {
	opens <= day
} else := "valid"

# METADATA
# title: Removed until recertified
# description: A removal has ended the latest completion that counts; access returns once it is completed again.
# custom:
#   clause: ES-12
#   reason: certification_expired
why("certification_expired", found) if found.expiry.state == "expired"
