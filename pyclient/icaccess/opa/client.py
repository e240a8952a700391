"""The client: asks OPA for decisions, and accounts for every employee.

>>> with AccessClient("http://127.0.0.1:8181", token="…") as client:
...     decision = client.decide(employee, date(2025, 9, 10))

Nothing here judges. What OPA answers is handed on as it is; what OPA does not answer is an error, and never a
"deny" (the one exception, a single record on which OPA fails, is undecided).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import urlsplit

import msgspec

from icaccess.batches import batches, ordered_map
from icaccess.errors import EngineError, RunVoidError, UsageError
from icaccess.models import (
    AnyRecord,
    ClauseExplanation,
    Decision,
    DecisionJson,
    Employee,
    InvalidRecord,
    Record,
    Unread,
)
from icaccess.opa.transport import EvaluationError, Revisions, Sidecars
from icaccess.opa.undecided import invalid_record, no_decision

BATCH = 250
"""Employees in one request, by measurement (docs/performance.md)."""
LEAST = 50
"""Fewer are not divided over several requests: in a small one each person costs OPA more."""

Item = TypeVar("Item")
Result = TypeVar("Result")

_encode = msgspec.json.Encoder().encode
_encode_sorted = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.Decoder(Decision).decode


class SidecarStatus(msgspec.Struct, frozen=True):
    """What one sidecar says of itself; `problem` is null when it decides as it should."""

    url: str
    ready: bool
    version: str | None
    revisions: Revisions | None
    problem: str | None


class AccessClient:
    """Decisions from one OPA sidecar, or from several that hold the same policy.

    `token` is the bearer token that OPA was set up with; `timeout` the seconds that one request may take.
    `verify` is a CA file for https, and `cert` the client's certificate and key for mutual TLS. Several URLs
    share the batches; one that dies costs a retry. Errors are `EngineError`, with a message of one line.
    """

    def __init__(
        self,
        url: str | Sequence[str],
        token: str | None = None,
        timeout: float = 30.0,
        *,
        verify: str | bool = True,
        cert: tuple[str, str] | None = None,
        batch: int = BATCH,
        connections: int | None = None,
    ) -> None:
        urls = [url] if isinstance(url, str) else list(url)
        if not urls:
            raise UsageError("no URL of OPA was given")
        for one in urls:
            if _names_somebody(one):
                raise UsageError(
                    "a URL of OPA carries a user or password: leave them out, and give the token"
                )
        if token is not None and not (token.isascii() and token.isprintable()):
            raise UsageError(
                "the token for OPA holds a character that an HTTP header cannot carry: correct it"
            )
        # As many in flight as OPA has cores keeps it busy; one more covers the time in which the client
        # encodes the next batch. OPA is taken to have as many as this machine.
        self._connections = (connections or (os.cpu_count() or 1) + 1) * len(urls)
        self._batch = batch
        self._sidecars = Sidecars(urls, token, timeout, self._connections, verify, cert)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._sidecars.close()

    def ready(self) -> bool:
        """Whether at least one sidecar answers and has its bundles loaded."""
        return any(self._sidecars.healthy(url) for url in self._sidecars.urls)

    def status(self) -> list[SidecarStatus]:
        """What each sidecar says of itself, in the order of the URLs."""
        return [self._status(url) for url in self._sidecars.urls]

    def _status(self, url: str) -> SidecarStatus:
        ready = self._sidecars.healthy(url)
        try:
            _, provenance = self._sidecars.ask_one(
                url, "access/decisions", _body(date.min, []), dict[str, msgspec.Raw]
            )
        except EngineError as error:
            return SidecarStatus(url, ready, None, None, str(error))
        return SidecarStatus(url, ready, provenance.version, provenance.revisions, None)

    def revisions(self) -> Revisions:
        """The policy and the policy data that decide now.

        Raises `EngineError` when no sidecar answers, `RunVoidError` when two of them hold different ones.
        """
        found: dict[Revisions, str] = {}
        problems = []
        for status in self.status():
            if status.revisions is not None:
                found[status.revisions] = status.url
            if status.problem is not None:
                problems.append(status.problem)
        if not found:
            raise EngineError("; ".join(problems))
        if len(found) > 1:
            held = ", ".join(f"{url} has {_short(revisions)}" for revisions, url in found.items())
            raise RunVoidError(f"the sidecars hold different policies: {held}")
        return next(iter(found))

    def decide(self, employee: Record, at: date) -> Decision:
        """The decision for one employee on the day `at`."""
        if isinstance(employee, InvalidRecord):
            return invalid_record(employee.id, at, employee.problem)
        body = b'{"input":' + _encode({"as_of": at, "employee": employee}) + b"}"
        try:
            decision, _ = self._sidecars.ask("access/decision", body, Decision)
        except EvaluationError as error:
            return no_decision(employee.id, at, str(error))
        return decision

    def decide_many(
        self, records: Iterable[AnyRecord], at: date, *, revisions: Revisions | None = None
    ) -> Iterator[Decision]:
        """The decisions for all `records` on the day `at`, in their order, as they come.

        Records are read only some batches ahead, so memory does not grow with their number. Every record is
        answered exactly once. Raises `EngineError` when OPA's policy or policy data changes in the middle, or
        are not `revisions` where those are given: what came before is then void.
        """
        for answer in self.decide_json(records, at, revisions=revisions):
            try:
                yield _decode(answer)
            except msgspec.DecodeError as error:
                raise EngineError(
                    f"OPA answered with what is no decision ({error}): its policy is not this project's"
                ) from error

    def decide_json(
        self, records: Iterable[AnyRecord], at: date, *, revisions: Revisions | None = None
    ) -> Iterator[DecisionJson]:
        """The same as `decide_many`, each decision as the JSON that OPA wrote, its keys sorted by name."""
        self._sidecars.refresh()
        run = _Run(self._sidecars, at, revisions)
        size = self._batch
        if isinstance(records, Sequence):
            # Few people are spread over all the connections, so that every core of OPA has some.
            size = min(size, max(LEAST, -(-len(records) // self._connections)))
        for answers in ordered_map(run.decide, batches(records, size), self._connections):
            yield from answers

    def explain(self, employee: Employee, at: date) -> list[ClauseExplanation]:
        """Clause by clause, what the policy says of one employee on the day `at`, in the clauses' order."""
        body = b'{"input":' + _encode({"as_of": at, "employee": employee}) + b"}"
        try:
            explanation, _ = self._sidecars.ask("access/explanation", body, list[ClauseExplanation])
        except EvaluationError as error:
            raise EngineError(f"OPA could not explain the decision on {employee.id}: {error}") from error
        return explanation

    def due_after(self, day: date) -> date | None:
        """The day by which what is asked for on `day` is to be done (ES-7); None where none is known."""
        body = b'{"input":' + _encode({"as_of": day}) + b"}"
        due, _ = self._sidecars.ask("access/due_after", body, msgspec.Raw)
        return msgspec.json.decode(due, type=date | None)


