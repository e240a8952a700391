# METADATA
# title: Approvals
# description: Whether an approver's word was given by somebody who may, for this job, and in time.
package lib.approval

import data.lib.dates

# METADATA
# title: Authorised
# description: True when the approver's role is listed and the approver is not the employee.
# custom:
#   clause: ES-6
authorised(approval, employee_id) if {
	approval.approver_role in data.requirements.approver_roles
	approval.approver != employee_id
}

# METADATA
# title: Names an assignment
# description: True when the record's role and location, where given, are the assignment's.
# custom:
#   clause: ES-6
names(approval, assignment) if {
	object.get(approval, "role", assignment.role) == assignment.role
	object.get(approval, "location", assignment.location) == assignment.location
}

# METADATA
# title: Timely
# description: >-
#   True when the approval reaches a job held from `from`: it was given on that day or later, or the job began
#   before the rule did.
# custom:
#   clause: ES-9
timely(approval, from) if approval.decided_on >= from

timely(_, from) if from < data.requirements.job_change_rule_from

# METADATA
# title: In advance
# description: >-
#   True when the approval reaches a job that begins on `from`, being by role and location and shortly before, and
#   after `departed_on`, the last day of every earlier employment (an empty string where there is none).
# custom:
#   clause: ES-9
in_advance(approval, from, departed_on) if {
	is_string(approval.role)
	is_string(approval.location)
	approval.decided_on > departed_on
	approval.decided_on >= dates.add_days(from, 0 - data.requirements.approval_lead_days)
}
