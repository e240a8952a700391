# METADATA
# title: Reasons
# description: What each reason says, word for word, and that nothing is ever left without one.
package tests.reasons_test

import data.tests.fixtures

_reasons := {
	"role_not_eligible": {"employee": fixtures.but({"assignments": [{"role": "Central Analyst", "location": "900", "start": "2019-08-01"}]}), "at": "2025-09-10", "want": [{"clause": "ES-2", "code": "role_not_eligible", "message": "On 2025-09-10 no current job is in a listed role (Office Professional, School Counselor) or at a school: Central Analyst at 900 since 2019-08-01.", "remedy": "If the record of the job is wrong, ask HR to correct it. Questions about this access: the Department of Technology Services (DoTS)."}]},
	"role_not_eligible without a job": {"employee": fixtures.but({"assignments": []}), "at": "2025-09-10", "want": [{"clause": "ES-2", "code": "role_not_eligible", "message": "On 2025-09-10 no current job is in a listed role (Office Professional, School Counselor) or at a school: no job on record.", "remedy": "If the record of the job is wrong, ask HR to correct it. Questions about this access: the Department of Technology Services (DoTS)."}, {"clause": "ES-9", "code": "approval_not_for_current_job", "message": "The approval on record is not for the current job: approved 2023-08-14 (Principal); no job on record.", "remedy": "Ask your Principal or Manager to approve this access for your next job, once you hold it."}]},
	"role_not_eligible after the job ended": {
		"employee": fixtures.but({"assignments": [
			{"role": "Teacher", "location": "211", "start": "2018-08-01", "end": "2019-06-05"},
			{"role": "Office Professional", "location": "210", "start": "2019-08-01", "end": "2025-05-14"},
		]}),
		"at": "2025-09-10",
		"want": [
			{
				"clause": "ES-2",
				"code": "role_not_eligible",
				"message": "On 2025-09-10 no current job is in a listed role (Office Professional, School Counselor) or at a school: the last job ended on 2025-05-14 (Office Professional at 210).",
				"remedy": "If the job goes on, ask HR to correct its record. For a new job, all posted requirements must be met. Questions about this access: the Department of Technology Services (DoTS).",
			},
			{
				"clause": "ES-9",
				"code": "approval_not_for_current_job",
				"message": "The approval on record is not for the current job: approved 2023-08-14 (Principal); the last job ended on 2025-05-14 (Office Professional at 210).",
				"remedy": "Ask your Principal or Manager to approve this access for your next job, once you hold it.",
			},
		],
	},
	"unknown_location": {"employee": fixtures.but({"assignments": [{"role": "Teacher", "location": "777", "start": "2019-08-01"}, {"role": "Central Analyst", "location": "900", "start": "2019-08-01"}]}), "at": "2025-09-10", "want": [{"clause": "ES-3", "code": "unknown_location", "message": "Nobody can say whether the job is at a school, since its location is in no list: Teacher at 777 since 2019-08-01.", "remedy": "Ask the Department of Technology Services (DoTS) to add the location to the list of locations, or HR to correct the assignment."}]},
	"both certifications missing": {"employee": fixtures.but({"certifications": []}), "at": "2025-09-10", "want": [{"clause": "ES-4", "code": "elementary_certification_missing", "message": "No completion of Elementary Scheduling by 2025-09-10 is on record.", "remedy": "Complete Elementary Scheduling in Learning Space; it opens once Walk-In Scheduling is completed. For help, ask the Department of Technology Services (DoTS)."}, {"clause": "ES-5", "code": "walk_in_certification_missing", "message": "No completion of Walk-In Scheduling by 2025-09-10 is on record.", "remedy": "Complete Walk-In Scheduling in Learning Space first, then Elementary Scheduling. For help, ask the Department of Technology Services (DoTS)."}]},
	"certification_out_of_order": {"employee": fixtures.but({"certifications": [{"name": "Walk-In Scheduling", "completed_on": "2024-08-21"}, {"name": "Elementary Scheduling", "completed_on": "2024-08-20"}]}), "at": "2025-09-10", "want": [{"clause": "ES-5", "code": "certification_out_of_order", "message": "Elementary Scheduling was completed 2024-08-20, before Walk-In Scheduling on 2024-08-21.", "remedy": "Complete Elementary Scheduling again in Learning Space, now that Walk-In Scheduling is completed. For help, ask the Department of Technology Services (DoTS)."}]},
	"the latest of two completions out of order": {
		"employee": fixtures.but({"certifications": [
			{"name": "Walk-In Scheduling", "completed_on": "2024-08-23"},
			{"name": "Walk-In Scheduling", "completed_on": "2024-08-22"},
			{"name": "Elementary Scheduling", "completed_on": "2024-08-21"},
			{"name": "Elementary Scheduling", "completed_on": "2024-08-20"},
		]}),
		"at": "2025-09-10",
		"want": [{
			"clause": "ES-5",
			"code": "certification_out_of_order",
			"message": "Elementary Scheduling was completed 2024-08-21, before Walk-In Scheduling on 2024-08-22.",
			"remedy": "Complete Elementary Scheduling again in Learning Space, now that Walk-In Scheduling is completed. For help, ask the Department of Technology Services (DoTS).",
		}],
	},
	"the last of two employments that ended": {
		"employee": fixtures.but({"employment": [{"start": "2024-08-01", "end": "2025-06-30"}, {"start": "2019-08-01", "end": "2023-06-30"}]}),
		"at": "2025-09-10",
		"want": [{
			"clause": "ES-10",
			"code": "not_employed",
			"message": "Not employed on 2025-09-10: the last day employed was 2025-06-30.",
			"remedy": "If the record of employment is wrong, ask HR to correct it. After a return, all posted requirements must be met.",
		}],
	},
	"approval_missing": {"employee": fixtures.but({"approvals": []}), "at": "2025-09-10", "want": [{"clause": "ES-6", "code": "approval_missing", "message": "No approval by 2025-09-10 is on record.", "remedy": "Ask your Principal or Manager to approve this access."}]},
	"approver_not_authorized": {"employee": fixtures.but({"approvals": [{"decision": "approved", "decided_on": "2024-08-14", "approver": "000888", "approver_role": "Teacher"}, {"decision": "approved", "decided_on": "2023-08-14", "approver": "001234", "approver_role": "Principal", "location": "210"}]}), "at": "2025-09-10", "want": [{"clause": "ES-6", "code": "approver_not_authorized", "message": "Approved only by somebody who may not: approved 2023-08-14 (by the employee) for 210, approved 2024-08-14 (Teacher).", "remedy": "Ask your Principal or Manager to approve this access; nobody approves themselves."}]},
	"approver_unverified": {
		"employee": fixtures.but({"approvals": [{"decision": "approved", "decided_on": "2023-08-14", "approver": "000777"}]}),
		"at": "2025-09-10",
		"want": [{
			"clause": "ES-6",
			"code": "approver_unverified",
			"message": "Nobody can say whether the approver was a Principal or Manager on the day of the approval: approved 2023-08-14 (no role known on that day).",
			"remedy": "Ask HR for the approver's jobs on that day, or your Principal or Manager to approve this access now.",
		}],
	},
	"approval_withdrawn after an earlier denial": {
		"employee": fixtures.but({"approvals": [
			{"decision": "denied", "decided_on": "2023-08-10", "approver": "000777", "approver_role": "Principal"},
			{"decision": "approved", "decided_on": "2023-08-14", "approver": "000777", "approver_role": "Principal"},
			{"decision": "withdrawn", "decided_on": "2025-09-09", "approver": "000777", "approver_role": "Principal"},
		]}),
		"at": "2025-09-10",
		"want": [{
			"clause": "ES-6",
			"code": "approval_withdrawn",
			"message": "The approval was taken away: withdrawn 2025-09-09 (Principal).",
			"remedy": "Ask your Principal or Manager whether access is to be approved again.",
		}],
	},
	"approval_withdrawn": {"employee": fixtures.but({"approvals": [{"decision": "approved", "decided_on": "2023-08-14", "approver": "000777", "approver_role": "Principal"}, {"decision": "withdrawn", "decided_on": "2025-09-09", "approver": "000888", "approver_role": "HR Director", "role": "Office Professional", "location": "210"}, {"decision": "denied", "decided_on": "2025-09-09", "approver": "000888", "approver_role": "Principal", "location": "211"}]}), "at": "2025-09-10", "want": [{"clause": "ES-6", "code": "approval_withdrawn", "message": "The approval was taken away: withdrawn 2025-09-09 (HR Director) for Office Professional at 210.", "remedy": "Ask your Principal or Manager whether access is to be approved again."}]},
	"approval_not_for_current_job": {"employee": fixtures.but({"assignments": [{"role": "Office Professional", "location": "210", "start": "2019-08-01", "end": "2025-07-31"}, {"role": "Office Professional", "location": "211", "start": "2025-08-01"}]}), "at": "2025-09-10", "want": [{"clause": "ES-9", "code": "approval_not_for_current_job", "message": "The approval on record is not for the current job: approved 2023-08-14 (Principal); Office Professional at 211 since 2025-08-01.", "remedy": "Ask your Principal or Manager to approve this access for the job you hold now."}]},
	"approval_not_for_current_job after a return": {"employee": fixtures.but({"employment": [{"start": "2019-08-01", "end": "2024-05-31"}, {"start": "2025-08-04"}]}), "at": "2025-09-10", "want": [{"clause": "ES-9", "code": "approval_not_for_current_job", "message": "The approval on record is not for the current job: approved 2023-08-14 (Principal); Office Professional at 210 since 2025-08-04.", "remedy": "Ask your Principal or Manager to approve this access for the job you hold now."}]},
	"not_employed": {"employee": fixtures.but({"employment": [{"start": "2019-08-01", "end": "2025-09-09"}]}), "at": "2025-09-10", "want": [{"clause": "ES-10", "code": "not_employed", "message": "Not employed on 2025-09-10: the last day employed was 2025-09-09.", "remedy": "If the record of employment is wrong, ask HR to correct it. After a return, all posted requirements must be met."}]},
	"not_employed yet": {"employee": fixtures.but({"employment": [{"start": "2025-09-11"}]}), "at": "2025-09-10", "want": [{"clause": "ES-10", "code": "not_employed", "message": "Not employed on 2025-09-10: no employment had begun.", "remedy": "If the record of employment is wrong, ask HR to correct it. After a return, all posted requirements must be met."}]},
	"the latest of two completions that expired": {
		"employee": fixtures.but({"certifications": array.concat(
			fixtures.person.certifications,
			[{"name": "Elementary Scheduling", "completed_on": "2024-02-01"}],
		)}),
		"at": "2026-07-01",
		"want": [{
			"clause": "ES-12",
			"code": "certification_expired",
			"message": "Elementary Scheduling, last completed 2024-02-01, was valid through 2026-06-30.",
			"remedy": "Complete Elementary Scheduling again in Learning Space; access returns once it is completed. For help, ask the Department of Technology Services (DoTS).",
		}],
	},
	"certification_expired": {"employee": fixtures.but({}), "at": "2026-07-01", "want": [{"clause": "ES-12", "code": "certification_expired", "message": "Elementary Scheduling, last completed 2023-08-21, was valid through 2026-06-30.", "remedy": "Complete Elementary Scheduling again in Learning Space; access returns once it is completed. For help, ask the Department of Technology Services (DoTS)."}]},
	"facts_missing": {"employee": object.remove(fixtures.person, ["approvals", "certifications"]), "at": "2025-09-10", "want": [{"clause": null, "code": "facts_missing", "message": "Undecided, since nobody looked up: approvals, certifications.", "remedy": "Supply the missing facts; where there are none, say so with an empty list."}]},
}

