# METADATA
# title: Approvals
# description: Which jobs an approver's decision is for, and whether the approver may make it.
package lib.approval

import data.lib.assignment

# METADATA
# description: True when the record's role and location, where given, are the assignment's.
names(approval, assignment) if {
	object.subset(assignment, object.filter(approval, ["role", "location"]))
}

# METADATA
# description: The approver is somebody else and had a listed role on the day of the decision.
authorised(approval, employee_id) if {
	approval.approver != employee_id
	some role in roles(approval)
	role in data.requirements.approver_roles
}

# METADATA
# description: The approver is somebody else, and no source says what role they had on the day of the decision.
unverified(approval, employee_id) if {
	approval.approver != employee_id
	not _known(approval)
}

# METADATA
# description: >-
#   The roles of the jobs that the approver held on the day of the decision, found as an employee's are. Where no jobs
#   are given, the role that the source vouches for.
roles(approval) := [job.role | some job in assignment.current(approval.decided_on, _begun(approval))] if {
	approval.approver_jobs
} else := [approval.approver_role] if {
	approval.approver_role
} else := []

# An approver none of whose jobs had begun by then is unknown: HR's export may not reach back that far.
_known(approval) if _begun(approval) != []

_known(approval) if {
	not _has_jobs(approval)
	approval.approver_role
}

_has_jobs(approval) if approval.approver_jobs

_begun(approval) := [job | some job in approval.approver_jobs; job.start <= approval.decided_on]
