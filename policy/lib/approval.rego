# METADATA
# title: Approvals
# description: Which jobs an approver's decision is for, and whether the approver may make it.
package lib.approval

import data.lib.assignment

# METADATA
# title: Names an assignment
# description: True when the record's role and location, where given, are the assignment's.
# custom:
#   clause: ES-6
names(approval, assignment) if {
	object.subset(assignment, object.filter(approval, ["role", "location"]))
}

# METADATA
# title: Authorised
# description: The approver is somebody else, and had a listed role on the day of the decision.
# custom:
#   clause: ES-6
authorised(approval, employee_id) if {
	approval.approver != employee_id
	some role in roles(approval)
	role in data.requirements.approver_roles
}

# METADATA
# title: Unverified
# description: The approver is somebody else, and nobody can say what role they had on the day of the decision.
# custom:
#   clause: ES-6
unverified(approval, employee_id) if {
	approval.approver != employee_id
	not _known(approval)
}

# METADATA
# title: Roles of an approver
# description: >-
#   Those of the jobs that the approver held on the day of the decision, found as an employee's are; the role that the
#   source vouches for where it gives no jobs.
# custom:
#   clause: ES-6
roles(approval) := [job.role | some job in assignment.current(approval.decided_on, _begun(approval))] if {
	approval.approver_jobs
} else := [approval.approver_role] if {
	approval.approver_role
} else := []

# HR says nothing of somebody none of whose jobs had begun by then: its export may reach back less far.
_known(approval) if _begun(approval) != []

_known(approval) if {
	not _has_jobs(approval)
	approval.approver_role
}

_has_jobs(approval) if approval.approver_jobs

_begun(approval) := [job | some job in approval.approver_jobs; job.start <= approval.decided_on]
