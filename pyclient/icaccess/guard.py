"""The guard: says before a run changes anything whether too much would change at once, or on suspect facts.

It judges no person. It counts, compares the counts with limits, and stops. A person who has looked at a plan
can let it through, by name and with a reason, and with it the revocations that wait for a consent: all, or
only those of the people named. That consent expires by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from icaccess.batches import batches
from icaccess.config import Section, Share
from icaccess.errors import GuardStop, PlanError
from icaccess.plan import Plan, PlannedChange
from icaccess.text import DIGITS, how_many, quoted

if TYPE_CHECKING:  # a plan is rendered without a database
    from sqlalchemy import Connection

    from icaccess.store.consents import Consent

_TOGETHER = 1000
"""How many people one query looks up."""
_FORESEEN = timedelta(days=30)
"""How long before the end of a validity the store must have known it to count as foreseen."""

_Count = Annotated[int, Meta(ge=0)]
_Hours = Annotated[float, Meta(gt=0, le=87_600)]
"""At most ten years, so that every moment computed from it is valid."""


class Limit(Section, frozen=True, kw_only=True):
    """How many may pass: `count`, and a `share` of those who hold access; the lesser counts.

    A share never stops `at_least` or fewer. A limit that is null is off.
    """

    count: _Count | None = 250
    share: Share | None = None
    at_least: _Count = 0


class RemovalLimit(Limit, frozen=True, kw_only=True):
    """How many revocations may pass in a window of time."""

    count: _Count | None = 25
    share: Share | None = 0.1
    at_least: _Count = 3


class GuardSettings(Section, frozen=True, kw_only=True):
    """The section `guard` of `icaccess.yaml`; a limit that is null is off."""

    revocations: RemovalLimit = RemovalLimit()
    grants: Limit = Limit()
    undecided: Limit = Limit()
    window_hours: _Hours = 24
    """The time over which revocations count together."""
    facts_shrink: Share | None = 0.1
    """The share of the last run's people that the facts may lack."""
    facts_age_hours: _Hours | None = None
    """How old the oldest of the facts may be."""
    max_day_jump: Annotated[int, Meta(ge=0, le=36_500)] | None = 14
    """How many days a run may come after the last one, if the day is the clock's."""
    untold: Literal["warn", "stop"] = "warn"
    """Whether a removal on a known date, of a person without notice, waits for a consent (`stop`)."""
    consent_hours: _Hours = 24
    """How long a consent is valid."""


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What the guard compares a plan with: what the store knows about the target, and what the facts say."""

    is_new: bool = False
    """True if no run was ever made on the target."""
    people_before: int | None = None
    """How many people the last run's facts held."""
    last_day: date | None = None
    """The day of the last run; None if the guard must not compare the day."""
    removed: int = 0
    """How many revocations the window has, without those foreseen or let through by a person."""
    foreseen: int = 0
    """How many of the plan's ended validities were known 30 days before."""
    facts_age: timedelta | None = None
    untold: frozenset[str] = frozenset()
    """People who had no notice of their removal on a known date."""


class GuardResult(msgspec.Struct, frozen=True, kw_only=True):
    """What the guard says about one plan: why it stops it, and which changes wait for their own consent."""

    plan_digest: str
    stops: tuple[str, ...] = ()
    waiting: tuple[PlannedChange, ...] = ()
    since: Mapping[str, str] = {}
    """Since which day each waits, by employee id; anybody else waits from today on."""
    untold: tuple[PlannedChange, ...] = ()
    """Removals on a known date, of people without notice."""
    not_adopted: str = ""
    """Why no consent helps: nobody adopted those who hold access at the target."""
    foretold: int = 0
    """How many revocations count separately, because the ends of their validity were foreseen."""

    @property
    def option(self) -> str:
        """The options that let this one plan through."""
        people = " [--consent-to ID …]" if self.waiting else ""
        return f"--allow {self.plan_digest[:DIGITS]} --by NAME --reason TEXT{people}"

    def check(self) -> None:
        """Raise `GuardStop` if the guard stops the plan."""
        if self.not_adopted:
            raise GuardStop(self.not_adopted)
        if self.stops:
            found = "; ".join(self.stops)
            raise GuardStop(f"stopped by the guard: {found}; to let this one plan through: {self.option}")


def gather_known(
    connection: Connection, plan: Plan, settings: GuardSettings, now: datetime, facts_as_of: datetime | None
) -> Known:
    """What the store and the facts know about a plan at the moment `now`, `last_day` included."""
    from icaccess.store import holders, notices, past_runs
    from icaccess.store.database import instant

    last = past_runs.last_run(connection, plan.target)
    window = instant(now - timedelta(hours=settings.window_hours))
    day, before = plan.as_of.isoformat(), (plan.as_of - _FORESEEN).isoformat()
    foreseen = 0
    revoked = plan.of("revoke")
    ended = [one.account for one in revoked if one.outcome == "expired"]
    for accounts in batches(ended, _TOGETHER):
        for one in holders.evidence(connection, plan.target, accounts).values():
            foreseen += (one.valid_through or day) < day and (one.noted_on or day) <= before
    causes = {one.employee_id: (one.outcome, [reason.code for reason in one.reasons]) for one in revoked}
    return Known(
        is_new=not past_runs.has_run(connection, plan.target),
        people_before=last.people if last else None,
        last_day=last.as_of if last else None,
        removed=past_runs.removed_since(connection, plan.target, window),
        foreseen=foreseen,
        facts_age=None if facts_as_of is None else now - facts_as_of,
        untold=notices.untold(connection, causes, plan.as_of),
    )


