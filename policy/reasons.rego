package access

import data.lib.approval
import data.lib.assignment

# What fills in the words of a reason. One whose words cannot be put together is given all the same. Approvers stand in
# it by role, never by id.
default _words(_, _) := {}

_words("role_not_eligible", found) := {
	"{as_of}": found.as_of,
	"{roles}": concat(", ", data.requirements.roles),
	"{jobs}": _current_jobs_in_words(found),
	"{correction}": _correction(found),
}

_words("unknown_location", found) := {"{jobs}": _jobs_in_words(found, [job |
	some job in found.current_jobs
	not data.locations[job.location].type
])}

_words("elementary_certification_missing", found) := object.union(_certifications, {"{as_of}": found.as_of})
_words("walk_in_certification_missing", found) := object.union(_certifications, {"{as_of}": found.as_of})
_words("certification_out_of_order", found) := object.union(
	_certifications,
	{"{elementary}": max(found.elementary), "{walk_in}": min(found.walk_in)},
)

_words("certification_expired", found) := object.union(
	_certifications,
	{"{elementary}": max(found.counting), "{valid_through}": found.expiry.valid_through},
)

_words("approval_missing", found) := {"{as_of}": found.as_of, "{approvers}": _approvers}
_words("approver_not_authorized", found) := {
	"{approvals}": _records_in_words(found, found.approved),
	"{approvers}": _approvers,
}

_words("approver_unverified", found) := {
	"{approvals}": _records_in_words(found, unverified(found)),
	"{approvers}": _approvers,
}

_words("approval_withdrawn", found) := {
	"{withdrawals}": _records_in_words(found, _withdrawals(found)),
	"{approvers}": _approvers,
}

_words("approval_not_for_current_job", found) := {
	"{approvals}": _records_in_words(found, possibly_authorised(found)),
	"{jobs}": _current_jobs_in_words(found),
	"{approvers}": _approvers,
	"{job}": _job_to_approve(found),
}

_words("not_employed", found) := {"{as_of}": found.as_of, "{employment}": _employment_in_words(found)}

_certifications := {
	"{prerequisite}": data.requirements.certifications.prerequisite,
	"{required}": data.requirements.certifications.required,
}

_approvers := concat(" or ", data.requirements.approver_roles)

_jobs_in_words(found, jobs) := concat(", ", sort({sprintf("%s at %s since %s", [job.role, job.location, from]) |
	some job in jobs
	from := max([assignment.held_from(job, found.assignments), found.employed.from])
}))

_current_jobs_in_words(found) := _jobs_in_words(found, found.current_jobs) if {
	found.current_jobs != []
} else := sprintf("the last job ended on %s (%s)", [last, concat(", ", sort(ended))]) if {
	last := max([job.end | some job in found.assignments])
	ended := {sprintf("%s at %s", [job.role, job.location]) | some job in found.assignments; job.end == last}
} else := "no job on record"

_correction(found) := "If the job goes on, ask HR to correct its record. For a new job, all posted requirements must be met." if {
	found.current_jobs == []
	found.assignments != []
} else := "If the record of the job is wrong, ask HR to correct it."

_job_to_approve(found) := "your next job, once you hold it" if {
	found.current_jobs == []
} else := "the job you hold now"

_records_in_words(found, records) := concat(", ", [text |
	some [_, text] in sort({[record.decided_on, text] |
		some record in records
		text := sprintf("%s %s (%s)%s", [record.decision, record.decided_on, _by_whom(found, record), _for_what(record)])
	})
])

_by_whom(found, record) := "by the employee" if {
	record.approver == found.employee_id
} else := concat(", ", roles) if {
	roles := sort(approval.roles(record))
	roles != []
} else := "no role known on that day"

_withdrawals(found) := [denial |
	some entry in jobs_to_approve(found)
	some record in possibly_authorised(found)
	reaches(record, entry.job, entry.from, found)
	some denial in found.denials
	taken_away(record, entry.job, [denial])
]

_for_what(record) := sprintf(" for %s", [concat(" at ", named)]) if {
	named := [name | some key in ["role", "location"]; name := record[key]]
	named != []
} else := ""

_employment_in_words(found) := sprintf("the last day employed was %s", [last]) if {
	last := max([period.end | some period in found.employment])
} else := "no employment had begun"
