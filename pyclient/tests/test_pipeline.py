"""Plan, guard, apply and verify in their order, on a store of each kind."""

from __future__ import annotations

import multiprocessing
import random
from datetime import UTC, date, datetime, timedelta

import pytest
from msgspec import UNSET
from msgspec.structs import replace
from sqlalchemy import delete, insert, select, update

from icaccess.audit.render import runs_as_text
from icaccess.cli.changes import check_day
from icaccess.errors import GuardStop, PlanError, StoreError, TargetError, UsageError
from icaccess.guard import GuardSettings, RemovalLimit
from icaccess.models import Access, Employee, InvalidRecord
from icaccess.plan import check_current
from icaccess.request import Request
from icaccess.store import audit, holders
from icaccess.store.consents import Consent
from icaccess.store.database import open_store
from icaccess.store.schema import access as access_table
from icaccess.store.schema import audit as audit_table
from icaccess.store.schema import basis as basis_table
from icaccess.store.schema import consent as consent_table
from icaccess.store.schema import run as run_table
from icaccess.store.verify import verify
from icaccess.targets.interface import NOBODY, UnnamedMember
from icaccess.targets.ledger import LedgerTarget
from tests.scripted import BASIS, DAY, Listed, ScriptedClient, adopt, do, kinds, people, run_on, states
from tests.targets.fakes import MemoryTarget

HELD = Access(held=True, locations=("210",), since=date(2024, 8, 1))
BASES = {"1": replace(BASIS, walk_in=date(2023, 8, 9)), "2": BASIS}


class Halfway(MemoryTarget):
    """Makes a half of a change, and then the run is killed, or goes on."""

    def __init__(self, held, half, *, killed):
        super().__init__(held)
        self.half = half
        self.killed = killed

    def make(self, change):
        super().make(change)
        if self.half is not None:
            self.held[change.account] = self.half
            if self.killed:
                raise KeyboardInterrupt


@pytest.fixture
def ledger(store):
    return LedgerTarget(store)


def plan(store, target, client, records, **more):
    return run_on(records, client, target, store).plan(**more)


def test_each_change_is_made_once_and_then_nothing_is_to_do(store, ledger):
    records = people("1", "2", "3")
    do(store, ledger, ScriptedClient({"2": ("210",), "3": ("210",)}), records)
    client = ScriptedClient({"1": ("210",), "3": ("211",)})
    fresh, summary = do(store, ledger, client, records)
    assert summary.counts == {"verified": 3}
    assert summary.complete
    assert [(one.action, one.employee_id) for one in fresh.changes] == [
        ("revoke", "2"),
        ("update", "3"),
        ("grant", "1"),
    ]
    assert ledger.listing().held == {
        "1": Access(held=True, locations=("210",), since=DAY),
        "3": Access(held=True, locations=("211",), since=DAY),
    }
    fresh, summary = do(store, ledger, client, records)
    assert (list(fresh.changes), summary.counts) == ([], {})


def test_the_record_tells_the_whole_story(store, ledger):
    client = ScriptedClient({"1": ("210",)})
    do(store, ledger, client, people("1", "2"))
    assert kinds(store) == ["run_started", "intent", "made", "verified", "run_finished"]
    with store.reading() as connection:
        started, intent, *_ = audit.entries(connection)
    assert started.body["by"] == "tester@here"
    assert started.body["policy_revision"] == client.revisions().policy
    assert started.body["data_revision"] == client.revisions().data
    assert len(started.body["facts_digest"]) == len(started.body["plan_digest"]) == 64
    assert intent.employee_id == "1"
    assert intent.body["basis"]["approval"] == {"approver": "000777", "decided_on": "2023-08-14"}
    after = {"held": True, "locations": ["210"], "since": "2025-09-10"}
    assert intent.body["after"] == {**after, "basis": intent.body["basis"]}


def test_a_saved_plan_is_carried_out_once(store, ledger):
    client, records = ScriptedClient({"1": ("210",)}), people("1")
    saved = plan(store, ledger, client, records)
    check_current(saved, plan(store, ledger, client, records))
    do(store, ledger, client, records)
    with pytest.raises(PlanError, match="what the target shows changed"):
        check_current(saved, plan(store, ledger, client, records))


def test_planning_under_the_lock_changes_nothing(store, ledger):
    run = run_on(people("1"), ScriptedClient({"1": ("210",)}), ledger, store)
    with run.changing("icaccess apply"):
        assert len(run.plan().changes) == 1
    assert (ledger.listing().held, states(store)) == ({}, [])
    with pytest.raises(RuntimeError, match="outside `changing`"):
        run.apply(run.plan(), run.guard(run.plan()), by="tester@here")


