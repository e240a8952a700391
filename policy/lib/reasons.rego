# METADATA
# title: Reasons
# description: >-
#   One table of every reason: the clause it serves, what is wrong, and what to do about it. Words in braces are
#   filled in with the facts that show it.
package lib.reasons

# METADATA
# title: Reason
# description: The reason for a code, its message filled in with `facts`, an object of texts by name.
reason(code, facts) := {
	"code": code,
	"clause": entry.clause,
	"message": _filled(entry.message, facts),
	"remedy": _filled(entry.remedy, object.union({"contact": contact}, facts)),
} if {
	entry := table[code]
}

_filled(text, facts) := strings.replace_n({sprintf("{%s}", [name]): fact | some name, fact in facts}, text)

# METADATA
# title: Contact
# description: Whom to ask, from the policy data.
# custom:
#   clause: ES-8
contact := sprintf("%s (%s)", [name, details]) if {
	name := data.requirements.contact.name
	details := concat("; ", [detail | some key in ["phone", "hours", "self_service"]; detail := data.requirements.contact[key]])
} else := "the Department of Technology Services (DoTS)"

# METADATA
# title: Order of reasons
# description: The codes by clause number, then code.
order := [
	"role_not_eligible",
	"unknown_location",
	"elementary_certification_missing",
	"certification_out_of_order",
	"walk_in_certification_missing",
	"approval_missing",
	"approval_withdrawn",
	"approver_not_authorized",
	"approval_not_for_current_job",
	"not_employed",
	"certification_expired",
]

# METADATA
# title: Table of reasons
# description: Every reason that a decision can carry, by code.
table := {
	"role_not_eligible": {
		"clause": "ES-2",
		"message": "On {as_of} no current job is in a listed role ({roles}) or at a school: {jobs}.",
		"remedy": "If the job is listed wrongly, ask HR to correct it; otherwise this access is not for this job.",
	},
	"unknown_location": {
		"clause": "ES-3",
		"message": "Nobody can say whether the job is at a school, since its location is in no list: {jobs}.",
		"remedy": "Ask {contact} to add the location to the list of locations, or HR to correct the assignment.",
	},
	"elementary_certification_missing": {
		"clause": "ES-4",
		"message": "No completion of {required} by {as_of} is on record.",
		"remedy": "Complete {required} in Learning Space. It opens once {prerequisite} is completed.",
	},
	"walk_in_certification_missing": {
		"clause": "ES-5",
		"message": "No completion of {prerequisite} by {as_of} is on record.",
		"remedy": "Complete {prerequisite} in Learning Space first, then {required}.",
	},
	"certification_out_of_order": {
		"clause": "ES-5",
		"message": "{required} was completed {elementary}, before {prerequisite} on {walk_in}.",
		"remedy": "Complete {required} again in Learning Space, now that {prerequisite} is completed.",
	},
	"approval_missing": {
		"clause": "ES-6",
		"message": "No approval by {as_of} is on record.",
		"remedy": "Ask your {approvers} to approve this access.",
	},
	"approver_not_authorized": {
		"clause": "ES-6",
		"message": "Approved only by somebody who may not: {approvals}.",
		"remedy": "Ask your {approvers} to approve this access; nobody approves themselves.",
	},
	"approval_withdrawn": {
		"clause": "ES-6",
		"message": "The approval was taken away: {withdrawals}.",
		"remedy": "Ask your {approvers} whether access is to be approved again.",
	},
	"approval_not_for_current_job": {
		"clause": "ES-9",
		"message": "The approval on record is not for the current job: {approvals}; {jobs}.",
		"remedy": "Ask your {approvers} to approve this access for the job you hold now.",
	},
	"not_employed": {
		"clause": "ES-10",
		"message": "Not employed on {as_of}: {employment}.",
		"remedy": "After a return, all posted requirements must be met. If the record is wrong, ask HR to correct it.",
	},
	"certification_expired": {
		"clause": "ES-12",
		"message": "{required}, last completed {elementary}, was valid through {valid_through}.",
		"remedy": "Complete {required} again in Learning Space; access returns when it is completed.",
	},
	"facts_missing": {
		"clause": null,
		"message": "Undecided, since nobody looked up: {lists}.",
		"remedy": "Supply the missing facts; where there are none, say so with an empty list.",
	},
	"invalid_record": {
		"clause": null,
		"message": "Undecided, since the record cannot be read: {problem}.",
		"remedy": "Correct the record where it comes from.",
	},
}
