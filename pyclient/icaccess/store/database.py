"""Opens the store: SQLite in one file by default, PostgreSQL where several machines share it.

Every error of the database becomes one line of `StoreError`; passwords never show in it.
"""

from __future__ import annotations

import importlib
import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import StaticPool

from icaccess.errors import StoreError, file_errors
from icaccess.files import make_folder, make_private
from icaccess.store.audit import RecordKey
from icaccess.store.database_errors import BUSY_SECONDS, one_line, store_name
from icaccess.store.schema import HEAD, access, metadata

_KNOWN = "sqlite:///FILE or postgresql://USER@HOST/NAME"
_OURS = {"alembic_version", access.name}
"""Tables that tell a store from the database of something else."""
_SCHEMA_LOCK = 0x1CACCE55  # the key of PostgreSQL's advisory lock that one migrating process holds


@dataclass(eq=False)
class Store(AbstractContextManager["Store"]):
    """An open store, at the newest schema. Use `reading()` and `writing()`; close it when done."""

    engine: Engine
    url: URL
    moment: Callable[[], datetime]
    """Gives this instant."""
    is_absent: bool = False
    """True where there is no store yet and an empty one stands in for it, to be read."""
    _latest: str = ""

    @property
    def name(self) -> str:
        """Where the store is, as it may be shown: no user, password or option of its URL."""
        return store_name(self.url)

    @property
    def is_sqlite(self) -> bool:
        """True for a store in one file on this machine."""
        return self.url.get_backend_name() == "sqlite"

    def now(self) -> str:
        """This instant as the store writes it, and never one before what it gave earlier."""
        self._latest = max(self._latest, instant(self.moment()))
        return self._latest

    def reading(self) -> AbstractContextManager[Connection]:
        """A transaction that sees one state of the store and changes nothing."""
        return self._transaction(icaccess_reading=True)

    def writing(self) -> AbstractContextManager[Connection]:
        """A transaction that is committed when the block ends, and undone when it raises."""
        return self._transaction()

    @contextmanager
    def noting(self) -> Iterator[Connection]:
        """As `writing`, but the disk is not waited for: no end of a process undoes it, a power cut may."""
        with self._transaction(icaccess_noting=True) as connection:
            if not self.is_sqlite:
                connection.execute(text("SET LOCAL synchronous_commit TO off"))
            yield connection

    @contextmanager
    def _transaction(self, **options: bool) -> Iterator[Connection]:
        with (
            one_line(self.url),
            self.engine.connect() as connection,
            connection.execution_options(**options).begin(),
        ):
            yield connection

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()

    def __exit__(self, *_: object) -> None:
        self.close()


def instant(moment: datetime) -> str:
    """An instant as the store and the audit record write it: UTC, ISO 8601, milliseconds, `Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def upsert(connection: Connection, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert rows, each in the place of an earlier one with the same key; all have the same columns."""
    # Each database has a statement of its own for it, of which only the one at hand is imported.
    insert = importlib.import_module(f"sqlalchemy.dialects.{connection.dialect.name}").insert(table)
    keys = table.primary_key.columns.keys()
    changed = {name: insert.excluded[name] for name in rows[0] if name not in keys}
    connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=changed), list(rows))


def open_kept(url: str) -> Store:
    """Open a store to read what it has recorded; `StoreError` when there is none yet."""
    store = open_store(url, read_only=True)
    if store.is_absent:
        store.close()
        raise StoreError(f"{store.name}: there is no store yet; give --store, or run `icaccess adopt` first")
    return store


def open_store(
    url: str,
    *,
    read_only: bool = False,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    key: RecordKey | None = None,
) -> Store:
    """Open the store at an SQLAlchemy URL and bring its schema up to date.

    With `read_only`, a SQLite file that is not there yet reads as an empty store and is not made, and a store
    with an older schema is still brought up to date. One that was emptied is refused. `key` signs what is
    appended to the audit record. `StoreError` for a URL that is none, a file that is no store, one that is
    damaged, write-protected or made by a newer icaccess, and a server that is not reached.
    """
    parsed = _parse(url)
    absent = False
    if parsed.get_backend_name() == "sqlite":
        path = Path(str(parsed.database))
        advice = "correct that, or name another store"
        with file_errors(StoreError, f"{path}: cannot be looked at", advice):
            absent = read_only and not path.exists()
            if not absent:
                _check_file(path, read_only=read_only)
                if not (path.exists() and path.stat().st_size):
                    make_private(path)  # before its first byte
    with one_line(parsed):
        engine = _engine(parsed, key, in_memory=absent)
        try:
            if absent:
                metadata.create_all(engine)  # what nobody keeps needs no version
            else:
                _bring_up_to_date(engine, parsed)
                if parsed.get_backend_name() == "sqlite":
                    _keep_private(path)
        except BaseException:
            engine.dispose()
            raise
    return Store(engine, parsed, now, absent)


