"""The undecided decisions that Python must make itself, because no policy could be asked.

They never change access: their action is `none`, and a person settles them. Everything else that is undecided
(`facts_missing`) comes from the policy.
"""

from __future__ import annotations

from datetime import date

from icaccess.models import Decision, Reason


def invalid_record(employee_id: str, as_of: date, problem: str) -> Decision:
    """The answer for a record that is wrong in itself; `problem` is the one line that says where and what."""
    return _undecided(
        employee_id,
        as_of,
        Reason(
            "invalid_record",
            None,
            problem,
            "Correct the record in the system that it comes from; it is decided on the next run.",
        ),
    )


def no_decision(employee_id: str, as_of: date, problem: str) -> Decision:
    """The answer for a record on which OPA itself failed, alone; `problem` is OPA's own error."""
    return _undecided(
        employee_id,
        as_of,
        Reason(
            "no_decision",
            None,
            f"OPA could not decide on this record: {problem}",
            "Report this person's facts to whoever keeps the policy; until then access stays as it is.",
        ),
    )


def no_employee_record(holder_id: str, as_of: date) -> Decision:
    """The answer for somebody who holds access and is in no feed: absence from a feed is not departure."""
    return _undecided(
        holder_id,
        as_of,
        Reason(
            "no_employee_record",
            None,
            "Access is held by this id, and no source of facts has an employee record for it.",
            "Find out who this is: correct the feed or the id, or have the access removed by hand.",
        ),
    )


def _undecided(employee_id: str, as_of: date, reason: Reason) -> Decision:
    return Decision(
        employee_id=employee_id,
        as_of=as_of,
        outcome="undecided",
        reasons=(reason,),
        warnings=(),
        locations=(),
        expiry=None,
        requirements_met_on=None,
        grant_due_by=None,
        action="none",
        needs_consent=False,
        escalate=False,
        recheck_on=None,
        basis=None,
    )
