package access

import data.lib.assignment
import data.lib.reasons

# METADATA
# title: Explanation
# description: >-
#   For `input.employee` on `input.as_of`, clause by clause in the order of the page, `{clause, met, message,
#   facts}`. `met` is null where the clause does not bear on the person; `facts` are the records that show it.
# entrypoint: true
explanation := [_explained(clause) | some clause in _clauses] if {
	decision.outcome != "undecided"
} else := [{"clause": clause, "met": null, "message": message, "facts": []} |
	some clause in _clauses
	message := decision.reasons[0].message
]

_clauses := [sprintf("ES-%d", [n]) | some n in numbers.range(1, 15)]

_explained(clause) := {
	"clause": clause,
	"met": _met(clause),
	"message": _message(clause),
	"facts": _facts(clause),
}

# A clause that a reason names is not met; otherwise each says for itself whether it is, or does not bear.
_met(clause) := false if {
	clause in _clauses_named
} else := _met_otherwise(clause)

_found := findings(input.as_of, input.employee)

_codes := {reason.code | some reason in decision.reasons}

_clauses_named := {reason.clause | some reason in decision.reasons}

default _met_otherwise(_) := null

_met_otherwise("ES-2") if _listed_jobs != []

_met_otherwise("ES-2") := false if _nothing_eligible

_met_otherwise("ES-3") if _school_jobs != []

_met_otherwise("ES-3") := false if _nothing_eligible

_met_otherwise("ES-4") if {
	_found.employed.from
	_found.elementary != []
}

_met_otherwise("ES-5") if {
	_found.employed.from
	min(_found.walk_in)
}

_met_otherwise("ES-6") if {
	_found.employed.from
	_found.authorised != []
}

_met_otherwise("ES-7") if {
	decision.outcome == "allow"
	input.employee.access.held
}

_met_otherwise("ES-7") := false if decision.escalate
_met_otherwise("ES-8") := false if decision.escalate
_met_otherwise("ES-9") if approved_jobs(_found) != []
_met_otherwise("ES-10") if _found.employed.from
_met_otherwise("ES-11") if decision.expiry.state in {"valid", "recertify"}
_met_otherwise("ES-12") if decision.expiry.state in {"valid", "recertify"}
_met_otherwise("ES-13") if _carried_over
_met_otherwise("ES-14") if decision.outcome == "expired"

_met_otherwise("ES-14") := false if {
	decision.outcome == "deny"
	"certification_expired" in _codes
}

_met_otherwise("ES-15") := false if "certification_expired" in _codes
_met_otherwise("ES-15") if _regained

_nothing_eligible if {
	_found.employed.from
	_found.eligible_jobs == []
}

_listed_jobs := [job |
	_found.employed.from
	some job in _found.current_jobs
	job.role in data.requirements.roles
]

_school_jobs := [job | _found.employed.from; some job in _found.current_jobs; assignment.school_based(job)]

# The latest completion that counts fell into the opening before a removal that came, or is to come, first.
_carried_over if _next_removal(max(_found.counting)) < decision.expiry.valid_through

_next_removal(day) := min([removal | some removal in removals(input.as_of); removal >= day])

# Access had been lost at a removal, and a later completion brought it back.
_regained if {
	decision.expiry.state != "expired"
	some earlier in _found.counting
	lost := valid_through(input.as_of, earlier)
	later := min([day | some day in _found.counting; day > earlier])
	lost < later
}

# ── In words ─────────────────────────────────────────────────────────────────────────────────────────────

_message(clause) := concat(" ", messages) if {
	messages := [reason.message | some reason in decision.reasons; reason.clause == clause]
	messages != []
} else := _message_otherwise(clause)

default _message_otherwise(_) := "Does not bear on this person."

_message_otherwise("ES-1") := sprintf("The access is to %s.", [gives])

_message_otherwise("ES-2") := sprintf("In a listed role: %s.", [_jobs_in_words(_found, _listed_jobs)]) if {
	_listed_jobs != []
} else := "Not in a listed role, nor does it have to be: the job is at a school." if {
	_school_jobs != []
} else := "Not in a listed role." if {
	_found.employed.from
}

_message_otherwise("ES-3") := sprintf("School-based: %s.", [_jobs_in_words(_found, _school_jobs)]) if {
	_school_jobs != []
} else := "Not known to be at a school, nor does it have to be: the role is a listed one." if {
	_listed_jobs != []
} else := "Not at a school." if {
	_found.employed.from
}

_message_otherwise("ES-4") := sprintf("%s was completed %s.", [
	data.requirements.certifications.required,
	concat(", ", sort(_found.elementary)),
]) if _found.elementary != []

