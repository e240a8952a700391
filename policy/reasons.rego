package access

import data.lib.approval
import data.lib.assignment

# What fills in the words of a reason. One whose evidence cannot be put together is given all the same. Approvers
# stand in it by role, never by id.
default _evidence(_) := {}

_evidence("role_not_eligible") := {
	"{as_of}": input.as_of,
	"{roles}": concat(", ", data.requirements.roles),
	"{jobs}": _jobs_in_words(current_jobs),
}

_evidence("unknown_location") := {"{jobs}": _jobs_in_words([job |
	some job in current_jobs
	not data.locations[job.location].type
])}

_evidence("elementary_certification_missing") := object.union(_certifications, {"{as_of}": input.as_of})

_evidence("walk_in_certification_missing") := object.union(_certifications, {"{as_of}": input.as_of})

_evidence("certification_out_of_order") := object.union(
	_certifications,
	{"{elementary}": max(elementary_completions), "{walk_in}": walk_in_completed_on},
)

_evidence("certification_expired") := object.union(
	_certifications,
	{"{elementary}": latest_completion, "{valid_through}": expiry.valid_through},
)

_evidence("approval_missing") := {"{as_of}": input.as_of, "{approvers}": _approvers}

_evidence("approver_not_authorized") := {"{approvals}": _in_words(_approved_records), "{approvers}": _approvers}

_evidence("approval_withdrawn") := {"{withdrawals}": _in_words(_withdrawals), "{approvers}": _approvers}

_evidence("approval_not_for_current_job") := {
	"{approvals}": _in_words(authorised_approvals),
	"{jobs}": _jobs_in_words(current_jobs),
	"{approvers}": _approvers,
}

_evidence("not_employed") := {"{as_of}": input.as_of, "{employment}": _employment_in_words}

_certifications := {
	"{prerequisite}": data.requirements.certifications.prerequisite,
	"{required}": data.requirements.certifications.required,
}

_approvers := concat(" or ", data.requirements.approver_roles)

_jobs_in_words(jobs) := concat(", ", sort({sprintf("%s at %s since %s", [job.role, job.location, from]) |
	some job in jobs
	from := max([assignment.held_from(job, _assignments), employed_from])
})) if {
	jobs != []
} else := "no job on record"

_in_words(records) := concat(", ", [text |
	some [_, text] in sort({[record.decided_on, text] |
		some record in records
		text := sprintf("%s %s (%s)%s", [record.decision, record.decided_on, _by_whom(record), _for_what(record)])
	})
])

_by_whom(record) := "by the employee" if {
	record.approver == input.employee.id
} else := record.approver_role

_approved_records := [record | some record in _approvals; record.decision == "approved"]

_withdrawals := [record |
	some record in _denials
	some entry in approvals_by_job
	approval.names(record, entry.job)
]

_for_what(record) := sprintf(" for %s", [concat(" at ", named)]) if {
	named := [name | some key in ["role", "location"]; name := record[key]]
	named != []
} else := ""

_employment_in_words := sprintf("the last day employed was %s", [last]) if {
	last := max([period.end | some period in _employment])
} else := "no employment had begun"
