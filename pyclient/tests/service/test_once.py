"""One run: the same as `icaccess apply`, done once for all services, and left at any moment without harm."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from icaccess.errors import GuardStop, StoreError
from icaccess.opa.engine import Engine
from icaccess.request import Request
from icaccess.service.once import Stopped, once
from icaccess.store.database import instant
from tests.service import district

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def never() -> bool:
    return False


def after(calls: int) -> Callable[[], bool]:
    """A question that is answered with yes from the given time on that it is asked."""
    asked = count()
    return lambda: next(asked) >= calls


@pytest.fixture
def request_for(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[int], Request]]:
    """Makes a request about so many people who are all allowed."""
    monkeypatch.setenv("ICACCESS_OPA_TOKEN", engine.token)

    def make(people: int) -> Request:
        whole = Request(
            config=district.ROOT / "config",
            facts=[tmp_path / "facts.jsonl"],
            opa_url=[engine.url],
            store=f"sqlite:///{tmp_path}/icaccess.db",
        )
        district.write_facts(
            tmp_path / "facts.jsonl", [district.allowed(n, whole.day) for n in range(people)]
        )
        return whole

    return make


def holders(request: Request) -> int:
    with request.open() as opened:
        return len(opened.target.listing().held)


def test_a_run_grants_what_is_due_and_another_finds_it_done(request_for) -> None:
    request, began = request_for(7), datetime.now(UTC)
    done = once(request, began, never)
    assert done is not None
    assert done.plan.counts["grant"] == 7
    assert (dict(done.summary.counts), holders(request)) == ({"verified": 7}, 7)
    assert once(request, began, never) is None
    # A later slot has not been worked yet, and SIGHUP asks for a run in any case.
    assert once(request, datetime.now(UTC) + timedelta(seconds=1), never) is not None
    assert once(request, None, never) is not None


def test_a_run_of_a_time_to_come_does_not_stand_for_this_one(request_for) -> None:
    """Where the clock went back, the service says so, and does not take its slots for done."""
    request, began = request_for(3), datetime.now(UTC)
    assert once(request, began, never) is not None
    with create_engine(request.store_url).begin() as connection:
        later = {"at": instant(began + timedelta(days=1))}
        connection.execute(text("UPDATE run SET started_at = :at"), later)
        connection.execute(text("UPDATE audit SET at = :at"), later)
    with pytest.raises(StoreError, match="the clock is wrong"):
        once(request, began, never)
    assert holders(request) == 3


def test_a_stop_while_gathering_changes_nothing(request_for) -> None:
    request = request_for(50)
    with pytest.raises(Stopped):
        once(request, LONG_AGO, after(0))
    assert holders(request) == 0


def test_a_stop_just_before_the_changes_changes_nothing(request_for) -> None:
    request = request_for(5)
    with pytest.raises(Stopped):
        once(request, LONG_AGO, after(1))
    assert holders(request) == 0


def test_a_stop_once_changes_are_due_leaves_them_to_the_next_run(request_for) -> None:
    request, began = request_for(5), datetime.now(UTC)
    done = once(request, began, after(2))
    assert done is not None
    assert (done.summary.left, done.summary.counts, holders(request)) == (5, {}, 0)
    # Though it was begun in this slot it does not count as done.
    done = once(request, began, never)
    assert done is not None
    assert (done.summary.left, done.summary.counts, holders(request)) == (0, {"verified": 5}, 5)


def test_the_guard_stops_a_run_of_the_service_too(request_for) -> None:
    request = request_for(251)
    with pytest.raises(GuardStop):
        once(request, LONG_AGO, never)
    assert holders(request) == 0
