"""A directory over LDAP: one connection, opened again when it breaks, and every result code checked.

This is the only module that knows ldap3, whose searches end without a word when a directory stops early: what
it was asked counts as answered only when each page ends with the code `success` (RFC 4511 §4.1.9).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple, NoReturn, TypeVar

from icaccess.errors import TargetError
from icaccess.targets.dn import is_dn, parse_dn
from icaccess.targets.ldap_connection import CONNECT_SECONDS, open_connection
from icaccess.targets.ldap_errors import WANTS_TLS, PassingError, UndecodedError, decoding, meaning
from icaccess.text import how_many, quoted

T = TypeVar("T")

PAGE = 500
ANSWER_SECONDS = 30
TRIES = 4
PAGED = "1.2.840.113556.1.4.319"  # the control of paged results, RFC 2696

SUCCESS, NO_SUCH_ATTRIBUTE, VALUE_EXISTS, NO_SUCH_OBJECT = 0, 16, 20, 32
REFERRAL = 10
WRONG_CREDENTIALS, NOT_ALLOWED, UNWILLING, CLASS_VIOLATION, ENTRY_EXISTS = 49, 50, 53, 65, 68
_PASSING = {3, 51, 52}  # timeLimitExceeded, busy, unavailable: worth another try (RFC 4511 appendix A)
_NO_PAGES = {11, 12, 53}  # adminLimitExceeded, unavailableCriticalExtension, unwillingToPerform
_NEEDS_TLS = {8, 13}  # strongerAuthRequired, confidentialityRequired
_ELSEWHERE = re.compile(r"ldaps?://[^/]*/(?:DC=(?:Domain|Forest)DnsZones|CN=Configuration),", re.IGNORECASE)
"""Where Active Directory refers every search of a whole domain to; nobody's account is there."""


class DirectoryError(TargetError):
    """No clear answer came; the message says which directory, why, and what to do where that is known."""


class DirectoryEntry(NamedTuple):
    """One entry: its DN as the directory writes it, and values by attribute, in lower case."""

    dn: str
    attributes: dict[str, list[bytes]]

    def texts(self, name: str) -> list[str]:
        """The values of an attribute as text."""
        return [value.decode(errors="replace") for value in self.attributes.get(name.lower(), [])]


