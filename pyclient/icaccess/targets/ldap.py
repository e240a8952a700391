"""Membership of directory groups: `groupOfNames` (RFC 4519) and Active Directory's `group`, by the member's
DN.

Members are added and removed one at a time. That a value is there already, or not there, is what was wanted
(RFC 4511 §4.6: attributeOrValueExists, noSuchAttribute), so every change is safe to repeat.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from icaccess.config import Config, Secret
from icaccess.errors import ConfigError, TargetError
from icaccess.store.database import Store
from icaccess.targets.groups import (
    ChangeFailedError,
    ChangeUnclearError,
    GroupSettings,
    MemberTarget,
    check_groups,
)
from icaccess.targets.interface import Match, Target, account_of

T = TypeVar("T")

PAGE = 500
CONNECT_SECONDS = 10
ANSWER_SECONDS = 30
TRIES = 4
_USUAL: dict[Match, str] = {"id": "employeeNumber", "username": "uid", "email": "mail"}
_URL = re.compile(r"(ldaps?)://([^/:]+|\[[^\]]+\])(?::(\d+))?/?")

# Result codes of RFC 4511 §4.1.9 and appendix A.
_SUCCESS, _NO_SUCH_ATTRIBUTE, _VALUE_EXISTS, _NO_SUCH_OBJECT = 0, 16, 20, 32
_WRONG_CREDENTIALS, _NOT_ALLOWED, _UNWILLING, _CLASS_VIOLATION, _ENTRY_EXISTS = 49, 50, 53, 65, 68
_PASSING = {3, 51, 52}  # timeLimitExceeded, busy, unavailable: worth another try


class LdapSettings(GroupSettings, frozen=True, kw_only=True):
    """The section `target.ldap`: groups are named by their DN."""

    url: str = ""
    bind_dn: str = ""
    password: Secret | None = None
    start_tls: bool = False
    ca: str | None = None
    """A file of certificates to trust, where the server's is not signed by one that everybody trusts."""
    accounts: str = ""
    """The DN under which people's entries are."""
    attribute: str | None = None
    """The attribute that is the account; by `match`: employeeNumber, uid or mail."""
    placeholder: str | None = None
    """A DN that stays in a `groupOfNames` when its last member goes, since such a group may not be empty."""