_message_otherwise("ES-5") := sprintf("%s was completed %s, and %s on or after it.", [
	data.requirements.certifications.prerequisite,
	min(_found.walk_in),
	data.requirements.certifications.required,
]) if {
	_found.counting != []
} else := sprintf("%s was completed %s.", [
	data.requirements.certifications.prerequisite,
	min(_found.walk_in),
])

_message_otherwise("ES-6") := sprintf("On record: %s.%s", [_records_in_words(_found, _found.approved), _misplaced]) if {
	_found.authorised != []
}

_misplaced := "" if {
	misplaced_denials(_found) == []
} else := sprintf(" Fits no job that this person has had, and may be mistyped: %s.", [
	_records_in_words(_found, misplaced_denials(_found)),
])

_message_otherwise("ES-7") := sprintf("The last requirement was met %s; %s.", [
	decision.requirements_met_on,
	_granting,
]) if {
	decision.outcome == "allow"
} else := "Access is granted once every requirement is met; nobody has to ask for it."

_granting := "access is held" if {
	input.employee.access.held
} else := "the calendar does not reach far enough to say by when access is due" if {
	decision.grant_due_by == null
} else := sprintf("access was due by %s and is not held", [decision.grant_due_by]) if {
	decision.escalate
} else := sprintf("access is due by %s", [decision.grant_due_by])

_message_otherwise("ES-8") := sprintf("Access was due by %s: reach out to %s.", [
	decision.grant_due_by,
	reasons.contact,
]) if {
	decision.escalate
}

_message_otherwise("ES-9") := sprintf("An approval stands for the current job: %s.", [_jobs_in_words(_found, [entry.job |
	some entry in approved_jobs(_found)
])]) if approved_jobs(_found) != []

_message_otherwise("ES-10") := sprintf("Employed since %s.", [_found.employed.from]) if _found.employed.from
_message_otherwise("ES-11") := sprintf("%s of %s is valid through %s.", [
	data.requirements.certifications.required,
	max(_found.counting),
	decision.expiry.valid_through,
]) if {
	decision.expiry.state != "expired"
}

_message_otherwise("ES-12") := sprintf("Access is removed at the end of %s unless recertified.", [decision.expiry.valid_through]) if {
	decision.expiry.state != "expired"
}

_message_otherwise("ES-13") := sprintf("Recertification is open since %s: complete %s again by %s to keep access.", [
	decision.expiry.recertification_opens,
	data.requirements.certifications.required,
	decision.expiry.valid_through,
]) if {
	decision.expiry.state == "recertify"
} else := sprintf("Completed %s, when recertification was open: this carries access over the removal of %s.", [
	max(_found.counting),
	_next_removal(max(_found.counting)),
]) if {
	_carried_over
	decision.expiry.state == "valid"
} else := sprintf("Recertification opens %s.", [decision.expiry.recertification_opens]) if {
	decision.expiry.state == "valid"
}

_message_otherwise("ES-14") := "Everything else is met: all that is left is to recertify." if {
	decision.outcome == "expired"
} else := "Recertification alone does not bring access back: the other requirements must be met too." if {
	"certification_expired" in _codes
}

_message_otherwise("ES-15") := sprintf("Access is lost until %s is completed again.", [data.requirements.certifications.required]) if {
	"certification_expired" in _codes
} else := "Access had been lost at a removal and was regained by a later completion." if {
	_regained
}

# ── The records that show it ─────────────────────────────────────────────────────────────────────────────

default _facts(_) := []

_facts("ES-2") := _found.current_jobs if _found.employed.from
_facts("ES-3") := _found.current_jobs if _found.employed.from
_facts("ES-4") := _completed(data.requirements.certifications.required)
_facts("ES-5") := _completed(data.requirements.certifications.prerequisite)
_facts("ES-6") := array.concat(_found.approved, _found.denials)
_facts("ES-7") := [input.employee.access]
_facts("ES-8") := [input.employee.access] if decision.escalate
_facts("ES-9") := _found.assignments
_facts("ES-10") := _found.employment
_facts("ES-11") := _latest_completion
_facts("ES-12") := _latest_completion
_facts("ES-13") := _latest_completion
_facts("ES-14") := _latest_completion if "certification_expired" in _codes
_facts("ES-15") := _latest_completion if "certification_expired" in _codes

_completed(name) := [completion |
	some completion in input.employee.certifications
	completion.name == name
	completion.completed_on <= input.as_of
]

_latest_completion := [completion |
	some completion in _completed(data.requirements.certifications.required)
	completion.completed_on == max(_found.counting)
]
