"""One run over many employees: batches in, decisions out, and every employee accounted for."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec

from icaccess.errors import EngineError, RunVoidError, UsageError
from icaccess.models import DecisionJson, Employee, InvalidRecord, Unread
from icaccess.opa.answers import checked_decision, invalid_record, no_decision
from icaccess.opa.arguments import EmployeeLike, RecordLike, each_once, id_of
from icaccess.opa.bundles import Revisions
from icaccess.opa.transport import EvaluationError, Sidecars, TooSlowError, UnreachableError

MOST_SLOW = 30
"""A run ends after more requests than this without an answer in time; one slow record takes nine."""

_encode = msgspec.json.Encoder().encode
_encode_sorted = msgspec.json.Encoder(order="sorted").encode
_decode_many = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_NO_JSON = (TypeError, ValueError, OverflowError, RecursionError)
_OTHER_POLICY = "its policy is not this project's"


class BatchRun:
    """One run over many employees: one day, one policy, one state of the policy data."""

    def __init__(self, sidecars: Sidecars, at: date, revisions: Revisions | None) -> None:
        self._sidecars = sidecars
        self._at = at
        self._revisions = revisions
        self._slow = 0
        self._lock = threading.Lock()

    def decide(self, given: list[RecordLike]) -> list[DecisionJson]:
        """The answers for one batch, in its order."""
        batch = [record.read() if isinstance(record, Unread) else record for record in given]
        answers: dict[str, DecisionJson] = {}
        employees: dict[str, EmployeeLike] = {}
        for record in each_once(batch):
            if isinstance(record, InvalidRecord):
                answers[record.id] = _encode_sorted(invalid_record(record.id, self._at, record.problem))
            elif isinstance(record, Employee | Mapping):
                employees[id_of(record, "record")] = record
        answers |= self._decisions(employees)
        return [answers[id_of(record, "record")] for record in batch]

    def _decisions(self, employees: dict[str, EmployeeLike]) -> dict[str, DecisionJson]:
        if not employees:
            return {}
        body = question(self._at, employees=list(employees.values()))
        try:
            answer = self._sidecars.ask("access/decisions", body)
        except EvaluationError as error:
            if isinstance(error, TooSlowError):
                self._count_slow(error)
            if len(employees) == 1:
                return {one: self._undecided(one, error) for one in employees}
            some = list(employees.items())
            half = len(some) // 2
            return self._decisions(dict(some[:half])) | self._decisions(dict(some[half:]))
        self._believe(answer.provenance.revisions)
        try:
            decisions: dict[str, DecisionJson] = {**_decode_many(answer.result)}
        except msgspec.DecodeError as error:
            raise EngineError(f"OPA's answer holds no decisions ({error}): {_OTHER_POLICY}") from error
        if employees.keys() != decisions.keys():
            lost = sorted(employees.keys() - decisions.keys())
            extra = sorted(decisions.keys() - employees.keys())
            raise EngineError(
                f"OPA did not answer for exactly those sent (missing: {lost[:3]}, not sent: {extra[:3]}): "
                f"{_OTHER_POLICY}"
            )
        for one, decision in decisions.items():
            try:
                checked_decision(decision, one, self._at, held=is_held(employees[one]))
            except EvaluationError as error:
                decisions[one] = self._undecided(one, error)
        return decisions

    def _count_slow(self, error: TooSlowError) -> None:
        """Raise the error once there are too many for one slow record."""
        with self._lock:
            self._slow += 1
        if self._slow > MOST_SLOW:
            raise UnreachableError(str(error)) from error

    def _undecided(self, employee_id: str, error: EvaluationError) -> DecisionJson:
        return _encode_sorted(no_decision(employee_id, self._at, str(error)))

    def _believe(self, revisions: Revisions) -> None:
        with self._lock:
            self._revisions = self._revisions or revisions
        if revisions != self._revisions:
            raise RunVoidError(
                "OPA's policy changed during the run, which is void; run it again "
                f"(from {shown(self._revisions)} to {shown(revisions)})"
            )


def is_held(employee: EmployeeLike) -> bool:
    """Whether a record says that access is held now."""
    access: Any = employee.get("access") if isinstance(employee, Mapping) else employee.access
    held = access.get("held") if isinstance(access, Mapping) else getattr(access, "held", None)
    return held is True


def question(at: date, **asked: Any) -> bytes:
    """The body that asks OPA about the day `at`; `UsageError` for facts that JSON cannot hold."""
    try:
        return b'{"input":' + _encode({"as_of": at, **asked}) + b"}"
    except _NO_JSON as error:
        given = asked.get("employees", [asked.get("employee")])
        who = next((repr(id_of(one, "employee")) for one in given if not _fits_json(one)), "an employee")
        raise UsageError(f"the facts of {who} cannot be written as JSON: {error}; correct them") from error


def _fits_json(employee: EmployeeLike) -> bool:
    try:
        _encode(employee)
    except _NO_JSON:
        return False
    return True


def shown(revisions: Revisions) -> str:
    """Revisions as messages show them."""
    return f"policy {revisions.policy[:12] or 'unnamed'}, data {revisions.data[:12] or 'unnamed'}"