class LdapTarget(MemberTarget):
    """Groups by their DN, people by the attribute that the configuration names."""

    def __init__(
        self, settings: LdapSettings, ca: Path | None = None, *, answer_seconds: int = ANSWER_SECONDS
    ) -> None:
        super().__init__(settings)
        self._ldap = settings
        self._ca = ca
        self._answer_seconds = answer_seconds
        self._attribute = settings.attribute or _USUAL[settings.match]
        self._connection: Any = None

    @property
    def identity(self) -> str:
        """The server and the groups."""
        return f"ldap {self._ldap.url} {'; '.join(sorted(self.settings.all_groups))}"

    def memberships(self) -> dict[str, frozenset[str]]:
        """Whoever the groups show, by account; a member that has none, by `#` and its DN."""
        with self._asked():
            members = {group: self._members(group) for group in sorted(self.settings.all_groups)}
            names = self._accounts() if any(members.values()) else {}
        found: dict[str, set[str]] = {}
        for group, entries in members.items():
            for entry in entries:
                found.setdefault(names.get(_same(entry), f"#{entry}"), set()).add(group)
        return {account: frozenset(groups) for account, groups in found.items()}

    def find(self, account: str) -> str:
        """The DN of the one entry with this account."""
        from ldap3.utils.conv import escape_filter_chars

        condition = f"({self._attribute}={escape_filter_chars(account)})"
        with self._asked():
            found = [dn for dn, _ in self._search(self._ldap.accounts, condition, [self._attribute])]
        if len(found) != 1:
            count = len(found) or "no"
            raise ChangeFailedError(
                f"{count} entries have the {self._attribute} {account}; exactly one is needed"
            )
        return found[0]

    def add(self, entry: str, group: str) -> None:
        """Add one value of `member`."""
        from ldap3 import MODIFY_ADD

        code, said = self._modify(group, {"member": [(MODIFY_ADD, [entry])]})
        if code not in (_SUCCESS, _VALUE_EXISTS, _ENTRY_EXISTS):
            raise self._refused(code, said, group)

    def remove(self, entry: str, group: str) -> None:
        """Remove one value of `member`; the placeholder takes the place of the last."""
        from ldap3 import MODIFY_ADD, MODIFY_DELETE

        gone = (MODIFY_DELETE, [entry])
        code, said = self._modify(group, {"member": [gone]})
        if code == _CLASS_VIOLATION:
            if self._ldap.placeholder is None:
                raise ChangeFailedError(
                    "a groupOfNames may not lose its last member; set target.ldap.placeholder to a DN"
                )
            code, said = self._modify(group, {"member": [(MODIFY_ADD, [self._ldap.placeholder]), gone]})
        if code == _UNWILLING and not self._is_member(entry, group):
            return  # Active Directory's way to say that there was nothing to remove
        if code not in (_SUCCESS, _NO_SUCH_ATTRIBUTE):
            raise self._refused(code, said, group)

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            connection.unbind()

    def _members(self, group: str) -> list[str]:
        from ldap3 import BASE

        found = list(self._search(group, "(objectClass=*)", ["member"], BASE))
        if not found:
            raise TargetError(f"{self._ldap.url}: there is no group {group}; correct target.ldap")
        placeholder = _same(self._ldap.placeholder) if self._ldap.placeholder else None
        members = found[0][1].get("member", [])
        return [one for one in members if _same(one) != placeholder]

    def _is_member(self, entry: str, group: str) -> bool:
        with self._asked():
            return _same(entry) in {_same(member) for member in self._members(group)}

    def _accounts(self) -> dict[tuple[Any, ...], str]:
        """The account of each entry that has one, by its DN."""
        condition = f"({self._attribute}=*)"
        names = {}
        for dn, attributes in self._search(self._ldap.accounts, condition, [self._attribute]):
            for value in attributes.get(self._attribute, []):
                names[_same(dn)] = account_of(self.match, str(value))
        return names

    def _search(
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

    def _modify(self, group: str, changes: dict[str, Any]) -> tuple[int, str]:
        from ldap3.core.exceptions import LDAPExceptionError

        def ask() -> tuple[int, str]:
            connection = self._connected()
            connection.modify(group, changes)
            code = int(connection.result["result"])
            if code in _PASSING:
                raise _PassingError(connection.result["description"])
            return code, str(connection.result["message"] or connection.result["description"])

        try:
            return self._patiently(ask)
        except _PassingError as error:
            raise ChangeUnclearError(f"the directory answered {error} again and again") from error
        except LDAPExceptionError as error:
            self._drop()
            raise ChangeUnclearError(f"no answer came: {_meaning(error)}") from error

    def _refused(self, code: int, said: str, group: str) -> Exception:
        if code == _NO_SUCH_OBJECT:
            return TargetError(f"{self._ldap.url}: there is no group {group}; correct target.ldap")
        if code == _NOT_ALLOWED:
            return TargetError(f"{self._ldap.url}: {self._ldap.bind_dn} is not allowed to change {group}")
        return ChangeFailedError(f"the directory refused: {said} (result {code})")

    def _patiently(self, ask: Callable[[], T]) -> T:
        """Ask, and ask again with back-off, over a new connection, while it may help."""
        from ldap3.core.exceptions import LDAPBindError, LDAPExceptionError, LDAPOperationResult

        for attempt in range(TRIES):
            try:
                return ask()
            except (LDAPBindError, LDAPOperationResult):
                raise
            except (_PassingError, LDAPExceptionError) as error:
                if isinstance(error, LDAPExceptionError):
                    self._drop()
                if attempt == TRIES - 1 or "certificate" in str(error):
                    raise
                time.sleep(0.1 * 2**attempt)
        raise AssertionError  # the last attempt returns or raises

    def _connected(self) -> Any:
        import ssl

        from ldap3 import NONE, Connection, Server, Tls
        from ldap3.core.exceptions import LDAPBindError

        if self._connection is not None:
            return self._connection
        scheme, host, port = _URL.fullmatch(self._ldap.url).groups()  # type: ignore[union-attr]  # was checked
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
            user=self._ldap.bind_dn,
            password=self._ldap.password.reveal() if self._ldap.password else None,
            auto_bind="NONE",
            receive_timeout=self._answer_seconds,
            auto_referrals=False,
        )
        try:
            connection.open()
            if self._ldap.start_tls:
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

    @contextmanager
    def _asked(self) -> Iterator[None]:
        """Turn every error of a question into one line of `TargetError`."""
        from ldap3.core.exceptions import LDAPExceptionError

        try:
            yield
        except (LDAPExceptionError, _PassingError) as error:
            raise TargetError(f"{self._ldap.url}: {_meaning(error)}") from error


def open_target(config: Config, _store: Store) -> Target:
    """The directory and groups that `target.ldap` names; `ConfigError` when it says too little."""
    from icaccess.targets.settings import TargetSettings

    settings = config.section("target", TargetSettings).ldap
    where = f"{config.file}: target.ldap"
    url = _URL.fullmatch(settings.url)
    if url is None:
        raise ConfigError(f"{where}.url: is no URL of a directory; write ldaps://HOST")
    loopback = url[2] in ("127.0.0.1", "[::1]", "localhost")
    if url[1] == "ldap" and not settings.start_tls and not loopback:
        raise ConfigError(
            f"{where}.url: would send the password in the clear; write ldaps:// or set start_tls"
        )
    for name in ("bind_dn", "password", "accounts"):
        if not getattr(settings, name):
            raise ConfigError(f"{where}.{name}: is required")
    if settings.attribute is not None and not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", settings.attribute):
        raise ConfigError(f"{where}.attribute: {settings.attribute!r} is no name of an attribute")
    check_groups(config, "ldap", settings)
    for dn in (*settings.all_groups, settings.bind_dn, settings.accounts, settings.placeholder):
        if dn is not None and not _is_dn(dn):
            raise ConfigError(f"{where}: {dn!r} is no DN; write one such as cn=x,dc=example,dc=org")
    ca = config.path(settings.ca) if settings.ca else None
    if ca is not None and not ca.is_file():
        raise ConfigError(f"{where}.ca: there is no file {ca}")
    return LdapTarget(settings, ca)


class _PassingError(Exception):
    """The directory is busy or away, and said so."""


def _same(dn: str) -> tuple[Any, ...]:
    """A DN in a form in which equal ones are equal: without regard to case and spaces (RFC 4517 §4.2.15)."""
    from ldap3.utils.dn import parse_dn

    return tuple((name.strip().lower(), value.strip().lower(), sign) for name, value, sign in parse_dn(dn))


def _is_dn(dn: str) -> bool:
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