class _Run:
    """One run over many employees: one day, one policy, one state of the policy data."""

    def __init__(self, sidecars: Sidecars, at: date, revisions: Revisions | None) -> None:
        self._sidecars = sidecars
        self._at = at
        self._revisions = revisions
        self._lock = threading.Lock()

    def decide(self, given: list[AnyRecord]) -> list[DecisionJson]:
        """The answers for one batch, in its order."""
        batch = [record.read() if isinstance(record, Unread) else record for record in given]
        answers = self._ask([record for record in batch if isinstance(record, Employee)])
        return [
            answers[record.id]
            if isinstance(record, Employee)
            else _encode_sorted(invalid_record(record.id, self._at, record.problem))
            for record in batch
        ]

    def _ask(self, employees: list[Employee]) -> dict[str, DecisionJson]:
        if not employees:
            return {}
        try:
            answers, provenance = self._sidecars.ask(
                "access/decisions", _body(self._at, employees), dict[str, msgspec.Raw]
            )
        except EvaluationError as error:
            if len(employees) == 1:
                only = employees[0].id
                return {only: _encode_sorted(no_decision(only, self._at, str(error)))}
            half = len(employees) // 2
            return self._ask(employees[:half]) | self._ask(employees[half:])
        revisions = provenance.revisions
        with self._lock:
            self._revisions = self._revisions or revisions
        if revisions != self._revisions:
            raise RunVoidError(
                "OPA's policy changed within the run, which is void; run it again "
                f"(from {_short(self._revisions)} to {_short(revisions)})"
            )
        sent = {employee.id for employee in employees}
        if len(sent) != len(employees):
            raise UsageError("an employee id stands twice in the facts: nobody can say whose record it is")
        if sent != answers.keys():
            lost, extra = sorted(sent - answers.keys()), sorted(answers.keys() - sent)
            raise EngineError(
                f"OPA did not answer for exactly those asked (missing: {lost[:3]}, not asked: {extra[:3]}): "
                "its policy is not this project's"
            )
        return answers  # type: ignore[return-value]  # dict is invariant; nobody writes to it


def _names_somebody(url: str) -> bool:
    """Whether a URL carries a user or password; what is no URL at all is said when it is asked."""
    try:
        return "@" in urlsplit(url).netloc
    except ValueError:
        return False


def _body(at: date, employees: list[Employee]) -> bytes:
    return b'{"input":' + _encode({"as_of": at, "employees": employees}) + b"}"


def _short(revisions: Revisions) -> str:
    return f"policy {revisions.policy[:12] or 'unnamed'}, data {revisions.data[:12] or 'unnamed'}"
