"""Checks the client's arguments: each wrong one is a `UsageError` of one line that names it."""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from icaccess.config.secrets import is_http_url
from icaccess.errors import UsageError
from icaccess.http import is_loopback
from icaccess.models import (
    FIRST_DAY,
    LAST_DAY,
    LISTS,
    NO_SUCH_DAY,
    AnyRecord,
    Employee,
    InvalidRecord,
    Unread,
)
from icaccess.text import clip, quoted

EmployeeLike = Employee | Mapping[str, Any]
"""The facts about one employee: an `Employee`, or a mapping of the same shape."""
RecordLike = AnyRecord | Mapping[str, Any]

_MOST_SECONDS = 86_400


def expect_day(day: object, name: str) -> None:
    """Raise `UsageError` unless the policy can decide for `day`."""
    expect(
        isinstance(day, date) and not isinstance(day, datetime),
        name,
        "a datetime.date, such as date(2025, 9, 10)",
        day,
    )
    if isinstance(day, date) and not FIRST_DAY <= day <= LAST_DAY:
        raise UsageError(f"{name}: {day} {NO_SUCH_DAY}")


def expect(fits: bool, name: str, wanted: str, value: object) -> None:
    """Raise `UsageError`, which names the argument, unless its value fits."""
    if not fits:
        raise UsageError(f"{name}: must be {wanted}, and is {_what(value)}")


def expect_many(records: object, name: str) -> None:
    """Raise `UsageError` if `records` is one employee or an id in place of many."""
    is_one = isinstance(records, Employee | InvalidRecord | Mapping | str)
    expect(isinstance(records, Iterable) and not is_one, name, "a list of employees", records)


def are_texts(value: object) -> bool:
    """Whether a value is a list of texts."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        return False
    return all(isinstance(one, str) for one in value)


def is_count(value: object) -> bool:
    """Whether a value is a whole number from 1."""
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def is_seconds(value: object) -> bool:
    """Whether a value is a time in seconds, above 0 and at most a day."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= _MOST_SECONDS


def _what(value: object) -> str:
    return f"{clip(repr(value), 60)}, of type {type(value).__name__}"


_API_PATH = re.compile(r"/(v0|v1|health)(/.*)?$")


def expect_url(url: str, *, with_token: bool) -> None:
    """Raise `UsageError` unless OPA can be asked at a URL, over https where another machine gets a token.

    A URL with a user or password is not shown.
    """
    if "@" in url:
        raise UsageError("url: carries a user or password: leave them out, and give the token")
    is_whole = is_http_url(url) and "?" not in url and "#" not in url
    if not is_whole:
        raise UsageError(
            f"url: must be a URL of OPA, such as http://127.0.0.1:8181, and is {quoted(url, 60)}"
        )
    if found := _API_PATH.search(urlsplit(url).path):
        raise UsageError(f"url: {url} names a path of OPA's API, which is added to it: leave out {found[0]}")
    if with_token and urlsplit(url).scheme == "http" and not is_loopback(url):
        raise UsageError(f"url: {url} would get the token unencrypted; write https://")


def expect_certificates(ca: Any, cert: Any) -> None:
    """Raise `UsageError` unless `ca` is a file of certificates, and `cert` a certificate's and its key's."""
    if ca is not None:
        expect(_is_path(ca), "ca", "a file of certificates", ca)
        with _named("ca", ca):
            if Path(ca).is_dir():
                raise UsageError(f"ca: {ca} is a folder; name a file of certificates in PEM")
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(ca)
    if cert is not None:
        is_pair = isinstance(cert, list | tuple) and len(cert) == 2 and all(map(_is_path, cert))
        expect(is_pair, "cert", "a file of a certificate and a file of its key", cert)
        for one in cert:
            with _named("cert", one):
                Path(one).open("rb").close()
        with _named("cert", " and ".join(map(str, cert))):
            # An encrypted key would ask for its password at the terminal.
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(cert[0], cert[1], lambda: "")


def _is_path(value: object) -> bool:
    return isinstance(value, str | os.PathLike) and bool(str(value))


@contextmanager
def _named(name: str, file: object) -> Iterator[None]:
    try:
        yield
    except ssl.SSLError as error:
        raise UsageError(
            f"{name}: {file} cannot be used ({error.reason or error}); give PEM files without a password"
        ) from error
    except OSError as error:
        raise UsageError(f"{name}: {file} cannot be read: {error.strerror}; correct the path") from error
    except ValueError as error:  # a path with a null byte
        raise UsageError(f"{name}: {file!r} cannot be read: {error}; correct the path") from error


def expect_sources(sources: Any) -> None:
    """Raise `UsageError` unless `sources` are lists of names by list of facts."""
    fits = isinstance(sources, Mapping) and all(map(are_texts, sources.values()))
    expect(fits, "sources", "lists of names by list of facts", sources)
    for name in sources:
        expect(name in LISTS, "sources", f"by a list of facts ({', '.join(LISTS)})", name)


def each_once(records: Iterable[RecordLike]) -> Iterator[RecordLike]:
    """The same records; `UsageError` at the first with a repeated id, or without one."""
    seen: set[str] = set()
    for number, record in enumerate(records, 1):
        one = id_of(record, f"record {number}")
        if one in seen:
            raise UsageError(
                f"record {number}: the id {one!r} stands twice: nobody can say whose record it is"
            )
        seen.add(one)
        yield record


def id_of(record: RecordLike, name: str) -> str:
    """The id of a record; `UsageError` when it has none, or is not a record."""
    if isinstance(record, Mapping):
        identifier = record.get("id")
    elif isinstance(record, Employee | InvalidRecord | Unread):
        identifier = record.id
    else:
        raise UsageError(f"{name}: must be an Employee, or a mapping of its shape, and is {_what(record)}")
    if not isinstance(identifier, str) or not identifier.strip():
        raise UsageError(f"{name}: its id must be a text that is not blank, and is {_what(identifier)}")
    return identifier
