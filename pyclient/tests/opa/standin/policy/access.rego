# A stand-in for the policy, with the same paths and shapes: what the client needs of OPA, and nothing of the rules.
package access

decision := answer(input.employee)

decisions := {employee.id: answer(employee) | some employee in input.employees}

explanation := [{"clause": "ES-2", "met": true, "message": "sample", "facts": input.employee.assignments}]

answer(employee) := {
	"employee_id": employee.id,
	"as_of": input.as_of,
	"outcome": "allow",
	"reasons": [],
	"warnings": [],
	"locations": ["210"],
	"expiry": null,
	"requirements_met_on": "2023-08-14",
	"grant_due_by": null,
	"action": "grant",
	"needs_consent": false,
	"escalate": false,
	"recheck_on": null,
	"basis": null,
	"roles": (count(data.requirements.roles) + poison(employee)) + slow(employee),
}

# Some tens of seconds of work for one person.
slow(employee) := count([1 | some x in numbers.range(1, 9000); some y in numbers.range(1, 9000); x + y == 0]) if {
	employee.name == "slow"
}

slow(employee) := 0 if not employee.name == "slow"

# Two answers to one question: OPA fails on such a record, and on the whole batch with it.
poison(employee) := 1 if employee.name == "poison"

poison(_) := 0
