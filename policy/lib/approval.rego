# METADATA
# title: Approvals
# description: Which jobs an approver's word is for, and whether it was given shortly before one began.
package lib.approval

import data.lib.dates

# METADATA
# title: Names an assignment
# description: True when the record's role and location, where given, are the assignment's.
# custom:
#   clause: ES-6
names(approval, assignment) if {
	object.subset(assignment, object.filter(approval, ["role", "location"]))
}

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
