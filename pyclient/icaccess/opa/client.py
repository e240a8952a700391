"""The client: asks OPA for decisions, and accounts for every employee.

>>> with AccessClient("http://127.0.0.1:8181", token="…") as client:
...     decision = client.decide(employee, date(2025, 9, 10))

Nothing here judges. What OPA answers is handed on as it is; what OPA does not answer is an error, and never a
"deny". A single record on which OPA fails, or whose answer contradicts itself, is undecided.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date
from typing import Any, TypeVar

import msgspec

from icaccess.batches import batches, ordered_map
from icaccess.config import Secret
from icaccess.config.auth import Bearer
from icaccess.errors import EngineError, RunVoidError, UsageError
from icaccess.http import HttpClient
from icaccess.models import (
    ApprovalElsewhere,
    ApprovalsDue,
    ClauseExplanation,
    Decision,
    DecisionJson,
    InvalidRecord,
)
from icaccess.opa.answers import checked_decision, invalid_record, no_decision
from icaccess.opa.arguments import (
    EmployeeLike,
    RecordLike,
    are_texts,
    each_once,
    expect,
    expect_certificates,
    expect_day,
    expect_many,
    expect_sources,
    expect_url,
    id_of,
    is_count,
    is_seconds,
)
from icaccess.opa.batch_run import BatchRun, is_held, question, shown
from icaccess.opa.bundles import Revisions
from icaccess.opa.transport import EvaluationError, Sidecars, SidecarStatus

BATCH = 250
"""Employees in one request, by measurement (docs/performance.md)."""
_MOST_CONNECTIONS = 1_000
LEAST = 50
"""Fewer are not divided over several requests: in a small one each person costs OPA more."""

_Answer = TypeVar("_Answer")

_decode = msgspec.json.Decoder(Decision).decode
_HEADERS = {
    "Content-Type": "application/json",
    "Accept": "application/json",
    # A sidecar is near: to have OPA compress its answers costs more than to carry them.
    "Accept-Encoding": "identity",
}


class AccessClient(AbstractContextManager["AccessClient"]):
    """Decisions from one OPA sidecar, or from several that hold the same policy; threads may share it.

    `token` is the bearer token that OPA was set up with, sent over https or to this machine itself; `timeout`
    the seconds that one request may take. `ca` is a file of trusted certificates for https, and `cert` the
    client's certificate and key for mutual TLS. Several URLs share the batches; one that dies costs a retry.

    `UsageError` says what is wrong with an argument, before OPA is asked. Everything else that fails is an
    `EngineError`. Either message is one line.
    """

    def __init__(
        self,
        url: str | Sequence[str],
        token: str | None = None,
        timeout: float = 30.0,
        *,
        ca: str | None = None,
        cert: tuple[str, str] | None = None,
        batch: int = BATCH,
        connections: int | None = None,
    ) -> None:
        urls = [url] if isinstance(url, str) else url
        expect(are_texts(urls), "url", "a URL of OPA, or a list of them", url)
        if not urls:
            raise UsageError("no URL of OPA was given")
        if token is not None and not isinstance(token, str):  # a secret is not shown
            raise UsageError(f"token: must be a text, and is of type {type(token).__name__}")
        if token is not None and not (token.isascii() and token.isprintable()):
            raise UsageError(
                "token: the token for OPA holds a character that an HTTP header cannot carry: correct it"
            )
        for one in urls:
            expect_url(one, with_token=token is not None)
        if not is_seconds(timeout):
            raise UsageError(f"timeout: {timeout!r} is not a number of seconds above 0, at most a day")
        expect_certificates(ca, cert)
        expect(is_count(batch), "batch", "a number of employees from 1", batch)
        fits = connections is None or (is_count(connections) and connections <= _MOST_CONNECTIONS)
        expect(fits, "connections", f"a number from 1 to {_MOST_CONNECTIONS}", connections)
        # As many in flight as OPA has cores keeps it busy; one more covers the time in which the client
        # encodes the next batch. OPA is taken to have as many as this machine.
        self._connections = (connections or (os.cpu_count() or 1) + 1) * len(urls)
        self._batch = batch
        self._closed = False
        auth = None if token is None else Bearer(token=Secret(token))
        # Room for two sets of questions that are asked side by side.
        self._http = HttpClient(
            auth, timeout=timeout, ca=ca, cert=cert, headers=_HEADERS, connections=2 * self._connections
        )
        self._sidecars = Sidecars(urls, self._http)

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; nothing more can be asked."""
        self._closed = True
        self._http.close()

    def ready(self) -> bool:
        """Whether at least one sidecar answers and has its bundles loaded."""
        self._check_open()
        return any(self._sidecars.healthy(url) for url in self._sidecars.urls)

    def status(self) -> list[SidecarStatus]:
        """What each sidecar says of itself, in the order of the URLs."""
        self._check_open()
        return [self._status(url) for url in self._sidecars.urls]

    def _status(self, url: str) -> SidecarStatus:
        ready = self._sidecars.healthy(url)
        body = question(date(2000, 1, 1), employees=[])
        try:
            provenance = self._sidecars.ask_one(url, "access/decisions", body).provenance
        except EngineError as error:
            return SidecarStatus(url, ready, None, None, str(error))
        return SidecarStatus(url, ready, provenance.version, provenance.revisions, None)

    def revisions(self) -> Revisions:
        """The policy and the policy data that decide now.

        Raises `EngineError` when no sidecar answers, `RunVoidError` when two of them hold different ones.
        """
        statuses = self.status()
        found = {status.revisions: status.url for status in statuses if status.revisions is not None}
        if not found:
            raise EngineError("; ".join(status.problem or "" for status in statuses))
        if len(found) > 1:
            held = ", ".join(f"{url} has {shown(revisions)}" for revisions, url in found.items())
            raise RunVoidError(f"the sidecars hold different policies: {held}")
        return next(iter(found))

    def decide(self, employee: EmployeeLike | InvalidRecord, at: date) -> Decision:
        """The decision for one employee on the day `at`.

        `employee` may be a mapping in the shape that docs/facts.md gives. Where anything but its id is wrong,
        the decision is undecided.
        """
        asked = id_of(employee, "employee")
        self._check(at)
        if isinstance(employee, InvalidRecord):
            return invalid_record(asked, at, employee.problem)
        try:
            answer = self._ask("access/decision", question(at, employee=employee))
            return checked_decision(answer, asked, at, held=is_held(employee))
        except EvaluationError as error:
            return no_decision(asked, at, str(error))

    def decide_many(
        self, records: Iterable[RecordLike], at: date, *, revisions: Revisions | None = None
    ) -> Iterator[Decision]:
        """The decisions for all `records` on the day `at`, in their order, as they come.

        Records are read only some batches ahead; only their ids stay in memory. Every record is answered
        exactly once, and an id that stands twice is a `UsageError`. Raises `EngineError` when OPA's policy or
        policy data changes in the middle, or are not `revisions` where those are given: what came before is
        then void.
        """
        expect_many(records, "records")
        given: Iterable[RecordLike] = each_once(records)
        if isinstance(records, Sequence):
            given = list(given)  # all are looked at before the first is asked about
        answers = self.decide_json(given, at, revisions=revisions)
        return (_decode(answer) for answer in answers)

    def decide_json(
        self, records: Iterable[RecordLike], at: date, *, revisions: Revisions | None = None
    ) -> Iterator[DecisionJson]:
        """The same as `decide_many`, each decision as the JSON that OPA wrote, its keys sorted by name.

        The ids are compared within a batch only.
        """
        self._check(at)
        expect_many(records, "records")
        expect(revisions is None or isinstance(revisions, Revisions), "revisions", "Revisions", revisions)
        self._sidecars.refresh()
        run = BatchRun(self._sidecars, at, revisions)
        size = self._batch
        if isinstance(records, Sequence):
            # Few people are spread over all the connections, so that every core of OPA has some.
            size = min(size, max(LEAST, -(-len(records) // self._connections)))
        decided = ordered_map(run.decide, batches(records, size), self._connections)
        return (answer for answers in decided for answer in answers)

    def explain(self, employee: EmployeeLike, at: date) -> list[ClauseExplanation]:
        """Clause by clause, what the policy says of one employee on the day `at`, in the clauses' order."""
        asked = id_of(employee, "employee")
        self._check(at)
        try:
            answer = self._ask("access/explanation", question(at, employee=employee))
            return msgspec.json.decode(answer, type=list[ClauseExplanation])
        except (EvaluationError, msgspec.DecodeError) as error:
            raise EngineError(f"OPA could not explain the decision on {asked!r}: {str(error)!r}") from error

    def evidence(
        self, employees: Iterable[EmployeeLike], at: date, sources: Mapping[str, Sequence[str]] | None = None
    ) -> Iterator[tuple[str, tuple[str, ...]]]:
        """What has gone, on the day `at`, of the evidence on which access rested, by id: a sentence each.

        People who lost no evidence are left out. `sources` holds the names of the sources of each list of
        facts, for the sentences to name: `{"certifications": ["lms"]}`.
        """
        if sources is not None:
            expect_sources(sources)
        found = self._by_id("evidence", employees, at, dict[str, tuple[_Gone, ...]], sources=sources or {})
        return ((one, tuple(part.message for part in gone)) for one, gone in found)

    def approvals_due(
        self, employees: Iterable[EmployeeLike], at: date
    ) -> Iterator[tuple[str, ApprovalsDue]]:
        """Who waits for an approval on the day `at`, and who may give one, by id; nobody else is named."""
        return self._by_id("approvals_due", employees, at, dict[str, ApprovalsDue])

    def approved_elsewhere(
        self, employees: Iterable[EmployeeLike], at: date
    ) -> Iterator[tuple[str, tuple[ApprovalElsewhere, ...]]]:
        """Who is allowed on the day `at`, and not by their own location's Principal or Manager, by id (ES-6).

        Where nobody says at which location the approver worked, the person is among them.
        """
        return self._by_id("approved_elsewhere", employees, at, dict[str, tuple[ApprovalElsewhere, ...]])

    def _by_id(
        self,
        name: str,
        employees: Iterable[EmployeeLike],
        at: date,
        shape: type[dict[str, _Answer]],
        **asked: Any,
    ) -> Iterator[tuple[str, _Answer]]:
        """What an entry point answers about many, by id; wrong arguments are errors at once."""
        self._check(at)
        expect_many(employees, "employees")

        def answers() -> Iterator[tuple[str, _Answer]]:
            for batch in batches(each_once(employees), self._batch):
                try:
                    answer = self._ask(f"access/{name}", question(at, employees=batch, **asked))
                    yield from msgspec.json.decode(answer, type=shape).items()
                except (EvaluationError, msgspec.DecodeError) as error:
                    raise EngineError(f"OPA could not answer {name}: {str(error)!r}") from error

        return answers()

    def due_after(self, day: date) -> date | None:
        """The day by which what is asked for on `day` is to be done (ES-7); None where none is known."""
        self._check(day, "day")
        return msgspec.json.decode(self._ask("access/due_after", question(day)), type=date | None)

    def _ask(self, path: str, body: bytes) -> msgspec.Raw:
        return self._sidecars.ask(path, body).result

    def _check(self, at: date, name: str = "at") -> None:
        self._check_open()
        expect_day(at, name)

    def _check_open(self) -> None:
        if self._closed:
            raise UsageError("the client was closed: open another one")


class _Gone(msgspec.Struct, frozen=True):
    message: str