def checked_consent(consent: Consent, result: GuardResult) -> Consent:
    """The consent with everybody whom it lets through.

    `PlanError` if it names another plan, or a person whose revocation does not wait.
    """
    if not consent.names(result.plan_digest):
        raise PlanError(
            f"the consent names the plan {consent.plan}, and this one is "
            f"{result.plan_digest[:DIGITS]}; look at it and name it"
        )
    waiting = {one.employee_id for one in result.waiting}
    if strangers := sorted(set(consent.people) - waiting):
        raise PlanError(f"{', '.join(strangers)}: no revocation waits for a consent; look at the plan again")
    return replace(consent, people=tuple(sorted(set(consent.people) or waiting)))


def check(plan: Plan, settings: GuardSettings, known: Known) -> GuardResult:
    """Compare a plan with the limits."""
    revocations = plan.of("revoke")
    untold = tuple(change for change in revocations if change.employee_id in known.untold)
    held_back = known.untold if settings.untold == "stop" else frozenset()
    waiting = tuple(one for one in revocations if one.needs_consent or one.employee_id in held_back)
    made = [one for one in revocations if not (one.needs_consent or one.employee_id in held_back)]
    ended = sum(one.outcome == "expired" for one in made)
    # What was foreseen, and a tenth more: people who let a certification lapse are no sign of a fault.
    foretold = min(ended, known.foreseen + known.foreseen // 10)
    planned = len(made) - foretold
    what = "revocations"
    if known.removed:
        what += f" within {settings.window_hours:g} hours, {known.removed:,} of them already made"
    holders = plan.holders + known.removed
    stops = [
        *_over(what, settings.revocations, planned + known.removed if planned else 0, holders),
        *_over("grants", settings.grants, len(plan.of("grant")), plan.holders),
        *_over("undecided", settings.undecided, len(plan.undecided), plan.holders),
        *_days(plan.as_of, known.last_day, settings.max_day_jump),
        *_respelled(plan),
    ]
    shrink, before = settings.facts_shrink, known.people_before
    if shrink is not None and before and plan.people < before * (1 - shrink):
        stops.append(
            f"the facts hold {how_many(plan.people, 'person', 'people')}, and {before:,} in the last run: "
            f"more than {shrink:.0%} fewer"
        )
    hours, age = settings.facts_age_hours, known.facts_age
    if hours is not None and age is not None and age > timedelta(hours=hours):
        stops.append(f"the facts are {age.total_seconds() / 3600:.0f} hours old, over {hours:g}")
    not_adopted = ""
    # A grant takes nothing away; a removal would rest on no record.
    if known.is_new and plan.holders and (revocations or plan.of("update")):
        not_adopted = (
            f"{plan.target} holds {how_many(plan.holders, 'person', 'people')} and was never adopted; run "
            "`icaccess adopt` first"
        )
    return GuardResult(
        plan_digest=plan.digest,
        stops=tuple(stops),
        waiting=waiting,
        foretold=foretold,
        untold=untold,
        not_adopted=not_adopted,
    )


def _over(what: str, limit: Limit, count: int, holders: int) -> Iterator[str]:
    """Why the count is too high, by the lesser of the two limits."""
    limits: list[tuple[float, str]] = []
    if limit.count is not None:
        limits.append((limit.count, f"the {limit.count:,} allowed"))
    # A share of nobody means nothing: before the first grant only the count applies.
    if limit.share is not None and holders:
        few = f" and more than {limit.at_least:,}" if limit.at_least else ""
        said = f"{limit.share:.1%} of the {holders:,} who hold access{few}"
        limits.append((max(limit.share * holders, limit.at_least), said))
    most, said = min(limits, default=(count, ""))
    if count > most:
        yield f"{count:,} {what}, more than {said}"


def _days(day: date, last: date | None, most: int | None) -> Iterator[str]:
    if last is not None and day < last:
        yield f"the day is {day}, before the last run's, {last}; correct the clock, or give --at {day}"
    elif last is not None and most is not None and day - last > timedelta(days=most):
        yield (
            f"the day is {day}, {(day - last).days} days after the last run's, {last}, more than the {most} "
            f"allowed; correct the clock, or give --at {day}"
        )


def _respelled(plan: Plan) -> Iterator[str]:
    """The grants for ids that are nearly those of undecided holders, as all are after a change of `zero_pad`.

    Such a grant would give one person access twice, under two ids.
    """
    from icaccess.facts.names import spreadsheet_id

    holders = {spreadsheet_id(one.employee_id): one.employee_id for one in plan.undecided if one.held}
    new = [
        one.employee_id for one in plan.of("grant") if holders and spreadsheet_id(one.employee_id) in holders
    ]
    if new:
        yield (
            f"{how_many(len(new), 'grant is', 'grants are')} for ids that are nearly those of undecided "
            f"holders, such as {quoted(new[0])} for {quoted(holders[spreadsheet_id(new[0])])}: they may be "
            "the same people; correct `facts.keys` or HR's feed"
        )