# METADATA
# title: Words
# description: Each reason carries the dates that prove it and says what to do.
# custom:
#   clauses: [ES-2, ES-3, ES-4, ES-5, ES-6, ES-9, ES-10, ES-12]
test_reason[name] if {
	some name, row in _reasons
	fixtures.decided(row.employee, row.at).reasons == row.want
}

_contacts := {
	"a name and how to reach it": {
		"contact": {"name": "Help Desk", "phone": "555-0100", "hours": "mornings", "address": "1 Sample Street"},
		"want": "Help Desk (555-0100; mornings)",
	},
	"a name alone": {"contact": {"name": "Help Desk"}, "want": "Help Desk"},
	"no name": {"contact": {"phone": "555-0100"}, "want": "the Department of Technology Services (DoTS) (555-0100)"},
	"nothing of use": {"contact": {"name": 7, "phone": 555}, "want": "the Department of Technology Services (DoTS)"},
}

# METADATA
# title: Contact
# description: The remedy names whom to ask, from the policy data.
# custom:
#   clause: ES-8
test_contact[name] if {
	some name, row in _contacts
	decision := data.access.decision with input as {"employee": fixtures.but({"certifications": []}), "as_of": fixtures.day}
		with data.requirements as object.union(fixtures.requirements, {"contact": row.contact})
	endswith(decision.reasons[0].remedy, sprintf("For help, ask %s.", [row.want]))
}

