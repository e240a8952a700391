# METADATA
# title: Near misses
# description: >-
#   Texts that are nearly the ones compared, every value of an enumeration and one more, one more entry in a list, and each
#   optional field absent, null and empty.
package tests.near_misses_test

import data.tests.fixtures

_near(text) := {
	lower(text),
	upper(text),
	concat("", [" ", text]),
	concat("", [text, " "]),
	concat("", [text, " Substitute"]),
	concat("", ["Assistant ", text]),
	concat("", [text, "s"]),
	substring(text, 1, -1),
	substring(text, 0, count(text) - 1),
	replace(text, " ", "-"),
	replace(text, " ", ""),
} - {text}

# Verdicts, since words and the next change are no part of what is tried here; by name, null where there is none.
_codes(employees) := object.union({name: null | some name, _ in employees}, found) if {
	found := {name: [code | some code in verdict.codes] |
		some name, employee in employees
		verdict := data.access._verdict(fixtures.day, employee)
	} with data.requirements as fixtures.requirements
		with data.locations as fixtures.locations
		with data.calendar as fixtures.calendar
}

_job(changes) := fixtures.but({"assignments": [object.union(fixtures.person.assignments[0], changes)]})

_approved(changes) := fixtures.but({"approvals": [object.union(fixtures.person.approvals[0], changes)]})

# METADATA
# title: Roles
# description: A title that is nearly a listed one is not listed.
# custom:
#   clause: ES-2
test_role[name] if {
	names := {near | some role in fixtures.requirements.roles; some near in _near(role)}
	some name, codes in _codes({name: _job({"role": name, "location": "900"}) | some name in names})
	codes == ["role_not_eligible"]
}

# METADATA
# title: Listed roles
# description: Each of the list, at a place that is no school.
# custom:
#   clause: ES-2
test_listed_role[name] if {
	some name, codes in _codes({name: _job({"role": name, "location": "900"}) | some name in fixtures.requirements.roles})
	codes == []
}

# METADATA
# title: Location
# description: An id that is nearly one of the list is in no list.
# custom:
#   clause: ES-3
test_location[name] if {
	names := {" 210", "210 ", "0210", "2100", "21", "10", "210-A"}
	some name, codes in _codes({name: _job({"role": "Teacher", "location": name}) | some name in names})
	codes == ["unknown_location"]
}

# METADATA
# title: Types of location
# description: One that is nearly a school's is none, and one that was added to the list is.
# custom:
#   clause: ES-3
test_location_type[name] if {
	some name in (_near("school") | {"Preschool", "school district", "high school"})
	decision := data.access.decision with input as {"employee": _job({"role": "Teacher"}), "as_of": fixtures.day}
		with data.requirements as fixtures.requirements
		with data.locations as {"210": {"type": name}}
	[reason.code | some reason in decision.reasons] == ["role_not_eligible"]
	more := object.union(fixtures.requirements, {"school_location_types": ["school", name]})
	added := data.access.decision with input as {"employee": _job({"role": "Teacher"}), "as_of": fixtures.day}
		with data.requirements as more
		with data.locations as {"210": {"type": name}}
	added.reasons == []
}

_completions := {
	"Walk-In Scheduling": "walk_in_certification_missing",
	"Elementary Scheduling": "elementary_certification_missing",
}

# METADATA
# title: Certifications
# description: A course that is nearly named as one of the two is neither.
# custom:
#   clauses: [ES-4, ES-5]
test_certification[name] if {
	some required, code in _completions
	others := [completion | some completion in fixtures.person.certifications; completion.name != required]
	names := _near(required) | {concat(" ", [required, "Certification"]), concat(" ", [required, "2025-26"])}
	some name, codes in _codes({name: fixtures.but({"certifications": array.concat(others, [{"name": name, "completed_on": "2023-08-21"}])}) |
		some name in names
	})
	codes == [code]
}

# METADATA
# title: Approvers
# description: A title that is nearly Principal or Manager may not approve, said by a source or by HR.
# custom:
#   clause: ES-6
test_approver[name] if {
	names := {near | some role in fixtures.requirements.approver_roles; some near in _near(role)}
	by_hr := _codes({name: _approved({"approver_jobs": [{"role": name, "location": "210", "start": "2019-08-01"}]}) | some name in names})
	some name, codes in _codes({name: _approved({"approver_role": name}) | some name in names})
	codes == ["approver_not_authorized"]
	by_hr[name] == ["approver_not_authorized"]
}

