"""`icaccess run` as a process of its own: signals, back-off, bad input, and several on one store."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
import requests
import sqlalchemy

from icaccess.opa.engine import Engine
from icaccess.service.loop import next_slot, slot
from icaccess.store.database import open_store
from icaccess.store.schema import change, run
from tests.service import district
from tests.sidecar.service import wait_until
from tests.stores import free_port

ICACCESS = [sys.executable, "-m", "icaccess"]
TODAY = datetime.now(UTC).date()


class Running:
    """One running service: its process, its pages, its log."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path, url: str) -> None:
        self.process = process
        self.url = url
        self.log = log

    def events(self, name: str) -> list[dict[str, Any]]:
        """Its log's lines about one event; the last line may still be in writing."""
        lines = self.log.read_text().split("\n")[:-1]
        return [line for line in map(json.loads, lines) if line["event"] == name]

    def says(self, path: str, text: str) -> None:
        """Waits until a page says it: a run's line is in the log a moment before its end is on the pages."""
        wait_until(lambda: text in self.page(path).text, f"{path} says {text}")

    def page(self, path: str) -> requests.Response:
        return requests.get(self.url + path, timeout=60)


@pytest.fixture
def start(
    engine: Engine, tmp_path: Path
) -> Iterator[Callable[..., contextlib.AbstractContextManager[Running]]]:
    """Starts `icaccess run` on a small district; what is started is killed at the end."""
    facts = district.write_facts(tmp_path / "facts.jsonl", [district.allowed(n, TODAY) for n in range(20)])
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("ICACCESS_")},
        "ICACCESS_OPA_TOKEN": engine.token,
        "ICACCESS_OPA_URL": engine.url,
        "ICACCESS_CONFIG": str(district.ROOT / "config"),
        "ICACCESS_STORE": f"sqlite:///{tmp_path}/icaccess.db",
    }

    @contextlib.contextmanager
    def started(*options: str, name: str = "service", **more: str) -> Iterator[Running]:
        log, port = tmp_path / f"{name}.log", free_port()
        command = [*ICACCESS, "run", "--facts", str(facts), "--listen", f"127.0.0.1:{port}", *options]
        with log.open("wb") as stderr:
            process = subprocess.Popen(command, stderr=stderr, env={**environment, **more}, cwd=tmp_path)
        try:
            yield Running(process, log, f"http://127.0.0.1:{port}")
        finally:
            process.kill()
            process.wait()

    return started


def test_sighup_runs_at_once_and_sigterm_ends_it_in_order(start) -> None:
    with start("--interval", "1d") as service:
        wait_until(lambda: service.events("run_done"), "the first run ends")
        wait_until(lambda: service.page("/readyz").status_code == 200, "it is ready")
        assert service.events("run_done")[0]["changes"] == {"verified": 20}
        service.process.send_signal(signal.SIGHUP)
        wait_until(lambda: len(service.events("run_done")) == 2, "SIGHUP runs it once more")
        assert service.events("run_done")[1]["changes"] == {}
        service.says("/metrics", 'icaccess_runs_total{outcome="done"} 2.0')
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(60) == 0
        assert service.events("stopped")


def test_a_service_without_a_folder_of_its_own_says_so(start, tmp_path: Path) -> None:
    with start("--interval", "1d", ICACCESS_CONFIG="") as service:
        wait_until(lambda: service.events("using_installed"), "it says so")
        (said,) = service.events("using_installed")
        assert (said["level"], said["folder"], said["option"]) == (
            "warning",
            str(district.ROOT / "config"),
            "--config",
        )
    # The first service may have run before it was killed; in a store of its own the second has a run to do.
    with start("--interval", "1d", name="own", ICACCESS_STORE=f"sqlite:///{tmp_path}/own.db") as service:
        wait_until(lambda: service.events("run_done"), "the first run ends")
        assert not service.events("using_installed")


@pytest.mark.slow
def test_a_run_that_fails_backs_off_and_the_next_settles_it(start, engine: Engine, tmp_path: Path) -> None:
    facts = tmp_path / "facts.jsonl"
    good = facts.read_text()
    facts.write_text("this is no record\n")
    with start("--interval", "1d") as service:
        wait_until(lambda: service.events("run_failed"), "the first run fails")
        failed = service.events("run_failed")[0]
        assert (failed["error"], failed["failures"], failed["level"]) == ("FactsError", 1, "error")
        due = datetime.fromisoformat(failed["next_run"]) - datetime.fromisoformat(failed["at"])
        assert timedelta(seconds=4) < due <= timedelta(seconds=5)
        assert (service.page("/healthz").status_code, service.page("/readyz").status_code) == (200, 503)
        service.says("/readyz", '"backing off"')
        assert "icaccess_consecutive_failures 0.0" not in service.page("/metrics").text
        facts.with_suffix(".new").write_text(good)
        facts.with_suffix(".new").replace(facts)
        wait_until(lambda: service.events("run_done"), "it is tried again by itself")
        wait_until(lambda: service.page("/readyz").status_code == 200, "it is ready")
        assert "icaccess_consecutive_failures 0.0" in service.page("/metrics").text