def check_place(store: Store) -> None:
    """`StoreError` where a SQLite file that is not there yet could not be made."""
    path = Path(str(store.url.database)).absolute()
    nearest = next(folder for folder in path.parents if folder.exists())
    if not (nearest.is_dir() and os.access(nearest, os.W_OK)):
        raise StoreError(f"{path}: cannot be made: {nearest} is no folder that may be written to; correct it")


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:  # ValueError: a port that is no number
        raise StoreError(f"the store's URL is not one that SQLAlchemy knows; write {_KNOWN}") from error
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in ("sqlite", "sqlite+pysqlite", "postgresql+psycopg"):
        raise StoreError(f"the store's URL names {parsed.drivername}, which is not supported; write {_KNOWN}")
    if parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise StoreError("a store in memory would forget everything; write sqlite:///FILE")
    return parsed


def _check_file(path: Path, *, read_only: bool) -> None:
    """Say early, and also to root, whom permissions do not stop, that a file is not to be written.

    One without content was a store if an apply left its lock or its key beside it. Otherwise, when it is
    about to be written to, it may be one that another process makes just now.
    """
    if path.is_dir():
        raise StoreError(f"{path}: is a folder; name the store's file")
    if path.exists():
        left = (Path(f"{path}.{what}").exists() for what in ("lock", "key"))
        if not path.stat().st_size and (read_only or any(left)):
            raise StoreError(
                f"{path}: is empty, so what it held is lost; restore a backup, "
                "or delete it if it held nothing"
            )
        if not path.stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH):
            raise StoreError(f"{path}: is read-only; make it writable (chmod u+w) or name another store")
        return
    with file_errors(StoreError, f"{path}: its folder cannot be made", "name another store"):
        make_folder(path.parent)


def _keep_private(path: Path) -> None:
    """Give a store mode 0600; not before it is known to be one, since a file of others keeps its mode."""
    make_private(path)
    for name in (f"{path}-wal", f"{path}-shm"):
        if Path(name).exists():
            make_private(Path(name))


def _engine(url: URL, key: RecordKey | None, *, in_memory: bool) -> Engine:
    signed = {"icaccess_key": key}
    if url.get_backend_name() != "sqlite":
        return create_engine(
            url, pool_pre_ping=True, connect_args={"connect_timeout": 10}, execution_options=signed
        )
    options: dict[str, Any] = {"connect_args": {"timeout": BUSY_SECONDS, "check_same_thread": False}}
    if in_memory:
        url, options["poolclass"] = make_url("sqlite://"), StaticPool
    engine = create_engine(url, execution_options=signed, **options)

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: object) -> None:
        # The driver's own transactions begin late and unlocked; icaccess begins them itself, below.
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys = ON")
        names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        if not names or names >= _OURS:  # not the database of something else
            connection.execute("PRAGMA journal_mode = WAL")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        waits = "NORMAL" if options.get("icaccess_noting") else "FULL"
        connection.exec_driver_sql(f"PRAGMA synchronous = {waits}")  # within a transaction it is not taken
        connection.exec_driver_sql("BEGIN" if options.get("icaccess_reading") else "BEGIN IMMEDIATE")

    return engine


def _bring_up_to_date(engine: Engine, url: URL) -> None:
    with engine.connect() as connection:
        reader = connection.execution_options(icaccess_reading=True)
        with reader.begin():
            if _version(reader, url) == HEAD:
                return
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _SCHEMA_LOCK})
        version = _version(connection, url)
        if version != HEAD:
            _migrate(connection, url, version)


def _version(connection: Connection, url: URL) -> str | None:
    tables = set(inspect(connection).get_table_names())
    if not tables:
        return None
    if not tables >= _OURS:
        raise StoreError(f"{store_name(url)}: holds the tables of something else; name another store")
    row = connection.execute(text("SELECT version_num FROM alembic_version")).first()
    if row is None:
        raise StoreError(f"{store_name(url)}: the version of its schema is lost; restore a backup")
    return str(row[0])


def _migrate(connection: Connection, url: URL, version: str | None) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", "icaccess.store:migrations")
    config.set_main_option("path_separator", "os")
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if version is not None and version not in known:
        raise StoreError(
            f"{store_name(url)}: has schema {version}, made by a newer icaccess or before its first release; "
            "update icaccess or name another store"
        )
    config.attributes["connection"] = connection
    if version is None:
        metadata.create_all(connection, checkfirst=False)
        command.stamp(config, "head")
    else:
        command.upgrade(config, "head")
