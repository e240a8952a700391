# METADATA
# title: Assignments
# description: The jobs that a person holds, since when, and whether each is at a school.
package lib.assignment

import data.lib.dates

# METADATA
# description: >-
#   Of the assignments begun by the day, those that hold it, or else those that ended last; in a summer also those that
#   paused in it.
current(day, assignments) := assignments if {
	_ended(day, assignments) == []
} else := array.concat(held, [job | some job in _paused(day, summer(day), assignments); not job in held]) if {
	held := _held(day, assignments)
}

_ended(day, assignments) := [job | some job in assignments; job.end < day]

# Where none holds the day, those that ended last, if at most `between_assignments_days` lie strictly between.
_held(day, assignments) := holding if {
	ended := _ended(day, assignments)
	holding := [job | some job in assignments; not job in ended]
	holding != []
} else := [job | some job in assignments; job.end == last] if {
	last := max([job.end | some job in assignments])
	day <= dates.add_days(last, data.requirements.between_assignments_days + 1)
} else := []

# Those that ended in the summer before the day, unless a job that lasts past the summer began in it.
_paused(day, in_summer, assignments) := paused if {
	from := in_summer.from
	paused := [job | some job in assignments; job.end >= from; job.end < day]
	paused != []
	not _began_to_last(in_summer, assignments)
} else := []

_began_to_last(in_summer, assignments) if {
	some job in assignments
	dates.last_day(job) > in_summer.through
	held_from(job, assignments) >= in_summer.from
}

# METADATA
# description: The summer that holds the day; null on other days, and where policy data knows of no summer.
summer(day) := {"from": from, "through": through} if {
	year := substring(day, 0, 5)
	from := concat("", [year, data.requirements.summer.from])
	through := concat("", [year, data.requirements.summer.through])
	from <= day
	day <= through
} else := null

# METADATA
# description: True for a job that says it is at a school, and for one that does not say where its location is a school.
school_based(assignment) if assignment.school_based == true

school_based(assignment) if {
	not _says_itself(assignment)
	data.locations[assignment.location].type in data.requirements.school_location_types
}

# METADATA
# description: True for a job that does not say whether it is at a school, at a location that is not in the list.
unknown_location(assignment) if {
	not _listed(assignment.location)
	not _says_itself(assignment)
}

_listed(location) if is_string(data.locations[location].type)

_says_itself(assignment) if is_boolean(assignment.school_based)

# METADATA
# description: The first day of the run of records with this assignment's role and location.
held_from(assignment, assignments) := assignment.start if {
	count(assignments) == 1
} else := dates.run_start(
	assignment.start,
	[other | some other in assignments; other.role == assignment.role; other.location == assignment.location],
	data.requirements.between_assignments_days,
)
