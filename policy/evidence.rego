package access

import data.lib.dates
import data.lib.settings

# METADATA
# title: Evidence that has gone
# description: >-
#   The parts of `access.basis`, on which access rested, that the facts no longer show; none where access is not held or
#   no basis is known.
gone(found) := {part |
	basis := found.access.basis
	found.access.held
	some part, _ in explained_by
	not _shown(part, basis, found)
}

# METADATA
# title: Reasons explained
# description: The reasons that may come from nothing but a part of the evidence having gone.
explained_by := {
	"walk_in": {"walk_in_certification_missing", "certification_out_of_order"},
	"elementary": {"elementary_certification_missing", "certification_out_of_order", "certification_expired"},
	"approval": {"approval_missing", "approver_not_authorized", "approval_not_for_current_job"},
	"job": {"role_not_eligible", "approval_not_for_current_job"},
	"employment": {"not_employed"},
}

# METADATA
# title: Reasons that nobody can be sure of
# description: What they rest on is unknown, so they alone take nothing away.
unsure := {"unknown_location", "approver_unverified"}

# METADATA
# title: Needs consent
# description: >-
#   A removal rests on what the facts say, never on what they no longer say. Where each of its reasons is unsure or
#   explained by evidence that has gone, a person settles it.
needs_consent(action, codes, found) if {
	action == "revoke"
	(codes - unsure) - {code | some part in gone(found); some code in explained_by[part]} == set()
} else := false

# A part of the basis is shown by a record that says the same, or by a later one that says otherwise.
_shown("walk_in", basis, found) if basis.walk_in in found.walk_in
_shown("elementary", basis, found) if basis.elementary in found.elementary

_shown("approval", basis, found) if {
	some record in array.concat(found.authorised, found.denials)
	record.approver == basis.approval.approver
	record.decided_on == basis.approval.decided_on
}

_shown("job", basis, found) if {
	some job in found.assignments
	job.role == basis.role
	job.location == basis.location
}

_shown("job", basis, found) if {
	some job in found.assignments
	job.start > basis.job_start
	not dates.ended_before(found.as_of, job)
}

_shown("employment", basis, found) if {
	some period in found.employment
	period.start == basis.employment_start
}

_shown("employment", basis, found) if {
	some period in found.employment
	period.end >= basis.employment_start
	dates.ended_before(found.as_of, period)
}

# METADATA
# title: Evidence
# description: >-
#   Of `input.employees` on `input.as_of`, by employee id, what has gone of the evidence on which access rested,
#   `{part, message}` each. People who lost no evidence are left out. A person reads this before giving a consent.
#   `input.sources` may say which sources give each list of facts, and the messages name them then.
# entrypoint: true
evidence := {employee.id: parts |
	settings.sound
	some employee in _identified
	_judgeable(_asked.as_of, employee)
	found := findings(_asked.as_of, employee)
	parts := [{"part": part, "message": _gone_in_words(part, found.access.basis, found, where)} |
		some part in sort(gone(found))
		where := _sources_in_words(object.get(_asked, ["sources", _given_by[part]], []))
	]
	parts != []
}

# The list of facts that each part of the basis comes from.
_given_by := {
	"walk_in": "certifications",
	"elementary": "certifications",
	"approval": "approvals",
	"job": "assignments",
	"employment": "employment",
}

_sources_in_words(names) := concat(" or ", [sprintf("`%s`", [name]) | some name in names]) if count(names) > 0

_sources_in_words([]) := "the facts"

_gone_in_words("walk_in", basis, _, where) := _rested_on(
	sprintf("%s completion of %s", [data.requirements.certifications.prerequisite, basis.walk_in]),
	where,
)

_gone_in_words("elementary", basis, _, where) := _rested_on(
	sprintf("%s completion of %s", [data.requirements.certifications.required, basis.elementary]),
	where,
)

_gone_in_words("approval", basis, found, where) := sprintf("the approver of %s, on whose approval access rested, is no longer shown as %s on that day: %s", [
	basis.approval.decided_on,
	concat(" or ", data.requirements.approver_roles),
	_records_in_words(found, records),
]) if {
	records := [record |
		some record in found.approved
		record.approver == basis.approval.approver
		record.decided_on == basis.approval.decided_on
	]
	records != []
} else := _rested_on(sprintf("approval of %s", [basis.approval.decided_on]), where)

_gone_in_words("job", basis, _, where) := _rested_on(
	sprintf("job %s at %s since %s", [basis.role, basis.location, basis.job_start]),
	where,
)

_gone_in_words("employment", basis, _, where) := _rested_on(sprintf("employment since %s", [basis.employment_start]), where)

_rested_on(what, where) := sprintf("the %s, on which access rested, is no longer in %s", [what, where])
