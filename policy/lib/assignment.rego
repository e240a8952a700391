# METADATA
# title: Assignments
# description: The jobs that a person holds, since when, and whether each is at a school.
package lib.assignment

import data.lib.dates
import data.lib.runs

# METADATA
# title: Current assignments
# description: >-
#   Of the assignments begun by the day, those that hold it; when none does, those that ended last, if at most
#   `between_assignments_days` lie strictly between that end and the day: a summer is not a change of job.
# custom:
#   clause: ES-9
current(day, assignments) := holding if {
	holding := [assignment | some assignment in assignments; not dates.ended_before(day, assignment)]
	holding != []
} else := [assignment |
	some assignment in assignments
	assignment.end == ended
] if {
	ended := max([assignment.end | some assignment in assignments])
	day <= dates.add_days(ended, data.requirements.between_assignments_days + 1)
} else := []

# METADATA
# title: School-based
# description: True for a job at a school, by its own word where it gives one, else by its location's type.
# custom:
#   clause: ES-3
school_based(assignment) if assignment.school_based == true

school_based(assignment) if {
	not _says_itself(assignment)
	data.locations[assignment.location].type in data.requirements.school_location_types
}

# METADATA
# title: Unknown location
# description: True where nobody can say whether the job is at a school, its location being in no list.
# custom:
#   clause: ES-3
unknown_location(assignment) if {
	not _listed(assignment.location)
	not _says_itself(assignment)
}

_listed(location) if is_string(data.locations[location].type)

_says_itself(assignment) if is_boolean(assignment.school_based)

# METADATA
# title: Start of the job
# description: The first day of the run of records with this assignment's role and location.
# custom:
#   clause: ES-9
held_from(assignment, assignments) := assignment.start if {
	count(assignments) == 1
} else := runs.start_of(
	[other |
		some other in assignments
		other.role == assignment.role
		other.location == assignment.location
	],
	assignment.start,
	data.requirements.between_assignments_days,
)