def test_nothing_personal_is_logged_or_shown(start) -> None:
    with start("--interval", "1d") as service:
        wait_until(lambda: service.events("run_done"), "the first run ends")
        pages = [service.page(path).text for path in ("/healthz", "/readyz", "/metrics")]
        for text in [*pages, service.log.read_text()]:
            # An id stands alone; the digits of a longer number, such as a time in a metric, are no id.
            assert not re.search(r"Sample Person|example\.org|(?<![\d.])(000777|000001)(?!\d)", text)


@pytest.mark.parametrize(
    ("options", "more", "says"),
    [
        (
            ["--interval", "soon"],
            {},
            "interval 'soon': write a whole number and a unit, such as 15m, 6h or 1d",
        ),
        (["--interval", ""], {}, "interval '': write a whole number and a unit"),
        (["--interval", "2d"], {}, "interval '2d': is longer than a day, and dates change daily"),
        (["--listen", "nowhere"], {}, "listen 'nowhere': write HOST:PORT, such as 127.0.0.1:9464"),
        (["--listen", ""], {}, "listen '': write HOST:PORT"),
        (["--config", "/nowhere"], {}, "/nowhere: no such configuration folder"),
    ],
)
def test_bad_input_gets_one_line(start, options: list[str], more: dict[str, str], says: str) -> None:
    with start(*options, **more) as service:
        assert service.process.wait(60) == 1
        (line,) = service.log.read_text().splitlines()
        assert line.startswith(f"icaccess: {says}")


def test_a_port_in_use_gets_one_line(start) -> None:
    with start() as first:
        wait_until(lambda: first.events("started"), "it serves its pages")
        taken = first.url.removeprefix("http://")
        with start("--listen", taken, name="second") as second:
            assert second.process.wait(60) == 1
            (line,) = second.log.read_text().splitlines()
            assert (
                line
                == f"icaccess: listen {taken}: Address already in use; give another HOST:PORT with --listen"
            )


def test_a_store_of_a_newer_version_gets_one_line(start, tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path}/icaccess.db") as store, store.writing() as connection:
        connection.execute(sqlalchemy.text("UPDATE alembic_version SET version_num = '9999'"))
    with start() as service:
        wait_until(lambda: service.events("run_failed"), "the run fails")
        failed = service.events("run_failed")[0]
        assert failed["error"] == "StoreError"
        assert "newer" in failed["message"]


def test_an_expired_token_gets_one_line_and_changes_nothing(start) -> None:
    with start(ICACCESS_OPA_TOKEN="expired") as service:
        wait_until(lambda: service.events("run_failed"), "the run fails")
        failed = service.events("run_failed")[0]
        assert failed["error"] == "EngineError"
        assert "refused the token (HTTP 401)" in failed["message"]


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "slots"), [("sqlite", 6), ("postgresql", 24)])
def test_two_services_work_a_day_and_one_is_killed(
    start, request: pytest.FixtureRequest, tmp_path: Path, kind: str, slots: int
) -> None:
    """A day of hourly runs, each hour three seconds long: no slot is worked twice, and work goes on."""
    every = timedelta(seconds=3)
    if kind == "sqlite":
        url = f"sqlite:///{tmp_path}/icaccess.db"
    else:
        server = request.getfixturevalue("postgres")
        with psycopg.connect(f"{server}postgres", autocommit=True) as connection:
            connection.execute("DROP DATABASE IF EXISTS day")
            connection.execute("CREATE DATABASE day")
        url = f"{server}day"
    zone = ZoneInfo("America/Denver")

    def worked() -> Counter[datetime]:
        with open_store(url) as store, store.reading() as connection:
            finished = connection.execute(
                sqlalchemy.select(run.c.started_at).where(run.c.kind == "apply", run.c.state == "finished")
            ).scalars()
            return Counter(slot(datetime.fromisoformat(at), every, zone) for at in finished)

    with (
        start("--interval", "3s", name="one", ICACCESS_STORE=url) as one,
        start("--interval", "3s", name="two", ICACCESS_STORE=url) as two,
    ):
        wait_until(lambda: one.events("started") and two.events("started"), "both are started")
        # The first run makes the store, which may take longer than an hour of this day.
        wait_until(lambda: one.events("run_done") or two.events("run_done"), "one has made the store")
        # Slots are counted, not seconds: where the machine stops for a while, one may pass unworked.
        wait_until(lambda: len(worked()) >= slots // 2, "half of the day is worked", 300)
        # Killed in the middle of the day, and so that it is in the middle of a run if it has one.
        now = datetime.now(UTC)
        time.sleep((next_slot(now, every, zone) - now).total_seconds() + 0.15)
        one.process.kill()
        wait_until(lambda: len(worked()) >= slots, "the other works the rest", 300)
        two.process.send_signal(signal.SIGTERM)
        assert two.process.wait(60) == 0
    assert set(worked().values()) == {1}
    with open_store(url) as store, store.reading() as connection:
        verified = connection.execute(
            sqlalchemy.select(change.c.employee_id).where(change.c.state == "verified")
        ).scalars()
        assert sorted(verified) == sorted(f"{number:06}" for number in range(20))