def _apply_slowly(url, began, go_on):
    """Apply in a process of its own, in the middle of which others may try."""

    class Slow(LedgerTarget):
        def apply(self, given, batch):
            began.set()
            go_on.wait(60)
            yield from super().apply(given, batch)

    with open_store(url) as store:
        do(store, Slow(store), ScriptedClient({"1": ("210",)}), people("1"))


def test_of_two_applies_at_once_one_works(store, ledger, store_url):
    fork = multiprocessing.get_context("fork")
    began, go_on = fork.Event(), fork.Event()
    first = fork.Process(target=_apply_slowly, args=(store_url, began, go_on))
    first.start()
    assert began.wait(60)
    with pytest.raises(StoreError, match=rf"is locked by icaccess apply, process {first.pid} of .+@"):
        do(store, ledger, ScriptedClient({"2": ("210",)}), people("1", "2"))
    go_on.set()
    first.join(60)
    assert (first.exitcode, set(ledger.listing().held)) == (0, {"1"})
    first.close()
    do(store, ledger, ScriptedClient({"2": ("210",)}), people("1", "2"))
    assert set(ledger.listing().held) == {"2"}


class TestEvidence:
    """The basis of the last decision that allowed what is held reaches OPA, and is kept in the store."""

    def test_follows_each_later_decision(self, store, ledger):
        do(store, ledger, ScriptedClient({"1": ("210",)}), people("1"))
        client = ScriptedClient({"1": ("210",)}, bases=BASES)
        do(store, ledger, client, people("1"))
        assert client.seen == {"1": BASIS}
        plan(store, ledger, client, people("1"), full=True)
        assert client.seen == {"1": BASES["1"]}

    def test_a_plan_remembers_nothing(self, store, ledger):
        do(store, ledger, ScriptedClient({"1": ("210",)}), people("1"))
        client = ScriptedClient({"1": ("210",)}, bases=BASES)
        plan(store, ledger, client, people("1"))
        plan(store, ledger, client, people("1"), full=True)
        assert client.seen == {"1": BASIS}

    def test_is_kept_of_those_adopted_and_allowed(self, store, ledger):
        client = ScriptedClient({"1": ("210",)}, bases=BASES)
        records = [Employee(id=one, access=Access(held=True, locations=("210",))) for one in ("1", "2")]
        adopt(store, ledger, records, client=client)
        plan(store, ledger, client, records, full=True)
        assert client.seen == {"1": BASES["1"], "2": UNSET}

    def test_goes_with_the_access(self, store, ledger):
        do(store, ledger, ScriptedClient({"1": ("210",)}), people("1"))
        do(store, ledger, ScriptedClient({}), people("1"))
        with store.reading() as connection:
            assert connection.execute(select(basis_table)).all() == []

    def test_that_was_lost_is_asked_for_again(self, store, ledger):
        records, client = people("1"), ScriptedClient({"1": ("210",)})
        for _ in range(3):  # granted, decided with what is held, and then cached
            do(store, ledger, client, records)
        with store.writing() as connection:
            connection.execute(delete(basis_table))
        for _ in range(2):
            do(store, ledger, client, records)
        plan(store, ledger, client, records, full=True)
        assert client.seen == {"1": BASIS}

    def test_nobody_is_asked_about_twice(self, store, ledger):
        records, client = (
            people(*map(str, range(9))),
            ScriptedClient({str(one): ("210",) for one in range(9)}),
        )
        for _ in range(2):
            do(store, ledger, client, records)
        client.seen.clear()
        do(store, ledger, client, records)
        assert len(client.seen) == 1  # the sample of the cached decisions

    def test_that_was_edited_is_one_clear_line(self, store, ledger):
        do(store, ledger, ScriptedClient({"1": ("210",)}), people("1"))
        with store.writing() as connection:
            connection.execute(update(basis_table).values(basis='{"role": "Clerk"}'))
        with pytest.raises(StoreError, match="the basis of the account 1 in the store was edited"):
            plan(store, ledger, ScriptedClient({"1": ("210",)}), people("1"))