# METADATA
# title: Each approver role
# description: Every one of the list may, and nobody for themselves.
# custom:
#   clause: ES-6
test_approver_roles[name] if {
	some name in fixtures.requirements.approver_roles
	jobs := [{"role": name, "location": "900", "start": "2019-08-01"}]
	_codes({
		"said": _approved({"approver_role": name}),
		"by HR": _approved({"approver_jobs": jobs}),
		"said of oneself": _approved({"approver_role": name, "approver": "001234"}),
		"by HR of oneself": _approved({"approver_jobs": jobs, "approver": "001234"}),
	}) == {
		"said": [],
		"by HR": [],
		"said of oneself": ["approver_not_authorized"],
		"by HR of oneself": ["approver_not_authorized"],
	}
}

# METADATA
# title: Oneself
# description: An id that is nearly one's own is somebody else's.
# custom:
#   clause: ES-6
test_oneself[name] if {
	names := {"1234", "001234 ", " 001234", "0012345", "00123"}
	some name, codes in _codes({name: _approved({"approver": name}) | some name in names})
	codes == []
}

_own_jobs := {
	"a Principal among other jobs": {
		"jobs": [
			{"role": "Teacher", "location": "210", "start": "2019-08-01"},
			{"role": "Principal", "location": "900", "start": "2023-08-14"},
		],
		"want": [],
	},
	"a Principal from the day after": {
		"jobs": [
			{"role": "Teacher", "location": "210", "start": "2019-08-01"},
			{"role": "Principal", "location": "210", "start": "2023-08-15"},
		],
		"want": ["approver_not_authorized"],
	},
	"a Principal through that day": {"jobs": [{"role": "Principal", "location": "210", "start": "2019-08-01", "end": "2023-08-14"}], "want": []},
	"nobody before the day after": {"jobs": [{"role": "Principal", "location": "210", "start": "2023-08-15"}], "want": ["approver_unverified"]},
	"a Principal in a summer that another lasting job ended": {
		"jobs": [
			{"role": "Principal", "location": "210", "start": "2019-08-01", "end": "2023-06-05"},
			{"role": "Analyst", "location": "900", "start": "2023-06-06"},
		],
		"want": ["approver_not_authorized"],
	},
	"a Principal who works elsewhere for some weeks": {
		"jobs": [
			{"role": "Principal", "location": "210", "start": "2019-08-01", "end": "2023-06-05"},
			{"role": "Analyst", "location": "900", "start": "2023-06-06", "end": "2023-08-31"},
		],
		"want": [],
	},
}

# METADATA
# title: The approver's own jobs
# description: They are judged on the day of the approval, and go before the role that a source gives.
# custom:
#   clause: ES-6
test_own_jobs[name] if {
	some name, row in _own_jobs
	_codes({
		"with a role": _approved({"approver_jobs": row.jobs, "approver_role": "Principal"}),
		"without": fixtures.but({"approvals": [object.remove(object.union(fixtures.person.approvals[0], {"approver_jobs": row.jobs}), ["approver_role"])]}),
	}) == {"with a role": row.want, "without": row.want}
}

# METADATA
# title: The job that an approval names
# description: One that is nearly the job's is for another job.
# custom:
#   clause: ES-9
test_named[name] if {
	some field, text in {"role": "Office Professional", "location": "210"}
	some name, codes in _codes({name: _approved({field: name}) | some name in (_near(text) | {text})})
	codes == [code | some code in ["approval_not_for_current_job"]; name != text]
}

# METADATA
# title: The job that a denial names
# description: One that is nearly the job's takes nothing away, and is warned of.
# custom:
#   clause: ES-6
test_denial_named[name] if {
	some field, text in {"role": "Office Professional", "location": "210"}
	some name, decision in fixtures.decided_together({name: _denied({field: name}) | some name in _near(text)})
	decision.outcome == "allow"
	decision.warnings == ["denial_names_no_job"]
	_codes({"exact": _denied({field: text})}) == {"exact": ["approval_withdrawn"]}
}

_denied(naming) := fixtures.but({"approvals": array.concat(
	fixtures.person.approvals,
	[object.union({"decision": "denied", "decided_on": "2025-09-01", "approver": "000777"}, naming)],
)})

