"""Turns an answer into a decision that agrees with its question, or into an undecided one made here.

This module checks only the structure. OPA alone says which facts grant access, and why. The decisions made
here are undecided, because OPA could not decide: they never change access, and a person settles them. Every
other undecided outcome (`facts_missing`) comes from the policy.
"""

from __future__ import annotations

from datetime import date

import msgspec

from icaccess.models import Decision, Reason
from icaccess.opa.transport import EvaluationError

_decode = msgspec.json.Decoder(Decision).decode
_ACTIONS = {
    ("allow", False): ("grant",),
    ("allow", True): ("keep", "update"),
    ("deny", True): ("revoke",),
    ("expired", True): ("revoke",),
}
"""The actions for an outcome and for whether access is held; others are `none`."""


def checked_decision(answer: bytes | msgspec.Raw, asked: str, at: date, *, held: bool) -> Decision:
    """The decision on the employee `asked` on the day `at`; `EvaluationError` for an unusable answer."""
    try:
        decision = _decode(answer)
    except msgspec.DecodeError as error:
        raise EvaluationError(f"its answer is not a decision ({error})") from error
    outcome, action = decision.outcome, decision.action
    if decision.employee_id != asked:
        problem = f"about {decision.employee_id!r}"
    elif decision.as_of != at:
        problem = f"for {decision.as_of}"
    elif action not in _ACTIONS.get((outcome, held), ("none",)):
        problem = f"{outcome} with the action {action}, while access is {'' if held else 'not '}held"
    elif (outcome == "allow") is bool(decision.reasons):
        problem = f"{outcome} {'with' if decision.reasons else 'without'} a reason"
    elif decision.needs_consent and action != "revoke":
        raise EvaluationError(f"its answer needs a consent for the action {action}")
    else:
        return decision
    raise EvaluationError(f"its answer is {problem}")


def invalid_record(employee_id: str, as_of: date, problem: str) -> Decision:
    """The answer for an invalid record; `problem` is the one line that says where and what."""
    remedy = "Correct the record in its source system; the next run decides it."
    return _undecided(employee_id, as_of, "invalid_record", problem, remedy)


def no_decision(employee_id: str, as_of: date, problem: str) -> Decision:
    """The answer for the one record on which OPA itself failed; `problem` is OPA's own error."""
    message = f"OPA could not decide on this record: {problem}"
    remedy = "Report this person's facts to the policy's maintainers; until then access does not change."
    return _undecided(employee_id, as_of, "no_decision", message, remedy)


def no_employee_record(holder_id: str, as_of: date) -> Decision:
    """The answer for a person who holds access and is in no feed: absence from a feed is not departure."""
    message = "This id holds access, and no source of facts has an employee record for it."
    remedy = "Find out who this is: correct the feed or the id, or have the access removed by hand."
    return _undecided(holder_id, as_of, "no_employee_record", message, remedy)


def _undecided(employee_id: str, as_of: date, code: str, message: str, remedy: str) -> Decision:
    return Decision(
        employee_id=employee_id,
        as_of=as_of,
        outcome="undecided",
        reasons=(Reason(code, None, message, remedy),),
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
