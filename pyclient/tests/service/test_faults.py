"""What goes wrong in the middle of a run: nobody's access is changed, and the next run settles it."""

from __future__ import annotations

import logging
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import delete

from icaccess.errors import EngineError, RunVoidError, StoreError
from icaccess.models import Record
from icaccess.opa.client import AccessClient
from icaccess.opa.signing import publish
from icaccess.pipeline import start
from icaccess.request import Opened, Request
from icaccess.service.loop import Service
from icaccess.service.once import Done, once
from icaccess.service.state import State
from icaccess.store.database import open_store
from icaccess.store.schema import decision
from tests.scripted import Listed
from tests.service import district
from tests.sidecar.service import (
    CLIENT,
    ROOT,
    BundleServer,
    Sidecar,
    bundle_server,
    new_key,
    ready_sidecar,
    sidecar,
    wait_until,
)

PEOPLE = 600
MIDDLE = 300


@dataclass(frozen=True)
class Meanwhile(Request):
    """A request during whose gathering something happens, after `MIDDLE` of `PEOPLE` records."""

    happening: Callable[[], object] = lambda: None

    @contextmanager
    def open(self, *, read_only: bool = False) -> Iterator[Opened]:
        with super().open(read_only=read_only) as opened:
            opened.facts = Interrupted(opened.facts.records(), self.happening)
            yield opened


class Interrupted(Listed):
    """Facts during whose reading something happens, after `MIDDLE` of `PEOPLE` records."""

    def __init__(self, records: Iterable[Record], happening: Callable[[], object]) -> None:
        super().__init__(records)
        self.happening = happening

    def records(self) -> Iterator[Record]:
        yield from self.listed[:MIDDLE]
        self.happening()
        yield from self.listed[MIDDLE:]


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return new_key(tmp_path_factory.mktemp("keys"), "bundles")


@pytest.fixture
def bundles(tmp_path: Path) -> Iterator[BundleServer]:
    (tmp_path / "nginx").mkdir()
    with bundle_server(tmp_path / "nginx") as server:
        yield server


@pytest.fixture
def opa(opa_path: Path, bundles: BundleServer, keys: tuple[Path, Path], tmp_path: Path) -> Iterator[Sidecar]:
    with ready_sidecar(opa_path, tmp_path / "opa", bundles, keys) as started:
        yield started


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Done | None]:
    """Runs once on people who all hold access and are all allowed it."""
    monkeypatch.setenv("ICACCESS_OPA_TOKEN", CLIENT)
    config = tmp_path / "config"
    config.mkdir()
    for name in ("requirements", "locations", "calendar"):
        (config / name).symlink_to(ROOT / "config" / name)
    facts = tmp_path / "facts.jsonl"
    store = f"sqlite:///{tmp_path}/icaccess.db"
    plain = Request(config=config, facts=[facts], store=store)
    held = {"access": {"held": True, "locations": ["210"]}}
    people = [district.allowed(number, plain.day) | held for number in range(PEOPLE)]
    district.write_facts(facts, people)

    def adopt(store: str) -> None:
        request = Request(config=config, facts=[facts], store=store)
        with start(request) as run, run.changing("icaccess adopt"):
            assert run.adopt(by="test") == PEOPLE
        with open_store(store) as opened, opened.writing() as connection:
            connection.execute(delete(decision))  # OPA is to be asked about everybody

    adopt(store)

    def once_more(
        urls: list[str],
        happening: Callable[[], object] = lambda: None,
        *,
        timeout: float = 60,
        other_store: str | None = None,
    ) -> Done | None:
        (config / "icaccess.yaml").write_text(f"opa: {{timeout: {timeout}}}\n")
        if other_store is not None and not _holders(request := Request(config=config, store=other_store)):
            adopt(request.store or "")
        wanted = Meanwhile(
            config=config, facts=[facts], store=other_store or store, opa_url=urls, happening=happening
        )
        try:
            return once(wanted, None, lambda: False)
        finally:
            assert _holders(wanted) == PEOPLE

    return once_more


def _holders(request: Request) -> int:
    with request.open() as opened:
        return len(opened.target.listing().held)


def kept(done: Done | None) -> bool:
    """Whether the run found nothing to change for all of them."""
    assert done is not None
    return done.plan.counts["keep"] == PEOPLE and not done.plan.changes