# METADATA
# title: In advance
# description: Only by role and location both, as the job has them.
# custom:
#   clause: ES-9
test_in_advance[name] if {
	some name, row in {
		"by both": {"named": {"role": "Office Professional", "location": "211"}, "want": []},
		"by role alone": {"named": {"role": "Office Professional"}, "want": ["approval_not_for_current_job"]},
		"by location alone": {"named": {"location": "211"}, "want": ["approval_not_for_current_job"]},
		"by neither": {"named": {}, "want": ["approval_not_for_current_job"]},
	}
	employee := fixtures.but({
		"assignments": [{"role": "Office Professional", "location": "211", "start": "2025-08-04"}],
		"approvals": [object.union({"decision": "approved", "decided_on": "2025-07-01", "approver": "000777", "approver_role": "Principal"}, row.named)],
	})
	_codes({name: employee}) == {name: row.want}
}

_decisions := {
	"approved": ["allow", []],
	"denied": ["deny", ["approval_withdrawn"]],
	"withdrawn": ["deny", ["approval_withdrawn"]],
	"revoked": ["undecided", ["invalid_record"]],
	"Denied": ["undecided", ["invalid_record"]],
	"approved ": ["undecided", ["invalid_record"]],
	"": ["undecided", ["invalid_record"]],
}

# METADATA
# title: Decisions on access
# description: Each of the three, and whatever is none of them.
# custom:
#   clause: ES-6
test_decisions[name] if {
	some name, want in _decisions
	later := {"decision": name, "decided_on": "2025-09-01", "approver": "000555"}
	decision := fixtures.decided(fixtures.but({"approvals": array.concat(fixtures.person.approvals, [later])}), fixtures.day)
	[decision.outcome, [reason.code | some reason in decision.reasons]] == want
}

# METADATA
# title: The target's locations
# description: One that is nearly the job's is another.
# custom:
#   clause: ES-9
test_held_locations[name] if {
	some name in {"210 ", "0210", "21"}
	employee := fixtures.but({"access": {"held": true, "locations": [name]}})
	fixtures.decided(employee, fixtures.day).action == "update"
}

_basis := {
	"role": "Office Professional",
	"location": "210",
	"job_start": "2019-08-01",
	"employment_start": "2019-08-01",
	"walk_in": "2023-08-10",
	"elementary": "2023-08-21",
	"approval": {"decided_on": "2023-08-14", "approver": "000777"},
}

# METADATA
# title: What access rested on
# description: A record that is nearly that of the basis is another one.
# custom:
#   clause: ES-5
test_basis[name] if {
	changed := {
		"another title": {"role": "Office Professionals"},
		"another place": {"location": "21"},
		"another approver": {"approval": {"decided_on": "2023-08-14", "approver": "00777"}},
		"another day of approval": {"approval": {"decided_on": "2023-08-15", "approver": "000777"}},
		"Walk-In a day before": {"walk_in": "2023-08-09"},
		"Elementary a day later": {"elementary": "2023-08-22"},
		"employed a day before": {"employment_start": "2019-07-31"},
	}
	all := object.union(changed, {"the same": {}})
	some name, decision in fixtures.decided_together({name: fixtures.but({"access": {"held": true, "basis": object.union(_basis, changes)}}) |
		some name, changes in all
	})
	decision.warnings == [warning | some warning in ["evidence_gone"]; name != "the same"]
}

_jobs := [{"role": "Principal", "location": "210", "start": "2019-08-01"}]

