"""Compares an answer with its question: whom it is about, for which day, and whether its parts agree.

Only the structure is looked at. Which facts grant access, and why, is OPA's to say.
"""

from __future__ import annotations

from datetime import date

import msgspec

from icaccess.models import Decision

_decode = msgspec.json.Decoder(Decision).decode
_ACTIONS = {
    ("allow", False): ("grant",),
    ("allow", True): ("keep", "update"),
    ("deny", True): ("revoke",),
    ("expired", True): ("revoke",),
}
"""The actions that go with an outcome and with whether access is held; others are `none`."""


def decision_problem(answer: bytes | msgspec.Raw, asked: str, at: date, *, held: bool) -> str | None:
    """Why an answer is no decision on the employee `asked` on the day `at`; None when it is one."""
    try:
        decision = _decode(answer)
    except msgspec.DecodeError as error:
        return f"its answer is no decision ({error})"
    if decision.employee_id != asked:
        return f"its answer is about {decision.employee_id!r}"
    if decision.as_of != at:
        return f"its answer is for {decision.as_of}"
    outcome, action = decision.outcome, decision.action
    if action not in _ACTIONS.get((outcome, held), ("none",)):
        return (
            f"its answer is {outcome} with the action {action}, while access is {'' if held else 'not '}held"
        )
    if (outcome == "allow") is bool(decision.reasons):
        return f"its answer is {outcome} {'with' if decision.reasons else 'without'} a reason"
    if decision.needs_consent and action != "revoke":
        return f"its answer needs a consent for the action {action}"
    return None