# METADATA
# title: Approvers
# description: No reason shows an approver's id.
# custom:
#   clause: ES-6
test_no_approver_id if {
	every row in _reasons {
		not contains(json.marshal(fixtures.decided(row.employee, row.at).reasons), "000")
	}
}

_invalid := {
	"a record that is no object": {"employee": "001234", "at": "2025-09-10", "problem": "the record is not an object"},
	"an id that is a number": {"employee": fixtures.but({"id": 1234}), "at": "2025-09-10", "problem": "id is not a text that says who it is"},
	"an empty id": {"employee": fixtures.but({"id": ""}), "at": "2025-09-10", "problem": "id is not a text that says who it is"},
	"a name that is null": {"employee": fixtures.but({"name": null}), "at": "2025-09-10", "problem": "name is not a text"},
	"an unknown field": {"employee": fixtures.but({"employments": []}), "at": "2025-09-10", "problem": "employments is not a field of an employee"},
	"access without held": {"employee": fixtures.but({"access": {"since": "2023-08-16"}}), "at": "2025-09-10", "problem": "access is not as expected: held, and since, locations and basis where known"},
	"access held in words": {"employee": fixtures.but({"access": {"held": "yes"}}), "at": "2025-09-10", "problem": "access is not as expected: held, and since, locations and basis where known"},
	"access since no date": {"employee": fixtures.but({"access": {"held": true, "since": "2023"}}), "at": "2025-09-10", "problem": "access is not as expected: held, and since, locations and basis where known"},
	"access at a place that is a number": {"employee": fixtures.but({"access": {"held": true, "locations": [210]}}), "at": "2025-09-10", "problem": "access is not as expected: held, and since, locations and basis where known"},
	"a list that is null": {"employee": fixtures.but({"approvals": null}), "at": "2025-09-10", "problem": "approvals is not a list"},
	"a list that is false": {"employee": fixtures.but({"approvals": false}), "at": "2025-09-10", "problem": "approvals is not a list"},
	"a list that is an object": {"employee": fixtures.but({"employment": {"0": {"start": "2019-08-01"}}}), "at": "2025-09-10", "problem": "employment is not a list"},
	"a period that is a date": {"employee": fixtures.but({"employment": ["2019-08-01"]}), "at": "2025-09-10", "problem": "employment, record 1 is not as expected: start, and end unless open"},
	"a period without start": {"employee": fixtures.but({"employment": [{"start": "2019-08-01"}, {"end": "2019-08-01"}]}), "at": "2025-09-10", "problem": "employment, record 2 is not as expected: start, and end unless open"},
	"a start that is null": {"employee": fixtures.but({"employment": [{"start": null}]}), "at": "2025-09-10", "problem": "employment, record 1 is not as expected: start, and end unless open"},
	"a start that is a number": {"employee": fixtures.but({"employment": [{"start": 20190801}]}), "at": "2025-09-10", "problem": "employment, record 1 is not as expected: start, and end unless open"},
	"an end before its start": {"employee": fixtures.but({"employment": [{"start": "2019-08-01", "end": "2019-07-31"}]}), "at": "2025-09-10", "problem": "employment, record 1 is not as expected: start, and end unless open"},
	"an impossible date": {"employee": fixtures.but({"employment": [{"start": "2023-02-29"}]}), "at": "2025-09-10", "problem": "employment, record 1 is not as expected: start, and end unless open"},
	"a date in the year 0": {"employee": fixtures.but({"employment": [{"start": "0000-01-01"}]}), "at": "2025-09-10", "problem": "employment, record 1 is not as expected: start, and end unless open"},
	"a timestamp": {"employee": fixtures.but({"employment": [{"start": "2019-08-01T00:00:00Z"}]}), "at": "2025-09-10", "problem": "employment, record 1 is not as expected: start, and end unless open"},
	"a role that is null": {"employee": fixtures.but({"assignments": [{"role": null, "location": "210", "start": "2019-08-01"}]}), "at": "2025-09-10", "problem": "assignments, record 1 is not as expected: role, location, start, and end and school_based where known"},
	"a location that is a number": {"employee": fixtures.but({"assignments": [{"role": "Teacher", "location": 210, "start": "2019-08-01"}]}), "at": "2025-09-10", "problem": "assignments, record 1 is not as expected: role, location, start, and end and school_based where known"},
	"school_based in words": {"employee": fixtures.but({"assignments": [{"role": "Teacher", "location": "210", "start": "2019-08-01", "school_based": "no"}]}), "at": "2025-09-10", "problem": "assignments, record 1 is not as expected: role, location, start, and end and school_based where known"},
	"a certification without a day": {"employee": fixtures.but({"certifications": [{"name": "Walk-In Scheduling"}]}), "at": "2025-09-10", "problem": "certifications, record 1 is not as expected: name and completed_on"},
	"an unknown decision": {"employee": fixtures.but({"approvals": [{"decision": "granted", "decided_on": "2024-08-14", "approver": "000777", "approver_role": "Principal"}]}), "at": "2025-09-10", "problem": "approvals, record 1 is not as expected: decision (approved, denied or withdrawn), decided_on, approver, and approver_role, approver_jobs, and role and location of the job that it is for, where known"},
	"an approval by nobody": {"employee": fixtures.but({"approvals": [{"decision": "approved", "decided_on": "2024-08-14", "approver_role": "Principal"}]}), "at": "2025-09-10", "problem": "approvals, record 1 is not as expected: decision (approved, denied or withdrawn), decided_on, approver, and approver_role, approver_jobs, and role and location of the job that it is for, where known"},
	"an approval for a place that is null": {"employee": fixtures.but({"approvals": [{"decision": "approved", "decided_on": "2024-08-14", "approver": "000777", "approver_role": "Principal", "location": null}]}), "at": "2025-09-10", "problem": "approvals, record 1 is not as expected: decision (approved, denied or withdrawn), decided_on, approver, and approver_role, approver_jobs, and role and location of the job that it is for, where known"},
	"a decision date that is none": {"employee": fixtures.person, "at": "2025-02-30", "problem": "as_of is missing, or not a day of the years 1900 to 2199 (YYYY-MM-DD)"},
}

# METADATA
# title: Invalid records
# description: A record that cannot be read is undecided with the reason, and nothing happens to the person.
# custom:
#   clause: ES-6
test_invalid[name] if {
	some name, row in _invalid
	decision := fixtures.decided(row.employee, row.at)
	decision == {
		"employee_id": object.get(object.union({"id": null}, {key: value | some key, value in row.employee}), "id", null),
		"as_of": row.at,
		"outcome": "undecided",
		"reasons": [{
			"code": "invalid_record",
			"clause": null,
			"message": sprintf("Undecided, since the record cannot be read: %s.", [row.problem]),
			"remedy": "Correct the record where it comes from.",
		}],
		"warnings": [],
		"locations": [],
		"expiry": null,
		"requirements_met_on": null,
		"grant_due_by": null,
		"action": "none",
		"needs_consent": false,
		"escalate": false,
		"recheck_on": null,
		"basis": null,
	}
}

# METADATA
# title: A reason is never lost
# description: One whose evidence cannot be put together is given with its words unfilled.
# custom:
#   clause: ES-1
test_reason_without_evidence if data.access._words("no such code", {}) == {}