@dataclass(eq=False)
class Directory:
    """A connection to one directory. Everything that it is asked is safe to repeat, and is repeated.

    `DirectoryError` is raised when no clear answer came; whether a change was made is then not known.
    """

    url: str
    bind_dn: str
    password: str = field(repr=False)
    start_tls: bool = False
    ca: Path | None = None
    answer_seconds: int = ANSWER_SECONDS
    _connection: Any = field(default=None, init=False, repr=False)

    def search(self, base: str, condition: str, attributes: list[str]) -> list[DirectoryEntry]:
        """All entries under `base` that fit, over as many pages as it takes (RFC 2696)."""
        return self._patiently(lambda: self._pages(base, condition, attributes, "SUBTREE"))

    def entry(self, dn: str, attributes: list[str]) -> DirectoryEntry:
        """The one entry of that DN, with all values of each attribute.

        Active Directory gives at most 1,500 values at a time, under a name such as `member;range=0-1499`
        ([MS-ADTS] §3.1.1.3.1.3.3); the rest is asked for until the range ends with `*`.
        """
        found = self._one(dn, attributes)
        while part := next((name for name in found.attributes if ";range=" in name), None):
            values = found.attributes.pop(part)
            name, _, end = part.partition(";range=")
            found.attributes.setdefault(name, []).extend(values)
            last = end.partition("-")[2]
            if last == "*":
                continue
            if not last.isdigit() or not values:
                raise self._error(
                    f"gave {part} of {dn}, which is no range of values; ask the directory's owner"
                )
            more = self._one(dn, [f"{name};range={int(last) + 1}-*"])
            rest = {key: some for key, some in more.attributes.items() if key.startswith(f"{name};range=")}
            if not rest:
                raise self._error(
                    f"gave values of {name} of {dn} up to {last}, and not those after it; try again"
                )
            found.attributes.update(rest)
        return found

    def _one(self, dn: str, attributes: list[str]) -> DirectoryEntry:
        found = self._patiently(lambda: self._pages(dn, "(objectClass=*)", attributes, "BASE"))
        shown = found[0].dn if len(found) == 1 else None
        if shown is None or (shown != dn and not (is_dn(shown) and parse_dn(shown) == parse_dn(dn))):
            raise self._error(f"does not show {dn} to {self.bind_dn}; let it read the entry")
        return found[0]

    def schema(self, classes: set[str]) -> tuple[set[str], set[str]] | None:
        """The attributes, in lower case, that the schema demands of object classes, and those that it allows.

        None where the schema cannot be read.
        """
        from ldap3.protocol.rfc4512 import ObjectClassInfo

        try:
            where = self._one("", ["subschemaSubentry"]).texts("subschemaSubentry")
            definitions = self._one(where[0], ["objectClasses"]).texts("objectClasses") if where else []
        except DirectoryError:
            definitions = []
        if not definitions:
            return None
        required: set[str] = set()
        allowed: set[str] = set()
        looked_at = {*classes}
        known = [*ObjectClassInfo.from_definition(definitions).values()]  # type: ignore[no-untyped-call]  # no stub
        while part := [one for one in known if looked_at & {name.lower() for name in one.name or ()}]:
            known = [one for one in known if one not in part]
            for one in part:
                required |= {name.lower() for name in one.must_contain or ()}
                allowed |= {name.lower() for name in one.may_contain or ()}
                looked_at |= {name.lower() for name in one.superior or ()}
        return required, required | allowed

    def modify(
        self, dn: str, attribute: str, *changes: tuple[Literal["add", "delete"], str]
    ) -> tuple[int, str]:
        """Add and delete values of one entry; the result code and what the directory says to it."""
        from ldap3 import MODIFY_ADD, MODIFY_DELETE

        kinds = {"add": MODIFY_ADD, "delete": MODIFY_DELETE}

        def ask() -> tuple[int, str]:
            connection = self._connected()
            with decoding():
                connection.modify(dn, {attribute: [(kinds[kind], [value]) for kind, value in changes]})
            code = int(connection.result["result"])
            if code in _PASSING:
                raise PassingError(connection.result["description"])
            referrals = " ".join(connection.result.get("referrals") or ())
            said = referrals or connection.result["message"] or connection.result["description"]
            return code, str(said)

        return self._patiently(ask)

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            connection.unbind()

    def _pages(self, base: str, condition: str, attributes: list[str], scope: str) -> list[DirectoryEntry]:
        found: dict[str, DirectoryEntry] = {}
        size = PAGE if scope == "SUBTREE" else None
        cookie = None
        while True:
            connection = self._connected()
            with decoding():
                connection.search(
                    base, condition, scope, attributes=attributes, paged_size=size, paged_cookie=cookie
                )
            before = len(found)
            for item in connection.response or ():
                if item["type"] == "searchResRef":
                    self._check_reference(base, item["uri"])
                elif item["type"] == "searchResEntry":
                    values = {name.lower(): list(some or ()) for name, some in item["raw_attributes"].items()}
                    found[item["dn"]] = DirectoryEntry(item["dn"], values)
            if size and not found and int(connection.result["result"]) in _NO_PAGES:
                size = None
                continue
            self._check(base, connection.result, len(found))
            control = (connection.result.get("controls") or {}).get(PAGED)
            cookie = control["value"]["cookie"] if control else None
            if not cookie:
                return list(found.values())
            if len(found) == before:
                raise self._error(
                    f"repeated a page of entries under {base}; a part is never believed, so try again"
                )

    def _check(self, base: str, result: dict[str, Any], count: int) -> None:
        """Raise unless a search ended with `success`."""
        code, name = int(result["result"]), result["description"]
        if code == SUCCESS:
            return
        if code in _PASSING:
            raise PassingError(f"{name} for {base}")
        message = " ".join(str(result["message"] or "").split())
        referrals = " ".join(result.get("referrals") or ())
        entries = how_many(count, "entry", "entries")
        advice = {
            4: f"gave {entries} under {base} and no more ({name}): ask for a higher size limit",
            11: f"gave {entries} under {base} and no more ({name}): ask for a higher limit",
            NO_SUCH_OBJECT: f"has no entry {base} ({name}), or hides it: correct target.ldap, or ask",
            NOT_ALLOWED: f"does not allow a search of {base} ({name}): ask for the right to read",
            REFERRAL: f"keeps {base} on another server ({name} {quoted(referrals)}): ask",
        }
        if code in advice:
            raise self._error(f"{advice[code]} for {self.bind_dn}")
        if code in _NEEDS_TLS:
            raise self._error(WANTS_TLS.format(name))
        raise self._error(
            f"answered {name} to a search of {base}{message and ': ' + quoted(message)}; ask its owner"
        )

    def _check_reference(self, base: str, uris: list[str]) -> None:
        if not all(_ELSEWHERE.match(uri) for uri in uris):
            raise self._error(
                f"keeps a part of {base} on another server ({uris[0]!r}); name a part that it holds "
                "itself in target.ldap.accounts"
            )

    def _patiently(self, ask: Callable[[], T]) -> T:
        """Ask, and ask again with back-off, over a new connection, while it may help.

        What was not answered in time is not asked again.
        """
        from ldap3.core.exceptions import LDAPExceptionError, LDAPSocketOpenError

        for attempt in range(TRIES):
            try:
                return ask()
            except (PassingError, UndecodedError, LDAPExceptionError) as error:
                if not isinstance(error, PassingError):
                    self._drop()
                if attempt == TRIES - 1 or any(sign in str(error) for sign in ("certificate", "timed out")):
                    is_open = not isinstance(error, LDAPSocketOpenError)
                    seconds = self.answer_seconds if is_open else CONNECT_SECONDS
                    raise self._error(meaning(error, seconds)) from error
                time.sleep(0.1 * 2**attempt)
        raise AssertionError  # the last attempt returns or raises

    def _connected(self) -> Any:
        """The connection, bound; what is asked over it next has `answer_seconds` for the whole answer."""
        if self._connection is None:
            connection = open_connection(
                self.url,
                self.bind_dn,
                self.password,
                seconds=self.answer_seconds,
                start_tls=self.start_tls,
                ca=self.ca,
            )
            if not connection.bound:
                self._refuse_bind(connection.result)
            self._connection = connection
        self._connection.socket.start()
        return self._connection

    def _refuse_bind(self, result: dict[str, Any]) -> NoReturn:
        code, name = int(result["result"]), result["description"]
        said = " ".join(str(result["message"] or "").split("\0")).strip()
        if code in _PASSING:
            raise PassingError(name)
        if code in _NEEDS_TLS:
            raise self._error(WANTS_TLS.format(name))
        if code == WRONG_CREDENTIALS:
            raise self._error("refuses these credentials; correct target.ldap.bind_dn and password")
        raise self._error(
            f"refuses the bind: {name}{said and ': ' + quoted(said)}; correct target.ldap.bind_dn"
        )

    def _error(self, said: str) -> DirectoryError:
        return DirectoryError(f"{self.url}: {said}")

    def _drop(self) -> None:
        """Close a broken connection; the next question opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            from ldap3.core.exceptions import LDAPExceptionError

            try:
                connection.strategy.close()
            except (OSError, LDAPExceptionError):
                return
