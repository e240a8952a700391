"""What OPA decides of made-up people: under one version or two, on many days at a time.

Each version runs in an OPA of its own. Besides the policy it holds one rule, which asks for the decisions of
several days in one request.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import msgspec

from icaccess.batches import batches, ordered_map
from icaccess.config import Secret
from icaccess.config.auth import Bearer
from icaccess.errors import EngineError, HttpError
from icaccess.http import HttpClient
from icaccess.review.cases import Question
from icaccess.review.search.facts import ME, EmployeeFacts, Shape, lists_of_records, replaced
from icaccess.review.versions import Checkout, Version, running

BATCH = 150
"""How many people one request asks about."""
_IN_FLIGHT = 2
RULES = """package system.authz

default allow := false

allow if data.system.clients[crypto.sha256(input.identity)]

decisions := [decided | some day in input; decided := data.access.decisions with input as day]

decisions_by := [decided |
	values := input.data
	some day in input.days
	decided := data.access.decisions with input as day
		with data.requirements as values.requirements
		with data.locations as values.locations
		with data.calendar as values.calendar
]
"""
"""The rules of an OPA that is asked by `VersionJudge`: who has its token may ask for everything."""

_encode = msgspec.json.Encoder().encode
_ME = ME.encode()


class Made(msgspec.Struct, frozen=True):
    """Somebody made up, and the day to decide on."""

    facts: EmployeeFacts
    at: str

    @classmethod
    def like(cls, facts: EmployeeFacts, at: str) -> Made:
        """Somebody with these facts, in which `ME` stands for the id wherever it stands."""
        return cls(replaced(facts, {facts.get("id"): ME}.get), at)

    @property
    def employee(self) -> EmployeeFacts:
        """The facts, with `ME` as the id."""
        others = {name: value for name, value in self.facts.items() if name != "id"}
        return {"id": ME, **others}

    @property
    def question(self) -> Question:
        """The person as a question to the policy."""
        return self.at, self.employee

    def put(self, name: str, place: int, *records: EmployeeFacts) -> Made:
        """The same person with other records in the place of one, or none."""
        own = self.facts[name]
        return Made({**self.facts, name: [*own[:place], *records, *own[place + 1 :]]}, self.at)

    def plus(self, name: str, record: EmployeeFacts) -> Made:
        """The same person with another record."""
        return Made({**self.facts, name: [*self.facts[name], record]}, self.at)

    def records(self, shape: Shape) -> Iterator[tuple[str, Shape, int, EmployeeFacts]]:
        """The list, the shape, the place in the list and the fields of each record in the facts."""
        for name, items, records in lists_of_records(self.facts, shape):
            yield from ((name, items, place, record) for place, record in enumerate(records))


Learn = Callable[[Sequence[Made], Sequence[tuple[bytes, ...]]], None]


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
_answers = msgspec.json.Decoder(dict[str, list[dict[str, msgspec.Raw]]]).decode
_UNKNOWN = Seen()
UNDEFINED = b'{"outcome":null}'
"""Stands for a decision that the policy does not give: it is undefined for these facts."""


def seen(decision: bytes) -> Seen:
    """The parts of a decision that tell its kind; none of them where it is no decision document."""
    try:
        return _seen(decision)
    except msgspec.DecodeError:
        return _UNKNOWN


class VersionJudge:
    """Decisions by one version, as JSON in the order of the people."""

    def __init__(self, url: str, http: HttpClient) -> None:
        """`url` is that of an OPA that holds the search's own rule, and `http` carries its token."""
        self.url = url
        self.http = http

    def decide(self, people: Sequence[tuple[str, bytes]], by: bytes | None = None) -> list[bytes]:
        """What the version decides of people, each a day and the facts as JSON with their place as the id.

        `by` is JSON of the policy data to decide by in the place of the version's own. Raises `EngineError`
        when OPA does not answer any more.
        """
        by_day = _by_day(people)
        found = self._ask("decisions" if by is None else "decisions_by", question(people, by))
        if found is not None and len(found) == len(by_day) and sum(map(len, found)) == len(people):
            answers = [b""] * len(people)
            for places, decisions in zip(by_day.values(), found, strict=True):
                # Ids are places, all of one length, so that their own order is that of the people.
                for place, ident in zip(places, sorted(decisions), strict=True):
                    answers[place] = bytes(decisions[ident])
            return answers
        if len(people) == 1:
            return [UNDEFINED]  # a policy that is undefined for somebody answers nothing at all
        half = len(people) // 2
        return self.decide(people[:half], by) + self.decide(people[half:], by)

    def _ask(self, rule: str, body: bytes) -> list[dict[str, msgspec.Raw]] | None:
        """The decisions by id of each day; None where the policy gives none."""
        url = f"{self.url}/v1/data/system/authz/{rule}?strict-builtin-errors=true"
        try:
            answer = self.http.request("POST", url, body=body)
            if answer.status == 200:
                return _answers(answer.content).get("result")
        except HttpError as error:
            raise EngineError(f"OPA does not answer any more: {error}") from error
        except msgspec.DecodeError:
            pass
        return None


