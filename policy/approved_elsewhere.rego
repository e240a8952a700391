package access

import data.lib.assignment
import data.lib.settings

# METADATA
# title: Approved elsewhere
# description: >-
#   Of `input.employees` on `input.as_of`, by employee id, the approvals of those who are allowed and whose own
#   location's Principal or Manager has not approved: `location` of the job, `decided_on`, `approver`, and
#   `approver_locations`, those at which the approver might approve that day; null where nobody says where they worked.
#   Such an approval is valid; a reviewer may want to see it. Those who have none are left out.
# entrypoint: true
# custom:
#   clause: ES-6
approved_elsewhere := {employee.id: elsewhere |
	settings.sound
	some employee in _identified
	_judgeable(_asked.as_of, employee)
	found := findings(_asked.as_of, employee)
	reason_codes(found) == set()
	elsewhere := _from_elsewhere(found)
	elsewhere != set()
}

_from_elsewhere(found) := {elsewhere |
	some entry in approved_jobs(found)
	standing := [record | some record in found.authorised; [record.decided_on, record.approver] in entry.standing]
	every record in standing { not entry.job.location in _approver_locations(record) }
	some record in standing
	elsewhere := {
		"location": entry.job.location,
		"decided_on": record.decided_on,
		"approver": record.approver,
		"approver_locations": _approver_locations(record),
	}
}

_approver_locations(record) := {job.location |
	begun := [job | some job in record.approver_jobs; job.start <= record.decided_on]
	some job in assignment.current(record.decided_on, begun)
	job.role in data.requirements.approver_roles
} if {
	record.approver_jobs
} else := null
