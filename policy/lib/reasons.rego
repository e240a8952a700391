# METADATA
# title: Reasons
# description: >-
#   One table of every reason: the clause it serves, what is wrong, and what to do about it. Words in braces are
#   filled in with the facts that show it.
package lib.reasons

# METADATA
# description: >-
#   The reasons for codes in the order of clause and code, filled in with the facts by code, which are an object of
#   texts by the word in braces.
in_words(facts) := [reason(code, facts[code]) |
	some [_, code] in sort({[_rank(code), code] | some code, _ in facts})
]

# METADATA
# description: The reason for a code, its message and remedy filled in with `facts`.
reason(code, facts) := {
	"code": code,
	"clause": entry.clause,
	"message": strings.replace_n(facts, entry.message),
	"remedy": strings.replace_n(object.union({"{contact}": contact}, facts), entry.remedy),
} if {
	entry := table[code]
}

# METADATA
# description: Whom to ask, from the policy data.
contact := sprintf("%s (%s)", [_contact_name, concat("; ", _contact_details)]) if {
	_contact_details != []
} else := _contact_name

default _contact_name := "the Department of Technology Services (DoTS)"

_contact_name := name if {
	name := data.requirements.contact.name
	is_string(name)
}

_contact_details := [detail |
	some key in ["phone", "hours", "self_service"]
	detail := data.requirements.contact[key]
	is_string(detail)
]

_rank(code) := to_number(trim_prefix(table[code].clause, "ES-"))

# METADATA
# description: Every reason that a decision can carry, by code.
table := {
	"role_not_eligible": {
		"clause": "ES-2",
		"message": "On {as_of} no current job is in a listed role ({roles}) or at a school: {jobs}.",
		"remedy": "{correction} Questions about this access: {contact}.",
	},
	"unknown_location": {
		"clause": "ES-3",
		"message": "Nobody can say whether the job is at a school, since its location is in no list: {jobs}.",
		"remedy": "Ask {contact} to add the location to the list of locations, or HR to correct the assignment.",
	},
	"elementary_certification_missing": {
		"clause": "ES-4",
		"message": "No completion of {required} by {as_of} is on record.",
		"remedy": "Complete {required} in Learning Space; it opens once {prerequisite} is completed. For help, ask {contact}.",
	},
	"walk_in_certification_missing": {
		"clause": "ES-5",
		"message": "No completion of {prerequisite} by {as_of} is on record.",
		"remedy": "Complete {prerequisite} in Learning Space first, then {required}. For help, ask {contact}.",
	},
	"certification_out_of_order": {
		"clause": "ES-5",
		"message": "{required} was completed {elementary}, before {prerequisite} on {walk_in}.",
		"remedy": "Complete {required} again in Learning Space, now that {prerequisite} is completed. For help, ask {contact}.",
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
	"approver_unverified": {
		"clause": "ES-6",
		"message": "Nobody can say whether the approver was a {approvers} on the day of the approval: {approvals}.",
		"remedy": "Ask HR for the approver's jobs on that day, or your {approvers} to approve this access now.",
	},
	"approval_withdrawn": {
		"clause": "ES-6",
		"message": "The approval was taken away: {withdrawals}.",
		"remedy": "Ask your {approvers} whether access is to be approved again.",
	},
	"approval_not_for_current_job": {
		"clause": "ES-9",
		"message": "The approval on record is not for the current job: {approvals}; {jobs}.",
		"remedy": "Ask your {approvers} to approve this access for {job}.",
	},
	"not_employed": {
		"clause": "ES-10",
		"message": "Not employed on {as_of}: {employment}.",
		"remedy": "If the record of employment is wrong, ask HR to correct it. After a return, all posted requirements must be met.",
	},
	"certification_expired": {
		"clause": "ES-12",
		"message": "{required}, last completed {elementary}, was valid through {valid_through}.",
		"remedy": "Complete {required} again in Learning Space; access returns once it is completed. For help, ask {contact}.",
	},
	"facts_missing": {
		"clause": null,
		"message": "Undecided, since nobody looked up: {lists}.",
		"remedy": "Supply the missing facts; where there are none, say so with an empty list.",
	},
	"no_decision": {
		"clause": null,
		"message": "Undecided, since the policy gives no reason for a requirement that is not met.",
		"remedy": "Tell the authors of the policy; it is a mistake in its rules.",
	},
	"invalid_record": {
		"clause": null,
		"message": "Undecided, since the record cannot be read: {problem}.",
		"remedy": "Correct the record where it comes from.",
	},
}
