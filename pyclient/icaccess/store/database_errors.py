"""What databases say when something is wrong, each in one line that says what to do, without passwords."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from icaccess.errors import StoreError
from icaccess.text import quoted

BUSY_SECONDS = 30


def store_name(url: URL) -> str:
    """What messages call a store: its file, or its address without user and password."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    return URL.create(
        url.get_backend_name(), host=url.host, port=url.port, database=url.database
    ).render_as_string()


def _without_secrets(said: str, url: URL) -> str:
    values = [value for many in url.query.values() for value in ([many] if isinstance(many, str) else many)]
    for secret in filter(None, (url.password, *values)):
        # Not within a word: the password `a` is no part of "database".
        begin, end = (r"\b" if re.match(r"\w", one) else "" for one in (secret[0], secret[-1]))
        said = re.sub(f"{begin}{re.escape(secret)}{end}", "***", said)
    return said


@contextmanager
def one_line(url: URL) -> Iterator[None]:
    """Turn whatever the database says into one line: what, where, what to do."""
    try:
        yield
    except SQLAlchemyError as error:
        original = getattr(error, "orig", None)
        said = str(original or error).strip()
        for sign, meaning in _MEANINGS.items():
            if sign in said:
                raise StoreError(f"{store_name(url)}: {meaning}") from error
        said = _without_secrets(said.splitlines()[0], url)
        raise StoreError(
            f"{store_name(url)}: the store failed: {quoted(said)}; check the database"
        ) from error


_MEANINGS = {
    "readonly database": "is read-only; make it and its folder writable or name another store",
    "file is not a database": "is no store of icaccess, or is damaged; name another or restore a backup",
    "malformed": "is damaged; restore a backup, and check that with `icaccess audit verify`",
    "Could not decode to UTF-8": "holds bytes that are no text, so somebody edited it; restore a backup",
    "unable to open database file": "cannot be opened; check the folder and its permissions",
    "database is locked": f"was busy for {BUSY_SECONDS} seconds; another program holds it",
    "disk is full": "the disk is full; nothing more was written; free some space",
    "disk I/O error": "the disk is full or failed; correct it, then run `icaccess audit verify`",
    "Connection refused": "nobody answers there; start PostgreSQL or correct the store's URL",
    "failed to resolve host": "nobody knows that host; correct the store's URL",
    "password authentication failed": "the password is not accepted; correct the store's URL",
    "does not exist": "there is no such database or role; create it or correct the store's URL",
}
