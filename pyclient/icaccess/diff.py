"""The difference between what was decided and what a target shows: pure, streamed, and nothing done.

`Join` puts what the target shows into each record on its way to OPA; `draw_up` makes a plan of the answers.
Of most people only the action is looked at; what is kept are the changes.
"""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from typing import TypeVar

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from icaccess.errors import FactsError, PlanError
from icaccess.facts.interface import Written, as_written, digest
from icaccess.models import Access, Decision, Employee, Gist, InvalidRecord, Record
from icaccess.opa.undecided import no_employee_record
from icaccess.packed import Packed
from icaccess.plan import Changes, Drift, Pending, Plan, PlannedChange, Undecided, digest_of, shows
from icaccess.targets.interface import Holding, Match, account_of

T = TypeVar("T")

_ORDER = {"revoke": 0, "update": 1, "grant": 2}
_RECORD = Employee | InvalidRecord
_encode = msgspec.json.Encoder(order="sorted").encode
_gist = msgspec.json.Decoder(Gist).decode
_full = msgspec.json.Decoder(Decision).decode


class _Joined(msgspec.Struct, frozen=True, gc=False):
    """A record with what the target shows for it, put together when somebody asks."""

    id: str
    digest: bytes
    written: Written
    holding: Holding | None

    def read(self) -> Record:
        record = self.written.read()
        return record if isinstance(record, InvalidRecord) else with_access(record, self.holding)


class Join:
    """Puts what the target shows into every record on its way to OPA, and counts and digests them all.

    It takes `holdings` over and leaves in it those whom no record claimed.
    """

    def __init__(self, holdings: dict[str, Holding], match: Match) -> None:
        self.unclaimed = holdings
        self.holders = len(holdings)
        self.people = 0
        self.shared: set[str] = set()
        """Accounts that more than one record claims: nobody can say whose they are."""
        self._match: Match = match
        self._seen: set[str] = set()
        self._digest = hashlib.sha256()
        self._sent: deque[tuple[str, str, Holding | None]] = deque()

    @property
    def facts_digest(self) -> str:
        """The digest of every record so far, as the sources gave it and in their order."""
        return self._digest.hexdigest()

    def records(self, source: Iterable[Record | Written]) -> Iterator[Record]:
        """The records with `access` as the target shows it."""
        return (one.read() for one in self.written(source))

    def written(self, source: Iterable[Record | Written]) -> Iterator[Written]:
        """The same, each left unread where its account is known without."""
        by_id = self._match == "id"
        marks: dict[Holding | None, bytes] = {None: b""}
        for one in source:
            if isinstance(one, _RECORD):
                one = as_written(one)
            self.people += 1
            employee_id = one.id
            self._digest.update(one.digest)
            account = employee_id if by_id else self._account(one.read())
            holding = self.unclaimed.pop(account, None)
            self._sent.append((employee_id, account, holding))
            mark = marks.get(holding)
            if mark is None:
                mark = marks[holding] = digest(_encode(holding))
            yield _Joined(employee_id, one.digest + mark, one, holding)
        if not self.people:
            raise FactsError(
                "the facts hold nobody, and an empty population is never believed; check the sources"
            )

    def answered(self, answers: Iterable[T]) -> Iterator[tuple[T, tuple[str, str, Holding | None]]]:
        """Each answer with the employee id, account and holding that it is about, in the records' order."""
        # Of each pair the answer is taken first, and by then its person has been sent.
        return zip(answers, iter(self._sent.popleft, None), strict=False)

    def _account(self, record: Record) -> str:
        account = account_in(self._match, record)
        if not account:
            return ""
        if account in self._seen:
            self.shared.add(account)
        self._seen.add(account)
        return account


def account_in(match: Match, record: Record) -> str:
    """The account that a record names, empty where it names none."""
    if match == "id":
        return record.id
    value = UNSET if isinstance(record, InvalidRecord) else getattr(record, match)
    return "" if value is UNSET else account_of(match, value)


def with_access(record: Employee, holding: Holding | None) -> Employee:
    """The record with `access` as a target shows it, absent where nothing is held."""
    if holding is None:
        return record if record.access is UNSET else replace(record, access=UNSET)
    access = Access(
        held=True,
        since=UNSET if holding.since is None else holding.since,
        locations=UNSET if holding.locations is None else holding.locations,
    )
    return replace(record, access=access)


def state_digest(holdings: Mapping[str, Holding]) -> str:
    """The digest of all that a target shows, whatever order it showed it in."""
    total = hashlib.sha256()
    for account in sorted(holdings):
        total.update(_encode([account, holdings[account]]))
    return total.hexdigest()


class Expected(msgspec.Struct, frozen=True):
    """What the store knows of a target that is not itself."""

    held: dict[str, Holding]
    """What accounts were last seen to hold."""
    pending: dict[str, Pending]
    """The changes that somebody else is carrying out, by account."""
    unsettled: frozenset[str] = frozenset()
    """Accounts with a change that was interrupted; what the target shows of them is no drift."""