def test_opa_killed(
    run, opa: Sidecar, opa_path: Path, bundles: BundleServer, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    with pytest.raises(EngineError, match=opa.url):
        run([opa.url], opa.process.kill)
    port = int(opa.url.rpartition(":")[2])
    with sidecar(opa_path, tmp_path / "again", bundles.url, keys[1], port=port) as again:
        with again.client() as client:
            wait_until(client.ready, "OPA is back")
        assert kept(run([again.url]))


@pytest.mark.slow
def test_opa_frozen(run, opa: Sidecar) -> None:
    began = time.monotonic()
    with pytest.raises(EngineError, match="did not answer within 5 s"):
        run([opa.url], lambda: opa.process.send_signal(signal.SIGSTOP), timeout=5)
    assert time.monotonic() - began < 60
    opa.process.send_signal(signal.SIGCONT)
    assert kept(run([opa.url]))


@pytest.mark.slow
def test_one_of_two_sidecars_killed_costs_a_retry_and_not_the_run(
    run, opa: Sidecar, opa_path: Path, bundles: BundleServer, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    with ready_sidecar(opa_path, tmp_path / "second", bundles, keys) as second:
        # Publishing anew may reach the two at different times.
        for one in (opa, second):
            with one.client() as client:
                wait_until(lambda client=client: client.revisions().policy, "it decides")
        assert kept(run([opa.url, second.url], second.process.kill))
        assert kept(run([opa.url, second.url]))


@pytest.mark.slow
def test_opa_restarted_with_another_policy(
    run, opa: Sidecar, opa_path: Path, bundles: BundleServer, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    port, others = int(opa.url.rpartition(":")[2]), []

    def another() -> None:
        _publish_another(opa_path, bundles, keys, tmp_path)
        opa.process.kill()
        opa.process.wait()
        started = sidecar(opa_path, tmp_path / "again", bundles.url, keys[1], port=port)
        others.append(started)
        with started.__enter__().client() as client:
            wait_until(client.ready, "OPA is back")

    try:
        # What was under way breaks off, and what comes after is decided by another policy: void, either way.
        with pytest.raises(EngineError, match=r"policy changed during the run|went away in the middle"):
            run([opa.url], another)
        assert kept(run([opa.url]))
    finally:
        for started in others:
            started.__exit__(None, None, None)


def test_a_new_policy_in_the_middle_voids_the_run(
    run, opa: Sidecar, opa_path: Path, bundles: BundleServer, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    revisions = []

    def another() -> None:
        revisions.append(_publish_another(opa_path, bundles, keys, tmp_path))
        with opa.client() as client:
            wait_until(lambda: client.revisions().policy == revisions[0], "it is taken up")

    with pytest.raises(RunVoidError, match="policy changed during the run"):
        run([opa.url], another)
    done = run([opa.url])
    assert kept(done)
    assert done.plan.policy_revision == revisions[0]


@pytest.mark.slow
def test_the_service_begins_a_void_run_again(
    run, opa: Sidecar, opa_path: Path, bundles: BundleServer, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    published: list[str] = []

    def another() -> None:
        if not published:
            published.append(_publish_another(opa_path, bundles, keys, tmp_path))
            with opa.client() as client:
                wait_until(lambda: client.revisions().policy == published[0], "it is taken up")

    request = Meanwhile(
        config=tmp_path / "config",
        facts=[tmp_path / "facts.jsonl"],
        store=f"sqlite:///{tmp_path}/icaccess.db",
        opa_url=[opa.url],
        happening=another,
    )
    state = State()
    service = Service(request, timedelta(days=1), state, logging.getLogger("icaccess.test"))
    serving = threading.Thread(target=service.serve, daemon=True)
    serving.start()
    try:
        wait_until(lambda: state.health.last_outcome == "void", "the run is void", 60)
        assert not state.ready
        wait_until(lambda: state.health.last_outcome == "done", "it is begun again", 60)
        assert (state.health.failures, state.ready) == (0, True)
    finally:
        service.stop()
        serving.join(60)
    assert not serving.is_alive()
    assert _holders(request) == PEOPLE


@pytest.mark.slow
def test_no_space_for_opas_log(
    run, opa_path: Path, bundles: BundleServer, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    with ready_sidecar(opa_path, tmp_path / "full", bundles, keys, log=Path("/dev/full")) as full:
        assert kept(run([full.url]))


@pytest.mark.slow
def test_postgresql_drops_every_connection_in_the_middle(run, opa: Sidecar, postgres: str) -> None:
    with psycopg.connect(f"{postgres}postgres", autocommit=True) as admin:
        admin.execute("DROP DATABASE IF EXISTS faults")
        admin.execute("CREATE DATABASE faults")

        def drop() -> None:
            admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'faults'")

        store = f"{postgres}faults"
        with pytest.raises(StoreError):
            run([opa.url], drop, other_store=store)
        assert kept(run([opa.url], other_store=store))


def _publish_another(opa_path: Path, bundles: BundleServer, keys: tuple[Path, Path], work: Path) -> str:
    """Publish a policy that decides alike and has another revision."""
    changed = work / "policy"
    subprocess.run(["cp", "-r", ROOT / "policy", changed], check=True)
    access = changed / "access.rego"
    access.write_text(access.read_text() + "\n# one word more\n")
    published, _ = publish(opa_path, changed, ROOT / "config", keys[0], bundles.folder)
    return published.revision


def test_the_client_of_several_asks_those_that_are_ready(opa: Sidecar) -> None:
    with AccessClient([opa.url, "http://127.0.0.1:9"], CLIENT) as client:
        assert client.ready()
        assert len(client.status()) == 2
        assert client.revisions().policy