class TestAdopt:
    def test_takes_over_what_the_records_say(self, store, ledger):
        records = [
            Employee(id="1", access=Access(held=True, since=date(2024, 8, 1), locations=("210",))),
            Employee(id="2", access=Access(held=True)),
            Employee(id="3", access=Access(held=False)),
            Employee(id="4"),
            InvalidRecord("5", "bad"),
        ]
        assert adopt(store, ledger, records) == 2
        assert ledger.listing().held == {"1": HELD, "2": Access(held=True)}
        assert kinds(store) == ["run_started", "adopted", "adopted", "run_finished"]

    def test_is_done_once(self, store, ledger):
        adopt(store, ledger, [Employee(id="4")])
        with pytest.raises(UsageError, match="taken over before"):
            adopt(store, ledger, [Employee(id="1", access=Access(held=True))])

    def test_needs_an_empty_ledger(self, store, ledger):
        do(store, ledger, ScriptedClient({"1": ("210",)}), people("1"))
        with pytest.raises(UsageError, match="ledger is not empty"):
            adopt(store, ledger, [Employee(id="2", access=Access(held=True))])

    def test_another_target_is_asked_itself(self, store):
        target = MemoryTarget({"1": HELD})
        assert adopt(store, target, [Employee(id="2", access=Access(held=True))]) == 1
        assert plan(store, target, ScriptedClient({"1": ("210",)}), people("1")).drift == ()

    def test_an_account_is_recorded_with_its_person(self, store):
        target = MemoryTarget({"user1": HELD, "userx": HELD})
        target.match = "username"
        assert adopt(store, target, people("1", "2")) == 2
        with store.reading() as connection:
            found = [entry.employee_id for entry in audit.entries(connection) if entry.kind == "adopted"]
        assert found == ["1", "userx"]

    def test_an_account_says_whose_it_was(self, store):
        target = MemoryTarget({"user1": HELD, "userx": HELD})
        target.match = "username"
        adopt(store, target, people("1", "2"))
        renamed = [replace(one, username=f"new{one.id}") for one in people("1", "2")]
        undecided = plan(store, target, ScriptedClient({}), renamed).undecided
        assert [(one.employee_id, one.doubt) for one in undecided] == [
            ("user1", "The account was that of 1, whose record names another one now, or none."),
            ("userx", ""),
        ]

    @pytest.mark.parametrize("match", ["username", "id"])
    def test_nobody_gets_access_twice(self, store, match):
        target = MemoryTarget({"user1": HELD})
        target.match = "username"
        adopt(store, target, people("1", "2"))
        target.match = match
        renamed = [replace(one, username=f"new{one.id}") for one in people("1", "2")]
        client = ScriptedClient({"1": ("210",), "2": ("210",)})
        _, summary = do(store, target, client, renamed)
        assert set(target.held) == {"user1", "2" if match == "id" else "new2"}
        assert summary.counts == {"failed": 1, "verified": 1}
        assert [(one.change.employee_id, one.note) for one in summary.failures] == [
            (
                "1",
                "this person already holds access as user1; correct the account in the facts or at the "
                "target, or take it out there",
            )
        ]
        target.held["user1"] = replace(HELD, locations=("211",))
        for _ in range(2):  # somebody moved it, and it is still theirs
            _, summary = do(store, target, client, renamed)
            assert summary.counts == {"failed": 1}


class TestDays:
    TODAY = Request().today

    def test_today_is_always_right(self, ledger):
        check_day(None, Request(), ledger)
        check_day(None, Request(at=self.TODAY), MemoryTarget())

    def test_another_day_is_for_the_ledger_alone(self, ledger):
        check_day(None, Request(at=DAY), ledger)
        with pytest.raises(PlanError, match=rf"memory can change only as of today \({self.TODAY}\)"):
            check_day(None, Request(at=DAY), MemoryTarget())

    def test_another_day_is_given_again(self, store, ledger):
        saved = plan(store, ledger, ScriptedClient({}), people("1"))
        check_day(saved, Request(at=DAY), ledger)
        with pytest.raises(PlanError, match="give --at 2025-09-10 again"):
            check_day(saved, Request(), ledger)


