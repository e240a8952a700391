"""The guard: says before anything is changed whether too much would change at once, or on facts not to be
believed.

It judges no person. It counts, compares the counts with limits, and stops. A person who looked can let one
plan through, by name and with a reason, and that consent runs out by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated

import msgspec
from msgspec import Meta

from icaccess.config import Section
from icaccess.errors import GuardStop
from icaccess.plan import Plan, PlannedChange

Count = Annotated[int, Meta(ge=0)]
Share = Annotated[float, Meta(ge=0, le=1)]
Hours = Annotated[float, Meta(gt=0)]

SHORT = 12
"""How many digits of a plan's digest name it in an option."""


class Limit(Section, frozen=True, kw_only=True):
    """How many are let through: `count` at most, and at most a `share` of those who hold access."""

    count: Count | None = None
    share: Share | None = None


class GuardSettings(Section, frozen=True, kw_only=True):
    """The section `guard` of `icaccess.yaml`; a limit that is null is not looked at."""

    revocations: Limit = Limit(count=25)
    grants: Limit = Limit(count=250)
    undecided: Limit = Limit(count=250)
    facts_shrink: Share | None = 0.1
    """By how great a share the facts may hold fewer people than in the last run."""
    facts_age_hours: Hours | None = None
    """How old the oldest of the facts may be."""
    consent_hours: Hours = 24
    """How long a consent is good for."""


class GuardResult(msgspec.Struct, frozen=True, kw_only=True):
    """What the guard says of one plan: why it stops it, and which changes wait for a consent of their own."""

    plan_digest: str
    stops: tuple[str, ...] = ()
    waiting: tuple[PlannedChange, ...] = ()

    @property
    def option(self) -> str:
        """What to give so that this one plan goes through."""
        return f"--allow {self.plan_digest[:SHORT]} --by NAME --reason TEXT"

    def check(self) -> None:
        """Raise `GuardStop` where the plan is stopped."""
        if self.stops:
            found = "; ".join(self.stops)
            raise GuardStop(f"stopped by the guard: {found}; to let this one plan through: {self.option}")


def check(
    plan: Plan,
    settings: GuardSettings,
    *,
    people_before: int | None = None,
    facts_age: timedelta | None = None,
) -> GuardResult:
    """Compare a plan with the limits. `people_before` is how many people the last run's facts held."""
    revocations = plan.of("revoke")
    waiting = tuple(change for change in revocations if change.needs_consent)
    stops = [
        *_over("revocations", settings.revocations, len(revocations) - len(waiting), plan.holders),
        *_over("grants", settings.grants, len(plan.of("grant")), plan.holders),
        *_over("undecided", settings.undecided, len(plan.undecided), plan.holders),
    ]
    shrink = settings.facts_shrink
    if shrink is not None and people_before and plan.people < people_before * (1 - shrink):
        stops.append(
            f"the facts hold {plan.people:,} people, and {people_before:,} in the last run: "
            f"more than {shrink:.0%} fewer"
        )
    hours = settings.facts_age_hours
    if hours is not None and facts_age is not None and facts_age > timedelta(hours=hours):
        stops.append(f"the facts are {facts_age.total_seconds() / 3600:.0f} hours old, over {hours:g}")
    return GuardResult(plan_digest=plan.digest, stops=tuple(stops), waiting=waiting)


def _over(what: str, limit: Limit, count: int, holders: int) -> Iterator[str]:
    if limit.count is not None and count > limit.count:
        yield f"{count:,} {what}, more than the {limit.count:,} allowed"
    # A share of nobody is no measure: before the first grant only the count holds.
    if limit.share is not None and holders and count > limit.share * holders:
        yield f"{count:,} {what}, more than {limit.share:.1%} of the {holders:,} who hold access"