def question(people: Sequence[tuple[str, bytes]], by: bytes | None = None) -> bytes:
    """What an OPA is asked about people, day by day, as JSON; `by` as for `VersionJudge.decide`."""
    days = b",".join(
        b'{"as_of":"%b","employees":[%b]}' % (day.encode(), b",".join(people[one][1] for one in places))
        for day, places in _by_day(people).items()
    )
    return b'{"input":[%b]}' % days if by is None else b'{"input":{"data":%b,"days":[%b]}}' % (by, days)


def _by_day(people: Sequence[tuple[str, bytes]]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for place, (day, _) in enumerate(people):
        found.setdefault(day, []).append(place)
    return found


@contextmanager
def judging(place: Checkout) -> Iterator[tuple[Version, VersionJudge]]:
    """An OPA that decides made-up people by one version, stopped at the end; errors begin with its side."""
    with tempfile.TemporaryDirectory(prefix="icaccess-search-") as work:
        rules = Path(work, "authz.rego")
        rules.write_text(RULES, "utf-8")
        with (
            running(place, rules) as (version, engine),
            HttpClient(Bearer(token=Secret(engine.token)), timeout=60) as http,
        ):
            yield version, VersionJudge(engine.url, http)


class Judge(AbstractContextManager["Judge"]):
    """Decisions by one version, or by two at the same time, as JSON in the order of the people."""

    def __init__(self, *versions: VersionJudge, learn: Learn | None = None) -> None:
        """`learn` gets all people who are decided, with what the versions decide."""
        self._versions = versions
        self._learn = learn
        self._pool = ThreadPoolExecutor(_IN_FLIGHT * len(versions), thread_name_prefix="judge")
        self.pairs = 0
        """How many people have been decided, each by every version."""
        self.days: set[str] = set()
        """On which days."""

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def decide(self, people: Sequence[Made]) -> list[tuple[bytes, ...]]:
        """For each of `people`, what each version decides, in the order of the versions.

        Raises `EngineError` when an OPA does not answer any more.
        """
        return [one for some in self.decide_all(batches(people, BATCH)) for one in some]

    def decide_all(self, groups: Iterator[list[Made]]) -> Iterator[list[tuple[bytes, ...]]]:
        """What each version decides of each group of people, some groups ahead."""
        for people, answers in ordered_map(self._decide, groups, _IN_FLIGHT):
            self.pairs += len(people)
            self.days |= {made.at for made in people}
            if self._learn is not None:
                self._learn(people, answers)
            yield answers

    def _decide(self, people: list[Made]) -> tuple[list[Made], list[tuple[bytes, ...]]]:
        asked = questions(people)
        answers = list(self._pool.map(lambda version: version.decide(asked), self._versions))
        return people, list(zip(*answers, strict=True))


def questions(people: Iterable[Made]) -> list[tuple[str, bytes]]:
    """The day and the facts as JSON of each, right or wrong, under an id that nobody else of them has.

    What is nearly the person's own id stays so.
    """
    return [
        (made.at, _encode(made.employee).replace(_ME, b"%06d" % place)) for place, made in enumerate(people)
    ]
