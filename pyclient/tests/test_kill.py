"""Killed at any point, the next run settles what was under way: nothing is lost, nothing is done twice.

`apply` runs in a process of its own that is ended by SIGKILL: at every step in turn (each transaction of the
store and each effect at a target, before and after), and at random moments. Then it runs again undisturbed,
and target, journal and audit record are held against a run that was never killed.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import select

from icaccess.config import Secret
from icaccess.models import Access
from icaccess.store import audit, journal
from icaccess.store.database import Store, open_store
from icaccess.store.schema import change as change_table
from icaccess.store.verify import verify
from icaccess.targets.campus import CampusSettings, CampusTarget
from icaccess.targets.ldap import LdapSettings, LdapTarget
from icaccess.targets.ldap_directory import Directory
from icaccess.targets.ledger import LedgerTarget
from icaccess.targets.scim import ScimSettings, ScimTarget
from icaccess.targets.scim_server import scim_http
from tests.scripted import ScriptedClient, do, people
from tests.targets.campus_simulator import CampusSimulator
from tests.targets.servers import ADMIN, GROUPS, PASSWORD, PEOPLE, TOKEN, running_scim, running_slapd

BEFORE = {"0": ("210",), "1": ("210",), "2": ("210",), "3": ("211",)}
AFTER = {"2": ("211",), "3": ("211",), "4": ("210",), "5": ("211",), "6": ("210",)}
CHANGES = 6  # two revocations, an update, three grants
IDS = [f"{number}" for number in range(8)]
PLACES = {"210": "IC 210", "211": "IC 211"}

pytestmark = pytest.mark.slow

fork = multiprocessing.get_context("fork")  # a start in milliseconds, with everything imported already


class Dated(ScriptedClient):
    """The stand-in with a day by which things are due."""

    def due_after(self, day):
        return day.replace(day=day.day + 2)


class Ticks:
    """Counts the steps of a run and ends the process without a word at one of them."""

    def __init__(self, fatal=0):
        self.fatal = fatal
        self.count = 0

    def tick(self):
        self.count += 1
        if self.count == self.fatal:
            os.kill(os.getpid(), signal.SIGKILL)


class TickingStore(Store):
    """A store whose every transaction is three steps: before it, before its commit, after it."""

    ticks = Ticks()

    @contextmanager
    def writing(self):
        self.ticks.tick()
        with super().writing() as connection:
            yield connection
            self.ticks.tick()
        self.ticks.tick()


def ticking(target, ticks, *names):
    """The target with a step before and after each of its methods that has an effect."""

    def stepping(inner):
        def call(*arguments):
            ticks.tick()
            result = inner(*arguments)
            ticks.tick()
            return result

        return call

    for name in names:
        setattr(target, name, stepping(getattr(target, name)))
    return target


def run_apply(case, fatal, allowed):
    """Apply, in this process, and end at a step where one is given."""
    with open_store(case.store_url) as plain:
        store = TickingStore(plain.engine, plain.url, plain.moment)
        store.ticks = Ticks(fatal)
        target = case.target(store, store.ticks)
        target.batch_size = None if target.deferred else 4
        do(store, target, Dated(allowed), people(*IDS), full=True)
        target.close()


def in_process(case, *, fatal=0, allowed=AFTER, kill_after=None):
    """Run apply in a process of its own; its exit code, which is -9 when it was killed."""
    process = fork.Process(target=run_apply, args=(case, fatal, allowed))
    process.start()
    if kill_after is not None:
        time.sleep(kill_after)
        process.kill()
    process.join(60)
    code = process.exitcode
    process.close()
    return code


class Case:
    """A store and a target in the state before; `reset` brings them back to it."""

    match = "username"

    def __init__(self, folder, postgres=None):
        self.folder = folder
        self.postgres = postgres
        self.template = folder / "template.db"
        self.store_url = f"sqlite:///{self.template}"
        self.clear()
        if postgres:
            self.store_url = f"{postgres}{self.new_database('template0')}"
        assert in_process(self, allowed=BEFORE) == 0
        self.settle()
        if not postgres:
            with contextlib.closing(sqlite3.connect(self.template)) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.template_url = self.store_url

    def new_database(self, template):
        name = f"kill_{os.getpid()}_{time.monotonic_ns()}"
        with psycopg.connect(f"{self.postgres}postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def reset(self):
        if self.postgres:
            template = self.template_url.rpartition("/")[2]
            self.store_url = f"{self.postgres}{self.new_database(template)}"
        else:
            for old in self.folder.glob("run.db*"):
                old.unlink()
            shutil.copy(self.template, self.folder / "run.db")
            self.store_url = f"sqlite:///{self.folder / 'run.db'}"
        self.restore()

    def clear(self):
        """Bring the target to nothing, before the first run."""

    def settle(self):
        """Let others do what the first run asked of them."""

    def restore(self):
        """Bring the target back to the state before."""

    def shown(self):
        """Who holds access at the target, and for which locations, without the day."""
        with open_store(self.store_url) as store:
            target = self.target(store, Ticks())
            found = target.listing().held
            target.close()
        return {account: held.locations for account, held in found.items()}

    def ended(self):
        """How often each change ended in which state, and what the record says of it."""
        with open_store(self.store_url) as store, store.reading() as connection:
            verify(connection)
            rows = connection.execute(select(change_table).where(change_table.c.run_id > 1)).all()
            kinds = Counter(
                (entry.employee_id, entry.kind)
                for entry in audit.entries(connection)
                if entry.run_id != 1 and entry.kind in ("verified", "pending", "failed")
            )
            assert not journal.unsettled(connection, rows[0].target) or self.deferred
        states = Counter((row.action, row.employee_id, row.state) for row in rows if row.state != "dropped")
        return states, kinds

    deferred = False


class LedgerCase(Case):
    match = "id"

    def target(self, store, ticks):
        return ticking(LedgerTarget(store), ticks, "listing")


class ScimCase(Case):
    def __init__(self, folder, server):
        self.server = server
        super().__init__(folder)

    def clear(self):
        self.users = {one: self.server.user(f"user{one}") for one in IDS}
        self.groups = {place: self.server.group(name) for place, name in PLACES.items()}

    def restore(self):
        for place, group in self.groups.items():
            members = [{"value": self.users[one]} for one, places in BEFORE.items() if place in places]
            body = {
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
                "displayName": PLACES[place],
                "members": members,
            }
            self.server.call("PUT", f"/Groups/{group}", body)

    def target(self, _store, ticks):
        settings = ScimSettings(
            url=self.server.url, token=Secret(TOKEN), match="username", location_groups=PLACES
        )
        return ticking(ScimTarget(settings, scim_http(Secret(TOKEN))), ticks, "add", "remove")


class LdapCase(Case):
    def __init__(self, folder, server):
        self.server = server
        super().__init__(folder)

    def clear(self):
        self.people = {
            one: self.server.entry(f"cn=user{one},{PEOPLE}", ["inetOrgPerson"], sn="x", uid=f"user{one}")
            for one in IDS
        }
        nobody = "cn=nobody,dc=example,dc=org"
        self.groups = {
            place: self.server.entry(f"cn={name},{GROUPS}", ["groupOfNames"], member=[nobody])
            for place, name in PLACES.items()
        }

    def restore(self):
        for place, group in self.groups.items():
            members = [self.people[one] for one, places in BEFORE.items() if place in places]
            self.server.connection.modify(
                group, {"member": [("MODIFY_REPLACE", [*members, "cn=nobody,dc=example,dc=org"])]}
            )

    def target(self, _store, ticks):
        settings = LdapSettings(
            url=self.server.url,
            bind_dn=ADMIN,
            password=Secret(PASSWORD),
            accounts=PEOPLE,
            match="username",
            location_groups=self.groups,
            placeholder="cn=nobody,dc=example,dc=org",
        )
        return ticking(LdapTarget(settings, Directory(settings.url, ADMIN, PASSWORD)), ticks, "add", "remove")


class CampusCase(Case):
    deferred = True

    def clear(self):
        self.campus = CampusSimulator(self.folder / "campus", list(PLACES.values()))
        self.campus.members["IC 210"].add("useradmin")
        self.campus.export()

    def settle(self):
        self.campus.carry_out()
        self.campus.export()
        assert in_process(self, allowed=BEFORE) == 0
        self.campus.export()

    def restore(self):
        for path in (self.folder / "campus" / "lists").iterdir():
            path.unlink()

    def target(self, _store, ticks):
        settings = CampusSettings(match="username", location_groups=PLACES)
        lists = self.folder / "campus" / "lists"
        return ticking(CampusTarget(settings, lists, self.campus.export_file), ticks, "_write")


@pytest.fixture(scope="module")
def case(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("kill")
    if request.param == "ledger":
        yield LedgerCase(folder)
    elif request.param == "ledger on PostgreSQL":
        yield LedgerCase(folder, request.getfixturevalue("postgres"))
    elif request.param == "scim":
        with running_scim() as server:
            yield ScimCase(folder, server)
    elif request.param == "ldap":
        with running_slapd(folder / "slapd") as server:
            yield LdapCase(folder, server)
    else:
        yield CampusCase(folder)


def undisturbed(case):
    """How many seconds a run lasts that nobody kills."""
    case.reset()
    started = time.monotonic()
    assert in_process(case) == 0
    return time.monotonic() - started


# Target, and at how many random moments it is killed besides every step.
TARGETS = [("ledger", 60), ("ledger on PostgreSQL", 20), ("scim", 40), ("ldap", 45), ("campus", 45)]


@pytest.mark.parametrize(("case", "moments"), TARGETS, indirect=["case"])
def test_killed_anywhere_it_ends_as_if_it_never_was(case, moments, record_property):
    lasted = min(undisturbed(case) for _ in range(3))
    want = finished(case)
    assert len(want[1][0]) == CHANGES

    steps = killed = 0
    while True:
        case.reset()
        code = in_process(case, fatal=steps + 1)
        if code == 0:
            break
        assert code == -signal.SIGKILL
        steps += 1
        check(case, want, f"step {steps}")
    rng = random.Random(7)
    tried = 0
    while tried < moments or killed < moments // 2:
        case.reset()
        moment = rng.uniform(0, lasted)
        tried += 1
        if in_process(case, kill_after=moment) == -signal.SIGKILL:
            killed += 1
        else:
            lasted *= 0.9  # the machine has become faster, and the kill came too late
        check(case, want, f"{moment:.4f} s of {lasted:.4f}")
    record_property("killed", f"at {steps} steps and {killed} of {tried} random moments")
    assert steps >= 25


def finished(case):
    """What there is at the end: at Campus, once the lists are carried out and the export is read."""
    if case.deferred:
        lists = case.folder / "campus" / "lists"
        rows = Counter(
            tuple(line.split(",")[1:])
            for path in lists.glob("*.csv")
            for line in path.read_text().splitlines()[1:]
        )
        case.campus.export()
        return rows, case.ended()
    return case.shown(), case.ended()


def check(case, want, where):
    """Run again undisturbed, and compare; and once more, when nothing may be left to do."""
    if case.deferred:
        case.campus.export()  # so that the next run may believe it; nobody has worked on a list yet
    assert in_process(case) == 0, where
    assert finished(case) == want, where


def test_the_command_itself_killed_at_random(tmp_path, engine, monkeypatch):
    monkeypatch.setenv("ICACCESS_OPA_TOKEN", engine.token)
    root = Path(__file__).parents[2]
    facts = ["--facts", str(root / "examples" / "facts"), "--at", "2027-06-29"]
    options = [*facts, "--config", str(root / "config"), "--policy", str(root / "policy")]
    options += ["--opa-url", engine.url]

    def icaccess(command, *more, store, kill_after=None):
        call = [sys.executable, "-m", "icaccess", command, *options, "--store", f"sqlite:///{store}", *more]
        with subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
            if kill_after is not None:
                time.sleep(kill_after)
                process.kill()
            return process.communicate()[0], process.returncode

    def adopt(store):
        call = [sys.executable, "-m", "icaccess", "adopt", *facts, "--config", str(root / "config")]
        subprocess.run([*call, "--store", f"sqlite:///{store}"], check=True, capture_output=True)

    whole = tmp_path / "whole.db"
    adopt(whole)
    started = time.monotonic()
    icaccess("apply", "--yes", store=whole)
    lasted = time.monotonic() - started
    with open_store(f"sqlite:///{whole}") as store:
        want = LedgerTarget(store).listing().held
    adopted = tmp_path / "adopted.db"
    adopt(adopted)
    rng = random.Random(3)
    for number in range(8):
        path = tmp_path / f"{number}.db"
        shutil.copy(adopted, path)
        shutil.copy(f"{adopted}.key", f"{path}.key")
        icaccess("apply", "--yes", store=path, kill_after=rng.uniform(lasted * 0.5, lasted))
        out, code = icaccess("apply", "--yes", store=path)
        assert code == 0, out
        with open_store(f"sqlite:///{path}") as store, store.reading() as connection:
            verify(connection)
            assert journal.unsettled(connection, "ledger") == []
            assert LedgerTarget(store).listing().held == want
            assert all(isinstance(held, Access) for held in want.values())
