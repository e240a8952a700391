package access

import data.lib.settings

# METADATA
# title: Approvals due
# description: >-
#   Who waits for an approval, and who may give one, of `input.employees` on `input.as_of`, by employee id: `asked_at`,
#   the locations of somebody for whom nothing but an approval is missing, and `approves_at`, the locations at which
#   somebody may approve. Those who have neither are left out.
# entrypoint: true
# custom:
#   clause: ES-6
approvals_due := {employee.id: due |
	settings.sound
	some employee in _identified
	_judgeable(_asked.as_of, employee)
	found := findings(_asked.as_of, employee)
	met("employment", found)
	due := {"asked_at": _asked_at(found), "approves_at": _approves_at(found)}
	due != {"asked_at": set(), "approves_at": set()}
}

_asked_at(found) := {job.location | some job in found.eligible_jobs} if {
	not met("approval", found)
	every requirement in object.keys(requirements) - {"approval"} { met(requirement, found) }
} else := set()

_approves_at(found) := {job.location |
	some job in found.current_jobs
	job.role in data.requirements.approver_roles
}
