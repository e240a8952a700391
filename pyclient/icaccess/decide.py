"""The first half of the pipeline on its own: decisions without a plan, as `icaccess decide` asks for them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import ExitStack

from msgspec import UNSET

from icaccess.errors import UsageError
from icaccess.join import with_access
from icaccess.models import Decision, Employee, Record
from icaccess.pipeline import Request
from icaccess.targets.interface import Holding, Match, account_of


def chosen(records: Iterable[Record], ids: Collection[str]) -> Iterator[Record]:
    """The records of `ids`, in the order of the facts; all of them where no id is given.

    `UsageError` names the ids of which there are no facts, once all records have passed.
    """
    if not ids:
        yield from records
        return
    wanted = set(ids)
    for record in records:
        if record.id in ids:
            wanted.discard(record.id)
            yield record
    if wanted:
        raise UsageError(f"no employee {', '.join(sorted(wanted))} in the facts; check the id, it is a text")


def seen(records: Iterable[Record], request: Request) -> Iterator[Record]:
    """The records, those that carry no `access` completed by what the target shows.

    The target is asked only when there is such a record, so that a what-if needs none. `TargetError` and
    `StoreError` as the target raises them.
    """
    with ExitStack() as stack:
        held: dict[str, Holding] | None = None
        match: Match = "id"
        for record in records:
            if not isinstance(record, Employee) or record.access is not UNSET:
                yield record
                continue
            if held is None:
                held, match = _held(request, stack)
            value = getattr(record, match)
            yield with_access(record, None if value is UNSET else held.get(account_of(match, value)))


def _held(request: Request, stack: ExitStack) -> tuple[dict[str, Holding], Match]:
    """Who holds access, and the field of a record that names the account."""
    from icaccess.store.settings import is_to_come
    from icaccess.targets.settings import TargetSettings

    is_ledger = request.settings.section("target", TargetSettings).kind == "ledger"
    if is_ledger and is_to_come(request.store_url):
        return {}, "id"  # known without the database, which takes longer to import than a decision takes
    from icaccess import changes

    target = stack.enter_context(changes.opened(request, read_only=True)).target
    return target.current(), target.match


def changed(now: Decision, then: Decision) -> list[tuple[str, str, str]]:
    """What is another in a later decision on the same facts: the part, what it is now, what it is then."""
    return [
        (part.replace("_", " "), before, after)
        for part, before, after in (
            ("outcome", now.outcome, then.outcome),
            ("action", now.action, then.action),
            ("reasons", _codes(now), _codes(then)),
            ("warnings", ", ".join(now.warnings), ", ".join(then.warnings)),
            ("locations", ", ".join(now.locations), ", ".join(then.locations)),
            ("validity", now.expiry.state if now.expiry else "", then.expiry.state if then.expiry else ""),
            ("valid_through", _valid_through(now), _valid_through(then)),
            ("requirements_met_on", str(now.requirements_met_on), str(then.requirements_met_on)),
            ("grant_due_by", str(now.grant_due_by), str(then.grant_due_by)),
            ("escalate", _yes(now.escalate), _yes(then.escalate)),
        )
        if before != after
    ]


def _yes(flag: bool) -> str:
    return "yes" if flag else "no"


def _codes(decision: Decision) -> str:
    return ", ".join(reason.code for reason in decision.reasons)


def _valid_through(decision: Decision) -> str:
    return str(decision.expiry.valid_through) if decision.expiry else ""
