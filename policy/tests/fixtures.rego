# METADATA
# title: Fixtures
# description: A person who meets everything, and the policy data of the worked cases, for tests to vary.
package tests.fixtures

# METADATA
# title: Person
# description: Allowed on 2025-09-10, access held.
person := {
	"id": "001234",
	"employment": [{"start": "2019-08-01"}],
	"assignments": [{"role": "Office Professional", "location": "210", "start": "2019-08-01"}],
	"certifications": [
		{"name": "Walk-In Scheduling", "completed_on": "2023-08-10"},
		{"name": "Elementary Scheduling", "completed_on": "2023-08-21"},
	],
	"approvals": [{"decision": "approved", "decided_on": "2023-08-14", "approver": "000777", "approver_role": "Principal"}],
	"access": {"held": true},
}

# METADATA
# title: But
# description: The person with some facts replaced.
but(changes) := object.union(object.remove(person, object.keys(changes)), changes)

# METADATA
# title: Day
# description: The day that tests decide on unless they say otherwise.
day := "2025-09-10"

# METADATA
# title: Requirements
# description: The policy data of the worked cases.
requirements := data.tests.cases.decisions.requirements

# METADATA
# title: Locations
# description: The places of the worked cases.
locations := data.tests.cases.decisions.locations

# METADATA
# title: Calendar
# description: The calendar of the worked cases.
calendar := data.tests.cases.decisions.calendar

# METADATA
# title: Decided
# description: The decision about a person on a day, under the policy data of the worked cases.
decided(employee, as_of) := decision if {
	decision := data.access.decide(as_of, employee) with data.requirements as requirements
		with data.locations as locations
		with data.calendar as calendar
}

# METADATA
# title: Decided together
# description: >-
#   The decisions about people on the same day, by the people's names, null where the policy gives none. OPA judges the
#   policy data once for all of them.
decided_together(employees) := object.union({name: null | some name, _ in employees}, found) if {
	found := {name: data.access.decide(day, employee) | some name, employee in employees} with data.requirements as requirements
		with data.locations as locations
		with data.calendar as calendar
}
