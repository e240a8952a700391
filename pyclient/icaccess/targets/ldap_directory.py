"""A directory over LDAP: one connection, opened anew when it broke, and asked with patience."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

PAGE = 500
CONNECT_SECONDS = 10
ANSWER_SECONDS = 30
TRIES = 4
URL = re.compile(r"(ldaps?)://([^/:]+|\[[^\]]+\])(?::(\d+))?/?")
_PASSING = {3, 51, 52}  # timeLimitExceeded, busy, unavailable: worth another try (RFC 4511 appendix A)


class DirectoryError(Exception):
    """No clear answer came; the message says why, and what to do where that is known."""


class Directory:
    """A connection to one directory. Everything that it is asked is safe to repeat, and is repeated.

    `DirectoryError` is raised when no clear answer came; whether a change was made is then not known.
    """

    def __init__(
        self,
        url: str,
        bind_dn: str,
        password: str,
        *,
        start_tls: bool = False,
        ca: Path | None = None,
        answer_seconds: int = ANSWER_SECONDS,
    ) -> None:
        self._url = url
        self._bind_dn = bind_dn
        self._password = password
        self._start_tls = start_tls
        self._ca = ca
        self._answer_seconds = answer_seconds
        self._connection: Any = None

    def search(
        self, base: str, condition: str, attributes: list[str], scope: str = "SUBTREE"
    ) -> Iterator[tuple[str, dict[str, list[str]]]]:
        """DN and attributes of all that fits, over as many pages as it takes (RFC 2696)."""

        def ask() -> list[Any]:
            generator = self._connected().extend.standard.paged_search(
                base, condition, scope, attributes=attributes, paged_size=PAGE, generator=True
            )
            return list(generator)

        for item in self._patiently(ask):
            if item["type"] == "searchResEntry":
                raw = item["raw_attributes"]
                # The server's spelling of an attribute's name need not be ours.
                values = {name.lower(): [value.decode() for value in found] for name, found in raw.items()}
                yield item["dn"], {name: values.get(name.lower(), []) for name in attributes}

    def modify(self, dn: str, changes: dict[str, Any]) -> tuple[int, str]:
        """Change one entry; the result code (RFC 4511 §4.1.9) and what the directory says to it."""

        def ask() -> tuple[int, str]:
            connection = self._connected()
            connection.modify(dn, changes)
            code = int(connection.result["result"])
            if code in _PASSING:
                raise _PassingError(connection.result["description"])
            return code, str(connection.result["message"] or connection.result["description"])

        return self._patiently(ask)

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            connection.unbind()

    def _patiently(self, ask: Callable[[], T]) -> T:
        """Ask, and ask again with back-off, over a new connection, while it may help."""
        from ldap3.core.exceptions import LDAPBindError, LDAPExceptionError, LDAPOperationResult

        for attempt in range(TRIES):
            try:
                return ask()
            except (LDAPBindError, LDAPOperationResult) as error:
                raise DirectoryError(_meaning(error)) from error
            except (_PassingError, LDAPExceptionError) as error:
                if isinstance(error, LDAPExceptionError):
                    self._drop()
                if attempt == TRIES - 1 or "certificate" in str(error):
                    raise DirectoryError(_meaning(error)) from error
                time.sleep(0.1 * 2**attempt)
        raise AssertionError  # the last attempt returns or raises

    def _connected(self) -> Any:
        import ssl

        from ldap3 import NONE, Connection, Server, Tls
        from ldap3.core.exceptions import LDAPBindError

        if self._connection is not None:
            return self._connection
        scheme, host, port = URL.fullmatch(self._url).groups()  # type: ignore[union-attr]  # was checked
        secure = scheme == "ldaps"
        tls = Tls(validate=ssl.CERT_REQUIRED, ca_certs_file=str(self._ca) if self._ca else None)
        server = Server(
            host.strip("[]"),
            port=int(port) if port else (636 if secure else 389),
            use_ssl=secure,
            tls=tls,
            get_info=NONE,
            connect_timeout=CONNECT_SECONDS,
        )
        connection = Connection(
            server,
            user=self._bind_dn,
            password=self._password,
            auto_bind="NONE",
            receive_timeout=self._answer_seconds,
            auto_referrals=False,
        )
        try:
            connection.open()
            if self._start_tls:
                connection.start_tls()
            if not connection.bind():
                result = connection.result
                raise LDAPBindError(  # noqa: TRY301 (closed below, like whatever else goes wrong)
                    f"{result['description']} {result['message']}"
                )
        except BaseException:
            if connection.socket is not None:  # ldap3 leaves it open when it cannot be trusted
                connection.socket.close()
            raise
        self._connection = connection
        return connection

    def _drop(self) -> None:
        """Let a broken connection go; the next question opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            from ldap3.core.exceptions import LDAPExceptionError

            try:
                connection.strategy.close()
            except (OSError, LDAPExceptionError):
                return


class _PassingError(Exception):
    """The directory is busy or away, and said so."""


def same_dn(dn: str) -> tuple[Any, ...]:
    """A DN in a form in which equal ones are equal: without regard to case and spaces (RFC 4517 §4.2.15)."""
    from ldap3.utils.dn import parse_dn

    return tuple((name.strip().lower(), value.strip().lower(), sign) for name, value, sign in parse_dn(dn))


def is_dn(dn: str) -> bool:
    from ldap3.core.exceptions import LDAPInvalidDnError
    from ldap3.utils.dn import parse_dn

    try:
        return bool(parse_dn(dn))
    except LDAPInvalidDnError:
        return False


def _meaning(error: BaseException) -> str:
    said = str(error)
    for sign, meaning in _MEANINGS.items():
        if sign in said:
            return meaning
    return said


_MEANINGS = {
    "invalidCredentials": "refuses these credentials; correct target.ldap.bind_dn and password",
    "self-signed certificate": "its certificate is self-signed; name the one to trust in target.ldap.ca",
    "self signed certificate": "its certificate is self-signed; name the one to trust in target.ldap.ca",
    "unable to get local issuer": "its certificate is signed by nobody known; set target.ldap.ca",
    "certificate verify failed": "its certificate is not valid for this server; correct the URL",
    "doesn't match": "its certificate is for another server; correct the URL",
    "noSuchObject": "there is no entry target.ldap.accounts, or no such group; correct target.ldap",
    "Connection refused": "nobody answers there; check the URL and that the directory runs",
    "Errno 111": "nobody answers there; check the URL and that the directory runs",
    "invalid server address": "nobody answers there; check the URL and that the directory runs",
    "timed out": "it did not answer in time; try again",
    "session terminated by server": "it broke the connection; try again",
}