class TestGuard:
    LIMITS = GuardSettings(revocations=RemovalLimit(count=1))

    def setup_three(self, store, ledger):
        do(store, ledger, ScriptedClient(dict.fromkeys("123", ("210",))), people("1", "2", "3"))

    def test_stops_before_anything_is_changed(self, store, ledger):
        self.setup_three(store, ledger)
        before = states(store)
        with pytest.raises(GuardStop, match=r"2 revocations, more than the 1 allowed; .* --allow") as caught:
            do(store, ledger, ScriptedClient({"1": ("210",)}), people("1", "2", "3"), limits=self.LIMITS)
        assert caught.value.exit_code == 3
        assert (set(ledger.listing().held), states(store)) == ({"1", "2", "3"}, before)

    def test_a_consent_lets_one_plan_through(self, store, ledger):
        self.setup_three(store, ledger)
        client, records = ScriptedClient({"1": ("210",)}), people("1", "2", "3")
        digest = plan(store, ledger, client, records).digest
        consent = Consent(plan=digest[:12], by="A. Admin", reason="two schools closed")
        with pytest.raises(PlanError, match="the consent names the plan 000000000000"):
            do(
                store,
                ledger,
                client,
                records,
                limits=self.LIMITS,
                consent=Consent(plan="0" * 12, by="A", reason="r"),
            )
        _, summary = do(store, ledger, client, records, limits=self.LIMITS, consent=consent)
        assert summary.counts == {"verified": 2}
        with store.reading() as connection:
            found = [entry.body for entry in audit.entries(connection) if entry.kind == "consent"]
        assert [(one["by"], one["reason"], one["plan_digest"], one["findings"]) for one in found] == [
            ("A. Admin", "two schools closed", digest, ["2 revocations, more than the 1 allowed"])
        ]

    def test_a_forged_consent_is_none(self, store, ledger):
        self.setup_three(store, ledger)
        client, records = ScriptedClient({"1": ("210",)}), people("1", "2", "3")
        digest = plan(store, ledger, client, records).digest
        forged = {
            "plan_digest": digest,
            "given_at": "2025",
            "by": "nobody",
            "reason": "none",
            "expires_at": "9999",
        }
        with store.writing() as connection:
            connection.execute(insert(consent_table).values(**forged))
        with pytest.raises(GuardStop):
            do(store, ledger, client, records, limits=self.LIMITS)
        assert set(ledger.listing().held) == {"1", "2", "3"}

    def test_a_record_without_runs_was_cut(self, store, ledger):
        self.setup_three(store, ledger)
        with store.writing() as connection:
            connection.execute(delete(audit_table))
        with (
            store.reading() as connection,
            pytest.raises(StoreError, match="run 1: is in the store, and the audit record does not have it"),
        ):
            verify(connection)

    def test_a_consent_expires(self, store_url):
        clock = [datetime(2025, 9, 10, 12, tzinfo=UTC)]
        with open_store(store_url, now=lambda: clock[0]) as store:
            ledger = LedgerTarget(store)
            self.setup_three(store, ledger)
            client, records = ScriptedClient({"1": ("210",)}), people("1", "2", "3")
            digest = plan(store, ledger, client, records).digest
            consent = Consent(plan=digest, by="A. Admin", reason="two schools closed")
            run = run_on(records, client, ledger, store, limits=self.LIMITS)
            with run.changing("icaccess apply"):
                run.consent(consent, run.guard(run.plan()))
            clock[0] += timedelta(hours=23)
            run.guard(run.plan()).check()
            clock[0] += timedelta(hours=1)
            with pytest.raises(GuardStop):
                run.guard(run.plan()).check()

    def test_who_needs_consent_waits_alone(self, store, ledger):
        self.setup_three(store, ledger)
        client = ScriptedClient({"1": ("210",), "4": ("210",)}, waiting="23")
        records = people("1", "2", "3", "4")
        fresh, summary = do(store, ledger, client, records)
        assert (summary.counts, summary.waiting) == ({"verified": 1}, 2)
        assert set(ledger.listing().held) == {"1", "2", "3", "4"}
        assert kinds(store).count("held_back") == 2
        fresh = plan(store, ledger, client, records)
        consent = Consent(plan=fresh.digest, by="A. Admin", reason="the schools are closed for good")
        do(store, ledger, client, records, consent=consent)
        assert set(ledger.listing().held) == {"1", "4"}

    def test_rows_of_nobody_may_be_the_evidence(self, store, ledger):
        class Unmatched(Listed):
            def unmatched(self):
                return {"lms": "a row of `lms` fits nobody", "hr": "a row of `hr` fits nobody"}

        class Client(ScriptedClient):
            def evidence(self, records, *_):
                return ((record.id, ("it is no longer in `lms`",)) for record in records)

        self.setup_three(store, ledger)
        fresh = plan(
            store,
            ledger,
            Client({"1": ("210",), "2": ("210",)}, waiting="3"),
            Unmatched(people("1", "2", "3")),
        )
        assert [one.gone for one in fresh.changes] == [
            ("it is no longer in `lms`", "a row of `lms` fits nobody")
        ]

    def test_a_consent_names_people(self, store, ledger):
        self.setup_three(store, ledger)
        client, records = ScriptedClient({"1": ("210",)}, waiting="23"), people("1", "2", "3")
        fresh, summary = do(store, ledger, client, records)
        assert {one.employee_id: one.gone for one in fresh.changes} == dict(client.evidence(records[1:]))
        consent = Consent(plan=fresh.digest, by="A. Admin", reason="she left", people=("3",))
        _, summary = do(store, ledger, client, records, consent=consent)
        assert (summary.counts, summary.waiting) == ({"verified": 1}, 1)
        assert set(ledger.listing().held) == {"1", "2"}
        consent = replace(consent, plan=plan(store, ledger, client, records).digest)
        with pytest.raises(PlanError, match=r"^3: no revocation waits for a consent"):
            do(store, ledger, client, records, consent=consent)
        with store.reading() as connection:
            verify(connection)

    def test_who_waits_is_recorded_once(self, store, ledger):
        self.setup_three(store, ledger)
        client, records = ScriptedClient({"1": ("210",)}, waiting="23"), people("1", "2", "3")
        for days in range(3):
            do(store, ledger, client, records, day=DAY + timedelta(days=days))
        assert kinds(store).count("held_back") == 2
        with store.reading() as connection:
            lines = [line for line in runs_as_text(audit.entries(connection)) if "held back" in line]
        assert [line.split("  ")[2].split(":")[0] for line in lines] == ["2", "3"]
        for line, one in zip(lines, "23", strict=True):
            assert line.endswith(f" What the access of {one} rested on is no longer in the facts.")
        run = run_on(records, client, ledger, store, DAY + timedelta(days=3))
        assert run.guard(run.plan()).since == {"2": "2025-09-10", "3": "2025-09-10"}
        do(store, ledger, ScriptedClient(dict.fromkeys("12", ("210",)), waiting="3"), records)
        assert run.guard(run.plan()).since == {"3": "2025-09-10"}

    def test_a_small_district_is_protected(self, store, ledger):
        ids = [str(one) for one in range(10)]
        do(store, ledger, ScriptedClient(dict.fromkeys(ids, ("210",))), people(*ids))
        limits = GuardSettings(facts_shrink=None)
        with pytest.raises(GuardStop, match=r"4 revocations, more than 10.0% of the 10 .* and more than 3;"):
            do(store, ledger, ScriptedClient(dict.fromkeys(ids[4:], ("210",))), people(*ids), limits=limits)
        client = ScriptedClient(dict.fromkeys(ids[3:], ("210",)))
        assert do(store, ledger, client, people(*ids), limits=limits)[1].counts == {"verified": 3}

    def test_revocations_count_over_a_day(self, store_url):
        clock = [datetime(2025, 9, 10, 12, tzinfo=UTC)]
        ids = [str(one) for one in range(10)]
        records, limits = people(*ids), GuardSettings(facts_shrink=None)
        with open_store(store_url, now=lambda: clock[0]) as store:
            ledger = LedgerTarget(store)

            def allow(some):
                client = ScriptedClient(dict.fromkeys(some, ("210",)))
                return do(store, ledger, client, records, limits=limits)[1].counts

            allow(ids)
            assert allow(ids[2:]) == {"verified": 2}
            clock[0] += timedelta(hours=23)
            said = "4 revocations within 24 hours, 2 of them already made, more than 10.0% of the 10 who"
            with pytest.raises(GuardStop, match=said):
                allow(ids[4:])
            assert allow(ids[3:]) == {"verified": 1}
            clock[0] += timedelta(hours=2)
            assert allow(ids[5:]) == {"verified": 2}

    def test_what_was_let_through_does_not_count(self, store, ledger):
        ids = [str(one) for one in range(10)]
        records, limits = people(*ids), GuardSettings(facts_shrink=None)
        do(store, ledger, ScriptedClient(dict.fromkeys(ids, ("210",))), records)
        client = ScriptedClient(dict.fromkeys(ids[6:], ("210",)))
        consent = Consent(plan=plan(store, ledger, client, records).digest, by="A. Admin", reason="closed")
        do(store, ledger, client, records, limits=limits, consent=consent)
        client = ScriptedClient(dict.fromkeys(ids[8:], ("210",)))
        assert do(store, ledger, client, records, limits=limits)[1].counts == {"verified": 2}

    @pytest.mark.parametrize(("known_for", "stops"), [(30, False), (29, True)])
    def test_foreseen_ends_count_apart(self, store, ledger, known_for, stops):
        """On June 30 the guard is neither in the way, nor off."""
        ids, end = [str(one) for one in range(30)], DAY + timedelta(days=known_for)
        records, limits = people(*ids), GuardSettings(facts_shrink=None)
        client = ScriptedClient(dict.fromkeys(ids, ("210",)), valid_through=end - timedelta(days=1))
        do(store, ledger, client, records)
        do(store, ledger, client, records)
        client = ScriptedClient(dict.fromkeys(ids[23:], ("210",)), expired=ids[:20])
        if stops:
            with pytest.raises(GuardStop, match="23 revocations"):
                do(store, ledger, client, records, limits=limits, day=end)
            return
        with pytest.raises(GuardStop, match=r"^stopped by the guard: 4 revocations"):
            more = ScriptedClient(dict.fromkeys(ids[24:], ("210",)), expired=ids[:20])
            do(store, ledger, more, records, limits=limits, day=end)
        assert do(store, ledger, client, records, limits=limits, day=end)[1].counts == {"verified": 23}

    def test_a_target_is_adopted_first(self, store):
        target = MemoryTarget({"1": HELD})
        client = ScriptedClient({"2": ("210",)})
        with pytest.raises(
            GuardStop, match="memory holds 1 person and was never adopted; run `icaccess adopt`"
        ):
            do(store, target, client, people("1", "2"), adopted=False)
        adopt(store, target, people("1", "2"))
        assert do(store, target, client, people("1", "2"), adopted=False)[1].counts == {"verified": 2}

    def test_a_grant_needs_no_adoption(self, store):
        target = MemoryTarget({"1": HELD})
        client = ScriptedClient({"1": ("210",), "2": ("210",)})
        assert do(store, target, client, people("1", "2"), adopted=False)[1].counts == {"verified": 1}

    @pytest.mark.parametrize(
        ("days", "said"),
        [
            (-1, "the day is 2025-09-09, before the last run's, 2025-09-10"),
            (15, "the day is 2025-09-25, 15 days after the last run's, 2025-09-10, more than the 14 allowed"),
            (14, None),
        ],
    )
    def test_clock_jumps_stop_a_run(self, store, ledger, days, said):
        self.setup_three(store, ledger)
        day = DAY + timedelta(days=days)
        run = run_on(people("1"), ScriptedClient({"1": ("210",)}), ledger, store, day)
        assert run.guard(run.plan()).stops == ()
        run.day_is_today = True
        stops = run.guard(run.plan()).stops
        assert (said is None and stops == ()) or said in stops[0]

    def test_facts_that_shrank_stop_the_run(self, store, ledger):
        limits = GuardSettings(facts_shrink=0.1)
        client = ScriptedClient({})
        do(store, ledger, client, people(*map(str, range(20))), limits=limits)
        do(store, ledger, client, people(*map(str, range(18))), limits=limits)
        with pytest.raises(GuardStop, match="hold 16 people, and 18 in the last run: more than 10% fewer"):
            do(store, ledger, client, people(*map(str, range(16))), limits=limits)

    @pytest.mark.parametrize("now", ["1001", "0001001", "1001.0", "OO1OO1"])
    def test_respelled_ids_stop_it(self, store, ledger, now):
        held = ("001001", "001002")
        do(store, ledger, ScriptedClient(dict.fromkeys(held, ("210",))), people(*held))
        client, records = ScriptedClient({now: ("210",), "001002": ("210",)}), people(now, "001002")
        said = f"1 grant is for ids that are nearly those of undecided holders, such as '{now}' for '001001'"
        with pytest.raises(GuardStop, match=said):
            do(store, ledger, client, records)
        consent = Consent(plan=plan(store, ledger, client, records).digest, by="A. Admin", reason="new ids")
        assert do(store, ledger, client, records, consent=consent)[1].counts == {"verified": 1}

    def test_a_grant_for_another_id_does_not_stop_it(self, store, ledger):
        do(store, ledger, ScriptedClient({"1001": ("210",)}), people("1001"))
        records, client = people("1001", "01001"), ScriptedClient(dict.fromkeys(("1001", "01001"), ("210",)))
        assert do(store, ledger, client, records)[1].counts == {"verified": 1}

    def test_old_facts_stop_it(self, store, ledger):
        limits = GuardSettings(facts_age_hours=24)
        now, client = datetime.now(UTC), ScriptedClient({})
        do(store, ledger, client, Listed(people("1"), now - timedelta(hours=23)), limits=limits)
        with pytest.raises(GuardStop, match="the facts are 30 hours old, over 24"):
            do(store, ledger, client, Listed(people("1"), now - timedelta(hours=30)), limits=limits)


