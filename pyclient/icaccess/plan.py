"""The plan: what would change and why, as values that are shown, saved and carried out.

A plan carries the digests of all that it rests on, and its own, so that one that is stale or was edited is
recognised and refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from itertools import chain
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec.structs import replace

from icaccess.errors import PlanError
from icaccess.files import write_private
from icaccess.models import Action, Basis, Outcome, Reason
from icaccess.packed import Packed
from icaccess.targets.interface import Change, ChangeAction, Holding


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The base of what a plan is made of: values that are read back as strictly as they were written."""


class PlannedChange(_Part, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One change of a plan with what it rests on.

    A revocation or a denial has `reasons`; a grant or an update has the `basis` and, where the calendar
    tells, the day it is due by (ES-7). `problem` says why a change cannot be made, such as two people with
    one account.
    """

    action: ChangeAction
    employee_id: str
    account: str
    before: Holding | None = None
    after: Holding | None = None
    outcome: Outcome
    reasons: tuple[Reason, ...] = ()
    basis: Basis | None = None
    requirements_met_on: date | None = None
    grant_due_by: date | None = None
    escalate: bool = False
    warnings: tuple[str, ...] = ()
    problem: str = ""

    def as_change(self) -> Change:
        """What a target is told."""
        return Change(
            action=self.action,
            employee_id=self.employee_id,
            account=self.account,
            before=self.before,
            after=self.after,
        )


class Undecided(_Part, frozen=True, kw_only=True):
    """Somebody whom the policy could not decide; their access stays as it is until a person settles it."""

    employee_id: str
    held: bool
    reasons: tuple[Reason, ...]


class Pending(_Part, frozen=True, kw_only=True):
    """A change asked for earlier that the target does not show yet; `due_on` is null where none is known."""

    action: ChangeAction
    employee_id: str
    account: str
    before: Holding | None
    after: Holding | None
    batch: str
    due_on: date | None
    overdue: bool
    wanted: bool
    """False when it is not asked for any more, or no longer so: the policy or the target has moved on."""


class Drift(_Part, frozen=True, kw_only=True):
    """Access that differs from what this system last gave or saw, and what the policy says of that person."""

    kind: Literal["given", "taken", "moved"]
    """`given` or `taken` behind this system's back, or `moved` to other locations."""
    employee_id: str
    account: str
    expected: Holding | None
    found: Holding | None
    outcome: Outcome
    action: Action


class Changes:
    """The changes of a plan: revocations, then updates, then grants, each in the order of the facts."""

    def __init__(self, changes: Iterable[PlannedChange] = ()) -> None:
        self._by: dict[ChangeAction, Packed[PlannedChange]] = {
            "revoke": Packed(PlannedChange),
            "update": Packed(PlannedChange),
            "grant": Packed(PlannedChange),
        }
        for change in changes:
            self.add(change)

    def add(self, change: PlannedChange) -> None:
        """Put a change at the end of those that do the same."""
        self._by[change.action].add(change)

    def of(self, action: ChangeAction) -> Packed[PlannedChange]:
        """The grants, updates or revocations."""
        return self._by[action]

    @property
    def digest(self) -> str:
        """One digest for all of them."""
        return " ".join(some.digest for some in self._by.values())

    def lines(self) -> Iterator[bytes]:
        """The JSON of each."""
        return chain.from_iterable(some.lines() for some in self._by.values())

    def __iter__(self) -> Iterator[PlannedChange]:
        return chain.from_iterable(self._by.values())

    def __len__(self) -> int:
        return sum(map(len, self._by.values()))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Changes) and self._by == other._by

    __hash__ = None  # type: ignore[assignment]  # it grows


class Plan(_Part, frozen=True, kw_only=True):
    """What would change on the day `as_of`, at one target, by one policy, on one set of facts."""

    format: Literal[1] = 1
    as_of: date
    target: str
    target_digest: str
    facts_digest: str
    policy_revision: str
    data_revision: str
    people: int
    holders: int
    counts: dict[str, int]
    changes: Changes
    pending: tuple[Pending, ...]
    undecided: Packed[Undecided]
    drift: tuple[Drift, ...]
    digest: str = ""

    @property
    def escalations(self) -> int:
        """How many grants are overdue (ES-8)."""
        return sum(change.escalate for change in self.changes.of("grant"))


