"""A store for each test, on SQLite and on PostgreSQL alike; the fixtures are made known in `conftest.py`."""

from __future__ import annotations

import contextlib
import itertools
import os
import pwd
import random
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from icaccess.store.database import Store, open_store

_numbers = itertools.count()

_PORTS = 250
"""How many ports each of pytest-xdist's workers has to itself, all below those that clients get by chance."""
_own_ports = 10_000 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 20 * _PORTS
# Two runs at once on one machine seldom begin alike.
_ports = itertools.count(random.randrange(_PORTS))


def free_port() -> int:
    """A port of loopback that nobody listens on now, and that nobody else is given before it is used."""
    while True:
        port = _own_ports + next(_ports) % _PORTS
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def _programs() -> Path:
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not versions:
        pytest.skip("needs PostgreSQL: no initdb is found (apt-get install postgresql)")
    return versions[-1].parent


def _as_postgres() -> list[str]:
    """PostgreSQL refuses to run as root; Debian's package comes with a user for it."""
    if os.geteuid() != 0:
        return []
    try:
        pwd.getpwnam("postgres")
    except KeyError:
        pytest.skip("needs PostgreSQL: it does not run as root, and there is no user postgres")
    return ["runuser", "-u", "postgres", "--"]


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a PostgreSQL server of our own, without the database's name."""
    programs, prefix = _programs(), _as_postgres()
    with tempfile.TemporaryDirectory(prefix="icaccess-pg-", ignore_cleanup_errors=True) as folder:
        if prefix:
            shutil.chown(folder, "postgres")
        port = free_port()
        data = f"{folder}/data"
        subprocess.run(
            [*prefix, programs / "initdb", "-D", data, "-U", "ica", "-A", "trust", "--no-sync"],
            check=True,
            capture_output=True,
            cwd="/",
        )
        options = f"-h 127.0.0.1 -p {port} -k {folder} -F -c max_connections=50"
        control = [*prefix, programs / "pg_ctl", "-D", data, "-l", f"{folder}/log", "-w", "-t", "600"]
        try:
            subprocess.run([*control, "-o", options, "start"], check=True, capture_output=True, cwd="/")
            yield f"postgresql://ica@127.0.0.1:{port}/"
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], check=False, capture_output=True, cwd="/")


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of an empty store, made once: copying it takes a tenth of the time."""
    place = tmp_path_factory.mktemp("empty") / "icaccess.db"
    open_store(f"sqlite:///{place}").close()
    return place


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty store on each kind of database in turn; only in `store/` both are quick."""
    if request.param == "sqlite":
        (tmp_path / "store").mkdir()
        shutil.copy(request.getfixturevalue("empty_store"), tmp_path / "store")
    return url_of(request, tmp_path)


def url_of(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a store is, or can be made, on the kind of database that a fixture was given."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store' / 'icaccess.db'}"
    server = request.getfixturevalue("postgres")
    name = f"t{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(f"{server}postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return f"{server}{name}"


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """An empty store, on each kind of database in turn."""
    with open_store(store_url) as opened:
        yield opened


@pytest.fixture
def sqlite_store(tmp_path: Path, empty_store: Path) -> Iterator[Store]:
    """An empty store in a file, where the kind of database makes no difference."""
    shutil.copy(empty_store, tmp_path)
    with open_store(f"sqlite:///{tmp_path / 'icaccess.db'}") as opened:
        yield opened