class TestFailures:
    def test_one_failure_does_not_stop_the_others(self, store):
        target = MemoryTarget({"9": HELD})
        target.faults = {"1": "refused", "2": "lied"}
        client = ScriptedClient(dict.fromkeys("123", ("210",)))
        _, summary = do(store, target, client, people("1", "2", "3", "9"))
        assert summary.counts == {"verified": 2, "failed": 2}
        assert [(one.change.employee_id, one.note) for one in summary.failures] == [
            ("1", "no such account"),
            ("2", "the target does not show it"),
        ]
        assert not summary.complete
        assert states(store) == [
            ("revoke", "9", "verified"),
            ("grant", "1", "failed"),
            ("grant", "2", "failed"),
            ("grant", "3", "verified"),
        ]
        target.faults = {}
        _, summary = do(store, target, client, people("1", "2", "3", "9"))
        assert summary.counts == {"verified": 2}
        assert target.applied.count(("grant", "3")) == 1

    @pytest.mark.parametrize("fault", ["down", "cut off"])
    def test_a_silent_target_leaves_rest(self, store, fault):
        target = MemoryTarget(batch_size=2)
        target.faults = {"3": fault}
        client = ScriptedClient(dict.fromkeys("1234567", ("210",)))
        _, summary = do(store, target, client, people(*"1234567"))
        made = 3 if fault == "cut off" else 2
        assert summary.counts == {"verified": made, "failed": 4 - made}
        assert (summary.left, bool(summary.stopped)) == (3, True)
        target.faults = {}
        _, summary = do(store, target, client, people(*"1234567"))
        assert (set(target.held), summary.complete) == (set("1234567"), True)
        assert len(target.applied) == len(set(target.applied)) == 7

    def test_the_next_run_settles_what_was_unread(self, store):
        target = MemoryTarget()

        def make(change):
            MemoryTarget.make(target, change)
            target.blind = True

        target.make = make
        client = ScriptedClient({"1": ("210",)})
        _, summary = do(store, target, client, people("1"))
        assert (summary.complete, states(store)) == (False, [("grant", "1", "made")])
        with pytest.raises(TargetError):
            do(store, target, client, people("1"))
        target.blind = False
        fresh, summary = do(store, target, client, people("1"))
        assert (list(fresh.changes), fresh.drift, summary.complete) == ([], (), True)
        assert states(store) == [("grant", "1", "verified")]

    def test_no_account_is_reported(self, store):
        target = MemoryTarget()
        target.match = "username"
        client = ScriptedClient({"1": ("210",), "2": ("210",)})
        _, summary = do(store, target, client, [Employee(id="1"), *people("2")])
        assert [one.note for one in summary.failures] == ["the facts name no account for this person"]
        assert set(target.held) == {"user2"}

    @pytest.mark.parametrize("seed", range(30))
    def test_every_change_ends_right_or_is_reported(self, sqlite_store, seed):
        rng = random.Random(seed)
        ids = [f"{number}" for number in range(15)]
        target = MemoryTarget(batch_size=rng.choice([1, 3, 100]))
        for _ in range(6):
            allowed = {one: (rng.choice("ab"),) for one in rng.sample(ids, rng.randint(0, 15))}
            target.faults = {
                one: rng.choice(["refused", "down", "lied", "cut off"]) for one in rng.sample(ids, 4)
            }
            before = dict(target.held)
            fresh, summary = do(sqlite_store, target, ScriptedClient(allowed), people(*ids))
            reported = {failure.change.employee_id for failure in summary.failures}
            silent = [change for change in fresh.changes if change.employee_id not in reported]
            wrong = [change for change in silent if target.held.get(change.account) != change.after]
            assert len(wrong) == summary.left
            assert all(target.held.get(change.account) == before.get(change.account) for change in wrong)
            assert fresh.drift == ()
        target.faults = {}
        do(sqlite_store, target, ScriptedClient(allowed), people(*ids))
        assert {account: held.locations for account, held in target.held.items()} == allowed
        assert kinds(sqlite_store)[-1] == "run_finished"