# What each optional field may hold; nothing else, neither null nor what is empty, passes for an absent one.
_optional := {
	"/name": {"right": ["A Name", ""], "wrong": [null, 7, []]},
	"/email": {"right": ["a@example.org", ""], "wrong": [null, 7, {}]},
	"/username": {"right": ["a.name", ""], "wrong": [null, false]},
	"/employment/0/end": {"right": ["2026-06-30", "9999-12-31", "2019-08-01"], "wrong": [null, "", "2019-07-31", "2200-01-01", 2026]},
	"/assignments/0/end": {"right": ["2026-06-30", "9999-12-31", "2019-08-01"], "wrong": [null, "", "2019-07-31", "9998-12-31", []]},
	"/assignments/0/school_based": {"right": [true, false], "wrong": [null, "", "true", 1]},
	"/approvals/0/approver_role": {"right": ["Principal"], "wrong": [null, "", 7, ["Principal"]]},
	"/approvals/0/approver_jobs": {
		"right": [_jobs, [object.union(_jobs[0], {"end": "2019-08-01"})]],
		"wrong": [null, "", {}, "Principal", [null], [{}], [{"role": "Principal", "location": "210"}], [object.union(_jobs[0], {"end": "2019-07-31"})], [object.union(_jobs[0], {"title": "Dr."})]],
	},
	"/approvals/0/role": {"right": ["Office Professional"], "wrong": [null, "", 7]},
	"/approvals/0/location": {"right": ["210"], "wrong": [null, "", 210]},
	"/access": {"right": [{"held": true}, {"held": false}], "wrong": [null, "", [], {}, {"held": null}, {"held": "true"}, true]},
	"/access/since": {"right": ["2023-08-22"], "wrong": [null, "", "2023-08", 2023]},
	"/access/locations": {"right": [[], ["210"]], "wrong": [null, "", "210", {}, [""], [210], [null]]},
	"/access/basis": {
		"right": [_basis],
		"wrong": array.concat(
			[null, "", {}, [], object.union(_basis, {"since": "2023-08-22"}), object.union(_basis, {"role": ""}), object.union(_basis, {"walk_in": "2023-02-29"}), object.union(_basis, {"approval": {"decided_on": "", "approver": "000777"}})],
			[object.remove(_basis, [field]) | some field in object.keys(_basis)],
		),
	},
}

# METADATA
# title: Optional fields
# description: Absent, or as they should be; a null or an empty value is told as wrong.
# custom:
#   clause: ES-10
test_optional[path] if {
	some path, row in _optional
	every decision in _with(path, row.right) { decision.outcome != "undecided" }
	every decision in _with(path, row.wrong) { decision.outcome == "undecided" }
}

_with(path, values) := fixtures.decided_together({place: json.patch(fixtures.person, [{"op": "add", "path": path, "value": value}]) |
	some place, value in values
})

# METADATA
# title: Access that nobody mentions
# description: It is not held.
# custom:
#   clause: ES-7
test_no_access if {
	fixtures.decided(object.remove(fixtures.person, ["access"]), fixtures.day).action == "grant"
	fixtures.decided(object.remove(fixtures.but({"approvals": []}), ["access"]), fixtures.day).action == "none"
}

# METADATA
# title: Required fields
# description: Without one of them, or with one that is null or empty, nothing is decided.
# custom:
#   clause: ES-10
test_required[path] if {
	some path in {
		"/employment", "/assignments", "/certifications", "/approvals", "/employment/0/start", "/assignments/0/role",
		"/assignments/0/location", "/assignments/0/start", "/certifications/0/name", "/certifications/0/completed_on",
		"/approvals/0/decision", "/approvals/0/decided_on", "/approvals/0/approver",
	}
	every decision in _with(path, [null, "", 7]) { decision.outcome == "undecided" }
	without := json.patch(fixtures.person, [{"op": "remove", "path": path}])
	fixtures.decided(without, fixtures.day).outcome == "undecided"
}

# METADATA
# title: Days in one text
# description: Two days in one text are no list of two days.
# custom:
#   clause: ES-8
test_days_in_one_text if {
	data.lib.dates.all_valid(["2025-09-01", "2025-09-02"])
	not data.lib.dates.all_valid(["2025-09-01,2025-09-02"])
}

# METADATA
# title: What is wrong with a record
# description: Only what is wrong is told, and none of the fields that a record may have.
# custom:
#   clause: ES-10
test_only_what_is_wrong if {
	employee := fixtures.but({"name": "A Name", "email": "a@example.org", "username": "a.name", "title": "Dr."})
	some reason in fixtures.decided(employee, fixtures.day).reasons
	reason.message == "Undecided, since the record cannot be read: title is not a field of an employee."
}

# METADATA
# title: Whom to ask
# description: All that the policy data says of the contact is told, in one order.
# custom:
#   clause: ES-8
test_whom_to_ask if {
	contact := {"name": "Help", "phone": "1", "hours": "8 to 4", "self_service": "help.example.org", "address": "Here"}
	data.lib.reasons.contact == "Help (1; 8 to 4; help.example.org)" with data.requirements as object.union(fixtures.requirements, {"contact": contact})
}
