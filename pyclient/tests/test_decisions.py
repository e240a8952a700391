"""Cached decisions: used while they hold, never when they do not, and tried against OPA each time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
import yaml
from sqlalchemy import func, select, update

from icaccess import decisions
from icaccess.decisions import DecisionCache
from icaccess.errors import EngineError
from icaccess.models import (
    Access,
    AnyRecord,
    Decision,
    DecisionJson,
    Employee,
    InvalidRecord,
    Record,
    Verdict,
)
from icaccess.opa.bundles import Revisions
from icaccess.opa.client import AccessClient
from icaccess.store.database import Store
from icaccess.store.schema import decision
from icaccess.targets.ledger import LedgerTarget
from tests.naming import mostly_slow
from tests.people import day_for, person
from tests.scripted import DAY, REVISIONS, ScriptedClient, adopt, do, people, run_on

ROOT = Path(__file__).parents[2]


class Counting:
    """A client that counts whom it was asked about."""

    def __init__(self, client: ScriptedClient | AccessClient) -> None:
        self.client = client
        self.asked: list[str] = []

    def decide_json(
        self, records: Iterable[AnyRecord], at: date, *, revisions: Revisions | None = None
    ) -> Iterator[DecisionJson]:
        records = list(records)
        self.asked += [record.id for record in records]
        return self.client.decide_json(records, at, revisions=revisions)


def settled(count: int) -> list[Employee]:
    """People of whom the even ones may have access, and hold it."""
    held = Access(held=True, locations=("210",))
    return [
        msgspec.structs.replace(one, access=held) if n % 2 == 0 else one
        for n, one in enumerate(people(*(f"{n:04}" for n in range(count))))
    ]


def scripted(count: int, **more: Any) -> Counting:
    return Counting(ScriptedClient({f"{n:04}": ("210",) for n in range(0, count, 2)}, **more))


def decide(
    store: Store, client: Counting, records: list[Record], at: date = DAY, revisions: Revisions = REVISIONS
) -> list[tuple[str, str]]:
    client.asked.clear()
    cache = DecisionCache(client, store, keep=True)
    found = [verdict(answer) for answer in cache.decide_json(records, at, revisions=revisions)]
    assert len(client.asked) + cache.used == len(records)
    return [(one.outcome, one.action) for one in found]


def verdict(answer: DecisionJson) -> Verdict:
    return msgspec.json.decode(answer, type=Verdict)


def test_of_the_unchanged_only_a_sample_is_asked_again(store: Store) -> None:
    client, records = scripted(1200), [*settled(1200)]
    first = decide(store, client, records)
    assert len(client.asked) == 1200
    assert first == [("allow", "keep"), ("deny", "none")] * 600
    assert decide(store, client, records) == first
    assert len(client.asked) == 3


def test_who_changed_is_asked(store: Store) -> None:
    client, records = scripted(100), [*settled(100)]
    decide(store, client, records)
    records[7] = msgspec.structs.replace(records[7], name="Changed")
    records.append(Employee(id="new"))
    assert decide(store, client, records)[-1] == ("deny", "none")
    assert {"0007", "new"} < set(client.asked)
    assert len(client.asked) == 3
    decide(store, client, records)
    assert len(client.asked) == 1


def test_another_policy_or_other_data_clear_the_cache(store: Store) -> None:
    client, records = scripted(10), [*settled(10)]
    decide(store, client, records)
    for other in (Revisions("c" * 64, REVISIONS.data), Revisions(REVISIONS.policy, "d" * 64)):
        decide(store, client, records, revisions=other)
        assert len(client.asked) == 10
        with store.reading() as connection:
            assert connection.execute(select(func.count()).select_from(decision)).scalar_one() == 10


def test_an_opa_without_revisions_is_asked_about_everybody(store: Store) -> None:
    client, records = scripted(10), [*settled(10)]
    for _ in range(2):
        decide(store, client, records, revisions=Revisions("", ""))
        assert len(client.asked) == 10


def test_nothing_is_used_from_recheck_on_or_before_decided(store: Store) -> None:
    client, records = scripted(4), [*settled(4)]
    decide(store, client, records)
    with store.writing() as connection:
        connection.execute(update(decision).values(recheck_on="2025-09-20"))
    assert decide(store, client, records, date(2025, 9, 19))
    assert len(client.asked) == 1
    decide(store, client, records, date(2025, 9, 9))
    assert len(client.asked) == 4
    with store.writing() as connection:
        connection.execute(update(decision).values(recheck_on="2025-09-20"))
    decide(store, client, records, date(2025, 9, 20))
    assert len(client.asked) == 4


def test_the_cache_of_one_batch_is_not_said_of_another(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decisions, "TOGETHER", 7)
    client, records = scripted(100), [*settled(100)]
    first = decide(store, client, records)
    asked = 0
    for changed in range(0, 100, 9):
        records[changed] = msgspec.structs.replace(records[changed], name="Changed")
        assert decide(store, client, records) == first
        assert f"{changed:04}" in client.asked
        asked += len(client.asked)
    assert asked <= 12 * (1 + 15)  # who changed, and one of each batch


def test_ids_of_any_kind_are_told_apart(store: Store) -> None:
    ids = ["1", "01", "a'b", 'a"b', "ä", "a\\b", "%", "a\nb", "\U0001f600", "f" * 300]
    client, records = Counting(ScriptedClient({})), [*people(*ids)]
    decide(store, client, records)
    decide(store, client, records)
    assert len(client.asked) == 1
    records[3] = msgspec.structs.replace(records[3], name="Changed")
    decide(store, client, records)
    assert ids[3] in client.asked
    assert len(client.asked) <= 2


def test_changes_undecided_and_invalid_are_never_cached(store: Store) -> None:
    client = Counting(ScriptedClient({"1": ("210",)}, unsure=["2"]))
    records: list[Record] = [*people("1", "2"), InvalidRecord("3", "facts.yaml line 3: start: no such day")]
    for _ in range(2):
        assert decide(store, client, records) == [
            ("allow", "grant"),
            ("undecided", "none"),
            ("undecided", "none"),
        ]
        assert client.asked == ["1", "2", "3"]


def test_a_cached_decision_opa_disowns_stops_the_run(store: Store) -> None:
    records = [*settled(2)]
    decide(store, scripted(2), records)
    with pytest.raises(EngineError, match=r"decision cached on 2025-09-10 is not what OPA.*--full"):
        for _ in range(50):  # a sample of one in two: soon it is the one that differs
            decide(store, Counting(ScriptedClient({})), records)
    cache = DecisionCache(ScriptedClient({}), store, full=True, keep=True)
    assert len(list(cache.decide_json(records, DAY, revisions=REVISIONS))) == 2


@pytest.mark.parametrize("edit", [{"outcome": "deny", "action": "none"}, {"essence": ""}])
def test_an_edited_cached_decision_stops_the_run(store: Store, edit: dict[str, str]) -> None:
    records = [*settled(1)]
    decide(store, scripted(1), records)
    with store.writing() as connection:
        connection.execute(update(decision).values(**edit))
    with pytest.raises(EngineError, match=r"0000': the decision cached .* is not what OPA decides now"):
        decide(store, scripted(1), records)


def test_a_plan_reads_the_cache_and_writes_nothing(store: Store, client: AccessClient) -> None:
    target = LedgerTarget(store)
    records = _people(Random(1), 60)
    adopt(store, target, records)
    for _ in range(2):
        do(store, target, client, records)
    day = DAY + timedelta(30)
    with store.reading() as connection:
        before = connection.execute(select(decision)).all()
    run = run_on(records, client, target, store, day)
    assert run.plan() == run.plan(full=True)
    with store.reading() as connection:
        assert connection.execute(select(decision)).all() == before
    assert len(before) > 30


@pytest.mark.parametrize("seed", mostly_slow(range(12), quick=2))
def test_the_result_is_the_same_as_deciding_everybody(
    client: AccessClient, sqlite_store: Store, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Over random edits and days, forward and back: what a plan is made of is the same with and without."""
    rng = Random(seed)
    monkeypatch.setattr(decisions, "TOGETHER", rng.choice([3, 17, 8000]))
    revisions = client.revisions()
    records = _people(rng, 40)
    day = date(2025, 6, 1)
    used = 0
    for _ in range(8):
        cache = DecisionCache(client, sqlite_store, keep=True)
        cached = list(cache.decide_json(records, day, revisions=revisions))
        used += cache.used
        for short, whole in zip(cached, client.decide_json(records, day), strict=True):
            expected = msgspec.json.decode(whole, type=Decision)
            assert verdict(short) == verdict(whole)
            if expected.action not in ("keep", "none"):
                assert short == whole
        for index in rng.sample(range(len(records)), 3):
            records[index] = _people(rng, 1, start=index)[0]
        day += timedelta(rng.choice([0, 1, 1, 3, 30, 120, -2]))
    assert used > 0


_DATA: dict[str, Any] = {
    name: yaml.safe_load((ROOT / "config" / name / "data.yaml").read_text())
    for name in ("requirements", "locations", "calendar")
}


def _people(rng: Random, count: int, start: int = 0) -> list[Employee]:
    """People made for this project's own policy data, moved to the days about the one decided for."""
    found: list[Employee] = []
    while len(found) < count:
        facts = person(rng, _DATA, f"{start + len(found):06}")
        day_for(rng, facts, _DATA)
        found.append(msgspec.convert(facts, Employee))
    return found