class TestPending:
    def test_a_pending_change_is_verified_later(self, store):
        target = MemoryTarget()
        target.faults = {"1": "slow"}
        client, records = ScriptedClient({"1": ("210",)}), people("1")
        _, summary = do(store, target, client, records)
        assert (summary.counts, summary.complete) == ({"pending": 1}, True)
        target.held = {}
        fresh, summary = do(store, target, client, records)
        assert ([one.employee_id for one in fresh.pending], len(fresh.changes)) == (["1"], 0)
        target.held = {"1": HELD}
        fresh, _ = do(store, target, client, records)
        assert (fresh.pending, fresh.drift, states(store)) == ((), (), [("grant", "1", "verified")])


class TestWaiting:
    """Changes that somebody else carries out: a run that waits for them is a good run."""

    SINCE = datetime(2025, 9, 10, 12, tzinfo=UTC)

    class Slow(MemoryTarget):
        """Has lists that wait for an export, and members that it cannot name."""

        def listing(self, expected=NOBODY, accounts_before=0):
            unnamed = (UnnamedMember("uid=ghost", ("staff",), "no such person"),)
            waiting = {"a": TestWaiting.SINCE, "b": TestWaiting.SINCE + timedelta(hours=1)}
            return replace(super().listing(expected, accounts_before), unnamed=unnamed, waiting=waiting)

        def to_do(self, batch, due_on):
            return f"carry out {batch} by {due_on}"

    def test_a_plan_says_since_when_and_who(self, store):
        client, target = ScriptedClient({"1": ("210",)}), self.Slow()
        fresh = plan(store, target, client, people("1"))
        assert fresh.export_due_since == self.SINCE
        assert [one.member for one in fresh.unnamed] == ["uid=ghost"]
        check_current(fresh, plan(store, target, client, people("1")))

    def test_a_run_says_what_is_to_be_done(self, store):
        target = self.Slow(batch_size=None)
        target.faults = {"1": "slow"}
        _, summary = do(store, target, ScriptedClient({"1": ("210",)}), people("1"))
        assert (summary.complete, summary.to_do) == (True, ("carry out 20250910-000001 by None",))