def _digest(many: Any) -> str:
    digest: str = many.digest
    return digest


def _none_yet(kind: type[Any], found: list[Any]) -> Any:
    if found:
        raise ValueError("a saved plan has a line for each change")
    return Changes() if kind is Changes else Packed(Undecided)


_encode = msgspec.json.Encoder(order="sorted", enc_hook=_digest).encode
_change = msgspec.json.Decoder(PlannedChange).decode
_undecided = msgspec.json.Decoder(Undecided).decode
_rest = msgspec.json.Decoder(Plan, dec_hook=_none_yet).decode


def shows(found: Holding | None, wanted: Holding | None) -> bool:
    """Whether what a target shows is what was wanted; one that knows no locations cannot contradict any."""
    if found is None or wanted is None:
        return found is wanted
    if found.locations is None or wanted.locations is None:
        return True
    return set(found.locations) == set(wanted.locations)


def digest_of(plan: Plan) -> str:
    """SHA-256 over everything in the plan but its own digest."""
    return hashlib.sha256(_encode(replace(plan, digest=""))).hexdigest()


def write_plan(plan: Plan, path: Path) -> None:
    """Save a plan: JSON with a line for each change, whose bytes depend on the plan's content alone."""
    try:
        write_private(path, _lines(plan))
    except OSError as error:
        raise PlanError(f"{path}: the plan cannot be written there: {error.strerror}") from error


def _lines(plan: Plan) -> Iterator[bytes]:
    opening = b"{"
    for name in sorted(plan.__struct_fields__):
        value = getattr(plan, name)
        yield opening + b"\n" + _encode(name) + b":"
        opening = b","
        if isinstance(value, Changes | Packed):
            yield b"["
            between = b"\n"
            for line in value.lines():
                yield between + line
                between = b",\n"
            yield b"\n]"
        else:
            yield _encode(value)
    yield b"\n}\n"


def read_plan(path: Path) -> Plan:
    """A saved plan; `PlanError` when it cannot be read, is none, or was changed after it was made."""
    try:
        with path.open("rb") as file:
            plan = _read(file)
    except OSError as error:
        raise PlanError(
            f"{path}: the plan cannot be read: {error.strerror}; make one with `icaccess plan --out`"
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise PlanError(f"{path}: is not a plan, or was edited: {error}; make a new one") from error
    if digest_of(plan) != plan.digest:
        raise PlanError(f"{path}: was edited after it was made; make a new plan with `icaccess plan --out`")
    return plan


def _read(file: Iterable[bytes]) -> Plan:
    """A plan out of its lines: changes and the undecided one by one, and the rest as one document."""
    changes, undecided = Changes(), Packed(Undecided)
    add: dict[bytes, Callable[[bytes], None]] = {
        b'"changes":[\n': lambda line: changes.add(_change(line)),
        b'"undecided":[\n': lambda line: undecided.add(_undecided(line)),
    }
    rest: list[bytes] = []
    adding = None
    for line in file:
        if adding and not line.startswith(b"]"):
            adding(line.rstrip(b",\n"))
        else:
            rest.append(line)
            adding = add.get(line)
    return replace(_rest(b"".join(rest)), changes=changes, undecided=undecided)


def check_current(saved: Plan, fresh: Plan) -> None:
    """Raise `PlanError` unless a saved plan is what would be planned now; it says what has changed."""
    if saved.digest == fresh.digest:
        return
    if saved.target != fresh.target:
        raise PlanError(
            f"the plan was made for the target {saved.target}, and the configured one is {fresh.target}"
        )
    if saved.as_of != fresh.as_of:
        raise PlanError(
            f"the plan was made for {saved.as_of}, and this run is for {fresh.as_of}; make a new plan"
        )
    parts = {
        "the facts": (saved.facts_digest, fresh.facts_digest),
        "the policy": (saved.policy_revision, fresh.policy_revision),
        "the policy data": (saved.data_revision, fresh.data_revision),
        "what the target shows": (saved.target_digest, fresh.target_digest),
    }
    changed = [name for name, (before, now) in parts.items() if before != now]
    what = " and ".join(changed) or "what is under way, or the program that plans,"
    raise PlanError(
        f"the plan is stale: {what} changed since it was made; make a new plan and look at it again"
    )