class _Reckoning:
    """Holds what the target shows against what the store expects, one account at a time.

    Where the store itself is the target nothing is expected (None), and nothing can drift or pend.
    """

    def __init__(self, expected: Expected | None) -> None:
        self.drift: list[Drift] = []
        self.pending: list[Pending] = []
        self._compares = expected is not None
        self._held = dict(expected.held) if expected else {}
        self._waiting = dict(expected.pending) if expected else {}
        self._unsettled = expected.unsettled if expected else frozenset()

    def look(self, employee_id: str, account: str, found: Holding | None, answer: Gist) -> Pending | None:
        """Note drift of one account; give the change that is pending for it and does not show yet."""
        if not self._compares:
            return None
        before = self._held.pop(account, None)
        if account not in self._unsettled and not shows(found, before):
            self.drift.append(
                Drift(
                    kind="given" if before is None else "taken" if found is None else "moved",
                    employee_id=employee_id,
                    account=account,
                    expected=before,
                    found=found,
                    outcome=answer.outcome,
                    action=answer.action,
                )
            )
        earlier = self._waiting.pop(account, None)
        return None if earlier is None or shows(found, earlier.after) else earlier

    def finish(self) -> None:
        """Look at the accounts that neither a record nor the target named."""
        for account in sorted(self._held):
            self.look(account, account, None, _NOBODY)
        self.pending.extend(replace(earlier, wanted=False) for earlier in self._waiting.values())


_NOBODY = Gist("undecided", "none")


def draw_up(
    join: Join,
    answers: Iterable[bytes | msgspec.Raw | Gist],
    expected: Expected | None,
    *,
    as_of: date,
    target: str,
    target_digest: str,
    revisions: tuple[str, str],
) -> Plan:
    """The plan that follows from the answers of the policy and policy data whose `revisions` are given."""
    gists: Counter[Gist] = Counter()
    changes, undecided = Changes(), Packed(Undecided)
    reckoning = _Reckoning(expected)

    for answer, (employee_id, account, holding) in join.answered(answers):
        gist = answer if isinstance(answer, Gist) else _gist(answer)
        gists[gist] += 1
        earlier = reckoning.look(employee_id, account, holding, gist)
        asked_for = False
        if isinstance(answer, Gist):
            pass  # a decision that was kept, and changes nothing
        elif gist.outcome == "undecided":
            reasons = _full(answer).reasons
            undecided.add(Undecided(employee_id=employee_id, held=holding is not None, reasons=reasons))
        elif gist.action not in ("keep", "none"):
            change = _planned(_full(answer), account, holding)
            asked_for = earlier is not None and _still_right(earlier, change)
            if not asked_for:
                changes.add(change)
        if earlier is not None:
            reckoning.pending.append(replace(earlier, wanted=asked_for))
    for account in sorted(join.unclaimed):
        gists[_NOBODY] += 1
        earlier = reckoning.look(account, account, join.unclaimed[account], _NOBODY)
        if earlier is not None:
            reckoning.pending.append(replace(earlier, wanted=False))
        reasons = no_employee_record(account, as_of).reasons
        undecided.add(Undecided(employee_id=account, held=True, reasons=reasons))
    reckoning.finish()
    counts: Counter[str] = Counter()
    for gist, people in gists.items():
        counts.update({gist.outcome: people, gist.action: people})

    policy_revision, data_revision = revisions
    plan = Plan(
        as_of=as_of,
        target=target,
        target_digest=target_digest,
        facts_digest=join.facts_digest,
        policy_revision=policy_revision,
        data_revision=data_revision,
        people=join.people,
        holders=join.holders,
        counts=dict(sorted(counts.items())),
        changes=_told_apart(changes, join.shared),
        pending=tuple(sorted(reckoning.pending, key=lambda one: (_ORDER[one.action], one.employee_id))),
        undecided=undecided,
        drift=tuple(sorted(reckoning.drift, key=lambda one: (one.kind, one.employee_id))),
    )
    return replace(plan, digest=digest_of(plan))


def _still_right(earlier: Pending, change: PlannedChange) -> bool:
    """Whether a pending change is what is wanted, and starts from what the target shows now."""
    return (
        earlier.action == change.action
        and shows(change.after, earlier.after)
        and shows(change.before, earlier.before)
        and _partial(change.before) == _partial(earlier.before)
    )


def _partial(holding: Holding | None) -> tuple[str, ...]:
    return () if holding is None else holding.partial


def _planned(decision: Decision, account: str, holding: Holding | None) -> PlannedChange:
    action = decision.action
    if action not in ("grant", "update", "revoke"):
        raise PlanError(f"{decision.employee_id}: the policy asks for {action!r}, which is no change")
    after = None
    if action != "revoke":
        since = decision.as_of if holding is None else holding.since
        after = Holding(locations=decision.locations, since=since)
    return PlannedChange(
        action=action,
        employee_id=decision.employee_id,
        account=account,
        before=holding,
        after=after,
        outcome=decision.outcome,
        reasons=decision.reasons,
        basis=decision.basis,
        requirements_met_on=decision.requirements_met_on,
        grant_due_by=decision.grant_due_by,
        escalate=decision.escalate,
        warnings=decision.warnings,
        problem="" if account else "the facts name no account for this person",
    )


def _told_apart(changes: Changes, shared: Collection[str]) -> Changes:
    """The changes, those of accounts that several people share with the problem that this is."""
    if not shared:
        return changes
    return Changes(
        replace(one, problem=f"several employee records name the account {one.account}")
        if one.account in shared
        else one
        for one in changes
    )