class TestDrift:
    @pytest.mark.parametrize("killed", [True, False])
    def test_what_a_run_half_did_is_no_drift(self, store, killed):
        before, half = Access(held=True, locations=("210",)), Access(held=True, locations=("210", "211"))
        target = Halfway({"1": before}, half, killed=killed)
        adopt(store, target, people("1"))
        client = ScriptedClient({"1": ("211",)})
        if killed:
            with pytest.raises(KeyboardInterrupt):
                do(store, target, client, people("1"))
        else:
            assert do(store, target, client, people("1"))[1].counts == {"failed": 1}
        target.half = None
        fresh, summary = do(store, target, client, people("1"))
        assert (fresh.drift, summary.counts) == ((), {"verified": 1})

    def test_drift_is_recorded_and_then_known(self, store):
        target = MemoryTarget()
        client = ScriptedClient({"1": ("210",), "2": ("210",)})
        do(store, target, client, people("1", "2", "3"))
        del target.held["1"]
        target.held["3"] = HELD
        fresh, _ = do(store, target, client, people("1", "2", "3"))
        assert [(one.kind, one.employee_id, one.action) for one in fresh.drift] == [
            ("given", "3", "revoke"),
            ("taken", "1", "grant"),
        ]
        assert kinds(store).count("drift") == 2
        assert plan(store, target, client, people("1", "2", "3")).drift == ()

    def test_drift_shows_with_cached_decisions(self, store):
        target, ids = MemoryTarget(), [f"{number:02}" for number in range(20)]
        client = ScriptedClient(dict.fromkeys(ids[:10], ("210",)))
        for _ in range(2):
            do(store, target, client, people(*ids))
        assert plan(store, target, client, people(*ids)).drift == ()
        # Remembered otherwise than it was and is: as if somebody had moved them and this system had seen it.
        with store.writing() as connection:
            moved = {one: (one, Access(held=True, locations=("999",))) for one in ids[:10]}
            holders.record(connection, store.now(), target.identity, moved)
        fresh = plan(store, target, client, people(*ids))
        assert [(one.kind, one.employee_id, one.action) for one in fresh.drift] == [
            ("moved", one, "keep") for one in ids[:10]
        ]


@pytest.mark.parametrize("edit", [{"locations": "["}, {"since": "x"}], ids=["locations", "since"])
def test_a_broken_row_of_the_ledger_is_named(store, ledger, edit):
    do(store, ledger, ScriptedClient({"1": ("210",)}), people("1"))
    with store.writing() as connection:
        connection.execute(update(access_table).values(**edit))
    with pytest.raises(StoreError, match="the store's row of the account 1 was edited"):
        plan(store, ledger, ScriptedClient({}), people("1"))


def test_runs_are_kept(store, ledger):
    do(store, ledger, ScriptedClient({}), people("1", "2"))
    with store.reading() as connection:
        row = connection.execute(select(run_table)).one()
    assert (row.kind, row.state, row.people, row.as_of, row.target) == (
        "apply",
        "finished",
        2,
        "2025-09-10",
        "ledger",
    )
