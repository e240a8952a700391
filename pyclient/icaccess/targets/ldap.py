"""Membership of directory groups: `groupOfNames` (RFC 4519) and Active Directory's `group`, by the member's
DN.

Members are added and removed one at a time. That a value is there already, or not there, is what was wanted
(RFC 4511 §4.6: attributeOrValueExists, noSuchAttribute), so every change is safe to repeat.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from icaccess.config import Config, Secret
from icaccess.errors import ConfigError, TargetError
from icaccess.targets.groups import (
    ChangeFailedError,
    ChangeUnclearError,
    GroupSettings,
    MemberTarget,
    check_groups,
)
from icaccess.targets.interface import Match, Target, account_of
from icaccess.targets.ldap_directory import URL, Directory, DirectoryError, is_dn, same_dn

if TYPE_CHECKING:  # reading the settings needs no database
    from icaccess.store.database import Store

_USUAL: dict[Match, str] = {"id": "employeeNumber", "username": "uid", "email": "mail"}

# Result codes of RFC 4511 §4.1.9 and appendix A.
_SUCCESS, _NO_SUCH_ATTRIBUTE, _VALUE_EXISTS, _NO_SUCH_OBJECT = 0, 16, 20, 32
_WRONG_CREDENTIALS, _NOT_ALLOWED, _UNWILLING, _CLASS_VIOLATION, _ENTRY_EXISTS = 49, 50, 53, 65, 68


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

    def __init__(self, settings: LdapSettings, directory: Directory) -> None:
        super().__init__(settings)
        self._ldap = settings
        self._directory = directory
        self._attribute = settings.attribute or _USUAL[settings.match]

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
                found.setdefault(names.get(same_dn(entry), f"#{entry}"), set()).add(group)
        return {account: frozenset(groups) for account, groups in found.items()}

    def find(self, account: str) -> str:
        """The DN of the one entry with this account."""
        from ldap3.utils.conv import escape_filter_chars

        condition = f"({self._attribute}={escape_filter_chars(account)})"
        with self._asked():
            found = [
                dn for dn, _ in self._directory.search(self._ldap.accounts, condition, [self._attribute])
            ]
        if len(found) != 1:
            count = len(found) or "no"
            raise ChangeFailedError(
                f"{count} entries have the {self._attribute} {account}; exactly one is needed"
            )
        return found[0]

    def add(self, entry: str, group: str) -> None:
        """Add one value of `member`."""
        from ldap3 import MODIFY_ADD

        code, said = self._modify(group, [(MODIFY_ADD, [entry])])
        if code not in (_SUCCESS, _VALUE_EXISTS, _ENTRY_EXISTS):
            raise self._refused(code, said, group)

    def remove(self, entry: str, group: str) -> None:
        """Remove one value of `member`; the placeholder takes the place of the last."""
        from ldap3 import MODIFY_ADD, MODIFY_DELETE

        gone = (MODIFY_DELETE, [entry])
        code, said = self._modify(group, [gone])
        if code == _CLASS_VIOLATION:
            if self._ldap.placeholder is None:
                raise ChangeFailedError(
                    "a groupOfNames may not lose its last member; set target.ldap.placeholder to a DN"
                )
            code, said = self._modify(group, [(MODIFY_ADD, [self._ldap.placeholder]), gone])
        if code == _UNWILLING and not self._is_member(entry, group):
            return  # Active Directory's way to say that there was nothing to remove
        if code not in (_SUCCESS, _NO_SUCH_ATTRIBUTE):
            raise self._refused(code, said, group)

    def close(self) -> None:
        """Close the connection."""
        self._directory.close()

    def _members(self, group: str) -> list[str]:
        from ldap3 import BASE

        found = list(self._directory.search(group, "(objectClass=*)", ["member"], BASE))
        if not found:
            raise TargetError(f"{self._ldap.url}: there is no group {group}; correct target.ldap")
        placeholder = same_dn(self._ldap.placeholder) if self._ldap.placeholder else None
        members = found[0][1].get("member", [])
        return [one for one in members if same_dn(one) != placeholder]

    def _is_member(self, entry: str, group: str) -> bool:
        with self._asked():
            return same_dn(entry) in {same_dn(member) for member in self._members(group)}

    def _accounts(self) -> dict[tuple[Any, ...], str]:
        """The account of each entry that has one, by its DN."""
        condition = f"({self._attribute}=*)"
        names = {}
        for dn, attributes in self._directory.search(self._ldap.accounts, condition, [self._attribute]):
            for value in attributes.get(self._attribute, []):
                names[same_dn(dn)] = account_of(self.match, str(value))
        return names

    def _modify(self, group: str, members: list[tuple[str, list[str]]]) -> tuple[int, str]:
        try:
            return self._directory.modify(group, {"member": members})
        except DirectoryError as error:
            raise ChangeUnclearError(f"no clear answer came: {error}") from error

    def _refused(self, code: int, said: str, group: str) -> Exception:
        if code == _NO_SUCH_OBJECT:
            return TargetError(f"{self._ldap.url}: there is no group {group}; correct target.ldap")
        if code == _NOT_ALLOWED:
            return TargetError(f"{self._ldap.url}: {self._ldap.bind_dn} is not allowed to change {group}")
        return ChangeFailedError(f"the directory refused: {said} (result {code})")

    @contextmanager
    def _asked(self) -> Iterator[None]:
        """Turn every error of a question into one line of `TargetError`."""
        try:
            yield
        except DirectoryError as error:
            raise TargetError(f"{self._ldap.url}: {error}") from error


def open_target(config: Config, _store: Store) -> Target:
    """The directory and groups that `target.ldap` names; `ConfigError` when it says too little."""
    from icaccess.targets.settings import TargetSettings

    settings = config.section("target", TargetSettings).ldap
    where = f"{config.file}: target.ldap"
    url = URL.fullmatch(settings.url)
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
        if dn is not None and not is_dn(dn):
            raise ConfigError(f"{where}: {dn!r} is no DN; write one such as cn=x,dc=example,dc=org")
    ca = config.path(settings.ca) if settings.ca else None
    if ca is not None and not ca.is_file():
        raise ConfigError(f"{where}.ca: there is no file {ca}")
    directory = Directory(
        settings.url,
        settings.bind_dn,
        settings.password.reveal() if settings.password else "",
        start_tls=settings.start_tls,
        ca=ca,
    )
    return LdapTarget(settings, directory)
