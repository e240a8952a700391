"""One apply at a time: across processes by a file lock beside SQLite, across machines by PostgreSQL itself.

Both end with the process that holds them, however it ends, so that nobody ever has to clear a stale lock. The
table `lock` only names the holder, and its token tells a run that lost its connection that it is no longer
it.
"""

from __future__ import annotations

import getpass
import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import Connection, delete, insert, select, text, update
from sqlalchemy.exc import SQLAlchemyError

from icaccess.errors import StoreError, StoreLockedError, file_errors
from icaccess.files import make_private
from icaccess.store.database import Store
from icaccess.store.schema import lock as lock_table

_APPLY_LOCK = 0x1CACCE50


def caller() -> str:
    """Who runs this process, as the record names them: user and machine."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number that has no name
        user = f"uid {os.getuid()}"
    return f"{user}@{socket.gethostname()}"


class Lock:
    """The right to change access, held until the `with` block of `applying` ends."""

    def __init__(self, store: Store, token: str) -> None:
        self._store = store
        self._token = token

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction as `Store.writing` gives it; `StoreError` unless this lock still stands.

        A run whose database connection broke has lost the lock, and another may have begun.
        """
        held = update(lock_table).where(lock_table.c.name == "apply", lock_table.c.token == self._token)
        with self._store.writing() as connection:
            if connection.execute(held.values(token=self._token)).rowcount != 1:
                raise StoreError(
                    f"{self._store.name}: another run took over the lock of this one; "
                    "see `icaccess audit show`"
                )
            yield connection


@contextmanager
def applying(store: Store, purpose: str) -> Iterator[Lock]:
    """Hold the one right to change access; `StoreError` names who holds it when somebody else does."""
    holding = _holding_file if store.is_sqlite else _holding_server
    with holding(store):
        token = secrets.token_hex(8)
        holder = f"{purpose}, process {os.getpid()} of {caller()}"
        with store.writing() as connection:
            connection.execute(delete(lock_table).where(lock_table.c.name == "apply"))
            row = {"name": "apply", "holder": holder, "since": store.now(), "token": token}
            connection.execute(insert(lock_table), [row])
        try:
            yield Lock(store, token)
        finally:
            # The row only names the holder, and the next run replaces it. How this run ended counts more.
            with suppress(StoreError), store.writing() as connection:
                connection.execute(delete(lock_table).where(lock_table.c.token == token))


@contextmanager
def _holding_file(store: Store) -> Iterator[None]:
    import fcntl

    path = Path(f"{store.url.database}.lock")
    with file_errors(StoreError, f"{path}: cannot be opened", "make the folder writable"):
        make_private(path)  # another user who could open it could hold up every run
        handle = path.open("a")
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise _taken(store) from error
        yield


@contextmanager
def _holding_server(store: Store) -> Iterator[None]:
    try:
        with store.engine.connect() as connection:
            key = {"key": _APPLY_LOCK}
            if not connection.execute(text("SELECT pg_try_advisory_lock(:key)"), key).scalar():
                raise _taken(store)
            connection.commit()  # the lock is the session's; an open transaction would hold back vacuum
            try:
                yield
            finally:
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), key)
                connection.commit()
    except SQLAlchemyError as error:
        raise StoreError(f"{store.name}: the connection that holds the lock broke; run again") from error


def _taken(store: Store) -> StoreLockedError:
    with store.reading() as connection:
        row = connection.execute(select(lock_table).where(lock_table.c.name == "apply")).first()
    who = f"{row.holder}, since {row.since}" if row else "a run that is just starting"
    return StoreLockedError(f"{store.name}: is locked by {who}; wait until it is done, and run again")
