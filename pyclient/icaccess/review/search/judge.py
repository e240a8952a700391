"""What OPA decides of made-up people: under one version or two, many at a time, whatever their facts are."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import msgspec

from icaccess.errors import EngineError
from icaccess.models import Employee
from icaccess.opa.client import AccessClient
from icaccess.review.search.facts import ME, EmployeeFacts

_encode = msgspec.json.Encoder().encode
_ME = _encode(ME)


class Made(msgspec.Struct, frozen=True):
    """Somebody made up, and the day to decide on."""

    facts: EmployeeFacts
    at: str


class _Code(msgspec.Struct, frozen=True):
    code: str | None = None


class _State(msgspec.Struct, frozen=True):
    state: str | None = None


class Seen(msgspec.Struct, frozen=True):
    """The parts of a decision by which the search tells one kind of decision from another."""

    outcome: str | None = None
    reasons: tuple[_Code, ...] = ()
    warnings: tuple[str, ...] = ()
    locations: tuple[str, ...] = ()
    expiry: _State | None = None
    requirements_met_on: str | None = None
    grant_due_by: str | None = None
    action: str | None = None
    needs_consent: bool = False
    escalate: bool = False
    recheck_on: str | None = None

    @property
    def shape(self) -> tuple[object, ...]:
        """What is told apart: everything but days and places, of which only whether there are some."""
        return (
            *(self.outcome, tuple(reason.code for reason in self.reasons), self.warnings),
            *(min(len(self.locations), 2), self.expiry and self.expiry.state, self.action),
            *(self.requirements_met_on is None, self.grant_due_by is None, self.recheck_on is None),
            *(self.needs_consent, self.escalate),
        )


_seen = msgspec.json.Decoder(Seen).decode
UNDEFINED = b'{"outcome":null}'
"""Stands for a decision that the policy does not give: it is undefined for these facts."""


def seen(decision: bytes) -> Seen:
    """The parts of a decision that tell its kind."""
    return _seen(decision)


class Judge:
    """Decisions by one version, or by two at the same time, as JSON in the order of the people."""

    def __init__(self, *clients: AccessClient) -> None:
        self._clients = clients
        self._pool = ThreadPoolExecutor(len(clients), thread_name_prefix="judge")
        self.pairs = 0
        """How many people have been decided, each by every version."""

    def close(self) -> None:
        """End the threads that ask."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def met(self, made: Made) -> int:
        """How many clauses somebody meets by the first version's explanation; none where it has none."""
        try:
            clauses = self._clients[0].explain(_employee(made.facts, 0), date.fromisoformat(made.at))
        except EngineError:
            return 0
        return sum(clause.met is True for clause in clauses)

    def decide(self, people: Sequence[Made]) -> list[tuple[bytes, ...]]:
        """For each of `people`, what each version decides, in the order of the versions.

        Raises `EngineError` when an OPA does not answer any more.
        """
        by_day: dict[str, list[int]] = {}
        for place, made in enumerate(people):
            by_day.setdefault(made.at, []).append(place)
        employees = [_employee(made.facts, place) for place, made in enumerate(people)]

        def ask(client: AccessClient) -> list[bytes]:
            found = [b""] * len(people)
            for day, places in by_day.items():
                at = date.fromisoformat(day)
                answers = _ask(client, [employees[place] for place in places], at)
                for place, answer in zip(places, answers, strict=True):
                    found[place] = answer
            return found

        answers = list(self._pool.map(ask, self._clients))
        self.pairs += len(people)
        return list(zip(*answers, strict=True))


def _employee(facts: EmployeeFacts, place: int) -> Employee:
    """The facts as the client sends them, right or wrong, under an id that nobody else in the batch has."""
    ident = str(place)
    mine = _encode(ident)
    fields: dict[str, Any] = {
        name: msgspec.Raw(_encode(value).replace(_ME, mine)) for name, value in facts.items() if name != "id"
    }
    if "access" in fields:  # the client compares what is held with the action, so it reads this one
        fields["access"] = msgspec.json.decode(fields["access"])
    return Employee(id=ident, **fields)


def _ask(client: AccessClient, employees: list[Employee], at: date) -> list[bytes]:
    try:
        return [bytes(answer) for answer in client.decide_json(employees, at)]
    except EngineError:
        if not client.ready():
            raise
        if len(employees) == 1:
            return [UNDEFINED]  # a policy that is undefined for somebody answers nothing at all
        half = len(employees) // 2
        return _ask(client, employees[:half], at) + _ask(client, employees[half:], at)
