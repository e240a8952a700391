"""The second half of the pipeline: plan, guard, apply and verify, in their order.

`opened` gives what they work on; `plan`, `apply` and `adopt` are what commands and the service call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import NamedTuple

from msgspec.structs import replace
from sqlalchemy import Connection

from icaccess import apply as applying_plan
from icaccess import guard
from icaccess.apply import Summary
from icaccess.diff import draw_up
from icaccess.errors import GuardStop, PlanError, UsageError
from icaccess.facts.interface import RecordBatch
from icaccess.guard import GuardSettings, Verdict
from icaccess.join import Join, account_in, state_digest
from icaccess.models import Access, Employee, Record
from icaccess.opa.client import AccessClient
from icaccess.pipeline import Request
from icaccess.plan import Plan, check_current
from icaccess.store import consents, holders, journal
from icaccess.store.audit import Draft, append
from icaccess.store.consents import Consent
from icaccess.store.database import Store, open_store
from icaccess.store.lock import Lock, applying
from icaccess.store.shelf import Shelf
from icaccess.targets.interface import Holding, Target
from icaccess.targets.settings import open_target

_TOGETHER = 1000
"""How many who are adopted are written together, so that memory does not grow with their number."""


class Opened(NamedTuple):
    """What a change is worked out and made with."""

    store: Store
    target: Target


@contextmanager
def opened(request: Request, *, read_only: bool = False) -> Iterator[Opened]:
    """The store and the target that a request and its configuration name, closed at the end.

    With `read_only`, a store that is not there yet reads as empty and is not made.
    """
    with open_store(request.store_url, read_only=read_only) as store:
        target = open_target(request.settings, store)
        try:
            yield Opened(store, target)
        finally:
            target.close()


def plan(
    batches: Iterable[RecordBatch],
    client: AccessClient,
    target: Target,
    store: Store,
    as_of: date,
    *,
    full: bool = False,
) -> Plan:
    """What would change at `target` on the day `as_of`, and why; nothing is changed and nothing written.

    The records are streamed. Decisions that were kept and still hold are used, unless `full` asks for
    everybody to be decided anew. `FactsError` when there are none; `TargetError`, `EngineError` and
    `StoreError` when the target, OPA or the store cannot be asked.
    """
    return _plan(batches, client, target, Shelf(store, client, full=full), as_of, applying_plan.look(store, target).held)


def apply(
    batches: Iterable[RecordBatch],
    client: AccessClient,
    target: Target,
    store: Store,
    as_of: date,
    *,
    by: str,
    limits: GuardSettings,
    facts_age: Callable[[], timedelta | None] = lambda: None,
    full: bool = False,
    saved: Plan | None = None,
    consent: Consent | None = None,
    confirm: Callable[[Plan, Verdict], bool] = lambda _plan, _verdict: True,
    stopping: Callable[[], bool] = lambda: False,
) -> tuple[Plan, Summary | None]:
    """Plan anew under the lock and carry it out, after `confirm` was shown it; no summary where it said no.

    `saved` is a plan that was made and looked at before: it is carried out only if it is still exactly what
    would be planned now, else `PlanError` says what has changed. Interrupted runs are settled first.
    `GuardStop` when the plan goes past the limits and nobody gave consent to it. Once `stopping` is true no
    more changes are begun.
    """
    with applying(store, "icaccess apply") as lock:
        listing = applying_plan.look(store, target)
        current = listing.held
        applying_plan.recover(store, lock, target, listing)
        shelf = Shelf(store, client, full=full, keep=True)
        fresh = _plan(batches, client, target, shelf, as_of, current)
        if saved is not None:
            check_current(saved, fresh)
        verdict = examine(fresh, store, limits, facts_age())
        if consent is not None:
            _accept(store, lock, consent, verdict, limits)
        with store.reading() as connection:
            if consents.stands(connection, store.moment(), fresh.digest):
                verdict = replace(verdict, stops=(), held_back=())
        confirmed = confirm(fresh, verdict)
        if verdict.stops:
            found = "; ".join(finding.message for finding in verdict.stops)
            raise GuardStop(f"stopped by the guard: {found}; to let this one plan through: {verdict.option}")
        if not confirmed:
            return fresh, None
        summary = applying_plan.carry_out(
            store,
            lock,
            target,
            fresh,
            by=by,
            held_back=verdict.held_back,
            due_on=client.due_after(as_of) if target.deferred else None,
            stopping=stopping,
        )
        return fresh, summary


def examine(plan: Plan, store: Store, limits: GuardSettings, facts_age: timedelta | None = None) -> Verdict:
    """What the guard says of a plan, by what the store knows of the last run; consents are not looked at."""
    with store.reading() as connection:
        people_before = journal.last_people(connection, plan.target)
    return guard.check(plan, limits, people_before=people_before, facts_age=facts_age)


def _accept(store: Store, lock: Lock, consent: Consent, verdict: Verdict, limits: GuardSettings) -> None:
    """Record a consent, if it is for this very plan."""
    if len(consent.plan) < guard.SHORT or not verdict.plan_digest.startswith(consent.plan):
        raise PlanError(
            f"the consent names the plan {consent.plan}, and this one is "
            f"{verdict.plan_digest[: guard.SHORT]}; look at it and name it"
        )
    findings = [finding.message for finding in verdict.stops]
    findings += [f"{one.employee_id}: revocation for {guard.NEEDS_CONSENT}" for one in verdict.held_back]
    with store.writing() as connection:
        lock.check(connection)
        consents.give(
            connection, store.moment(), consent, verdict.plan_digest, limits.consent_hours, findings
        )


def adopt(records: Iterable[Record], target: Target, store: Store, as_of: date, *, by: str) -> int:
    """The first day: take over who holds access now, and give how many do.

    For the ledger that is what the records' `access` says; another target is asked itself. `UsageError` when
    holders were taken over before, or access was given already.
    """
    with applying(store, "icaccess adopt") as lock:
        with store.reading() as connection:
            if journal.was_adopted(connection, target.identity):
                raise UsageError(
                    f"the holders of {target.identity} were taken over before; that is done once"
                )
            if not holders.is_empty(connection, target.identity):
                raise UsageError(f"{target.identity} is not empty: somebody was given access already")
        shown = {} if target.is_store else target.listing().held
        held = {account: (account, holding) for account, holding in shown.items()}
        people = 0
        for people, record in enumerate(records, 1):  # noqa: B007 (the last number is the count)
            account = account_in(target.match, record)
            if account in shown:
                held[account] = (record.id, shown[account])
            elif target.is_store and isinstance(record, Employee) and record.access and record.access.held:
                held[record.id] = (record.id, _adopted(record.access))
        origin = journal.Origin(kind="adopt", by=by, target=target.identity, as_of=as_of, people=people)
        with store.writing() as connection:
            lock.check(connection)
            _record_adoption(connection, store.now(), origin, held)
        return len(held)


def check_day(saved: Plan | None, as_of: date, today: date, target: Target, *, day_given: bool) -> None:
    """Raise `PlanError` unless a run for the day `as_of` may change `target` today.

    Only the ledger takes changes as of another day, and a plan for another day only when the day is given
    again.
    """
    if saved is not None and saved.as_of != as_of:
        again = "" if day_given else f"; give --at {saved.as_of} again if that is meant"
        raise PlanError(f"the plan is for {saved.as_of}, and this run is for {as_of}{again}")
    if as_of != today and not target.is_store:
        raise PlanError(f"{target.identity} is changed as of today ({today}) alone, not as of {as_of}")


def _plan(
    batches: Iterable[RecordBatch],
    client: AccessClient,
    target: Target,
    shelf: Shelf,
    as_of: date,
    current: dict[str, Holding],
) -> Plan:
    digest = state_digest(current)
    join = Join(current, target.match)
    revisions = client.revisions()
    answers = shelf.decide(join.batches(batches), as_of, revisions=revisions)
    return draw_up(
        join,
        answers,
        applying_plan.expected(shelf.store, target, as_of),
        as_of=as_of,
        target=target.identity,
        target_digest=digest,
        revisions=(revisions.policy, revisions.data),
    )


def _adopted(access: Access) -> Holding:
    return Holding(
        locations=access.locations if isinstance(access.locations, tuple) else None,
        since=access.since if isinstance(access.since, date) else None,
    )


def _record_adoption(
    connection: Connection, at: str, origin: journal.Origin, held: dict[str, tuple[str, Holding]]
) -> None:
    run_id = journal.begin(connection, at, origin)
    everybody = sorted(held.items())
    for start in range(0, len(everybody), _TOGETHER):
        some = everybody[start : start + _TOGETHER]
        holders.record(connection, origin.target, dict(some))
        append(
            connection,
            at,
            [
                Draft(kind="adopted", run_id=run_id, employee_id=employee_id, body=holding_body(holding))
                for _, (employee_id, holding) in some
            ],
        )
    journal.finish(connection, at, run_id, {"adopted": len(held)})


def holding_body(holding: Holding) -> dict[str, object]:
    """A holding as the audit record keeps it."""
    return {
        "since": holding.since.isoformat() if holding.since else None,
        "locations": list(holding.locations) if holding.locations is not None else None,
    }
