"""Membership of directory groups: `groupOfNames` (RFC 4519) and Active Directory's `group`, by the member's
DN.

Members are added and removed one at a time. That a value is there already, or not there, is what was wanted
(RFC 4511 §4.6: attributeOrValueExists, noSuchAttribute), so every change is safe to repeat.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator
from typing import Literal

from icaccess.config import Config, Secret
from icaccess.errors import ConfigError, TargetError
from icaccess.targets.dn import is_dn, parse_dn
from icaccess.targets.groups import GroupSettings, Member, check_groups, trusted
from icaccess.targets.interface import Match, account_of
from icaccess.targets.ldap_connection import URL
from icaccess.targets.ldap_directory import (
    CLASS_VIOLATION,
    ENTRY_EXISTS,
    NO_SUCH_ATTRIBUTE,
    NO_SUCH_OBJECT,
    NOT_ALLOWED,
    REFERRAL,
    SUCCESS,
    UNWILLING,
    VALUE_EXISTS,
    Directory,
    DirectoryError,
)
from icaccess.targets.members import ChangeFailedError, ChangeUnclearError, MemberTarget
from icaccess.text import how_many, quoted

LOOK_UP = 20
"""How many members without an account are looked up, to say what they are."""
_USUAL: dict[Match, str] = {"id": "employeeNumber", "username": "uid", "email": "mail"}
_DOMAIN = re.compile(r"(?<=,)\s*DC=.*", re.IGNORECASE)
"""The part of a DN that names its domain."""
_LOGIN = re.compile(r"[^\\@]+\\[^\\@]+|[^\\@]+@[^\\@]+")  # as Active Directory takes


class LdapSettings(GroupSettings, frozen=True, kw_only=True):
    """The section `target.ldap`: groups are named by their DN."""

    url: str = ""
    bind_dn: str = ""
    """Who asks: a DN or, as Active Directory takes it, `DOMAIN\\user` or `user@domain`."""
    password: Secret | None = None
    start_tls: bool = False
    ca: str | None = None
    """A file of certificates to trust, where the server's is not signed by one that everybody trusts."""
    accounts: str = ""
    """The DN under which people's entries are."""
    attribute: str | None = None
    """The attribute that is the account; by `match`: employeeNumber, uid or mail."""
    placeholder: str | None = None
    """A DN, or "" for the empty one, that stays in a `groupOfNames`, which may not be without members."""


class LdapTarget(MemberTarget):
    """Groups by their DN, people by the attribute that the configuration names."""

    noun = "entries"

    def __init__(self, settings: LdapSettings, directory: Directory) -> None:
        super().__init__(settings, settings.attribute or _USUAL[settings.match])
        self._ldap = settings
        self._directory = directory
        self._placeholder = parse_dn(settings.placeholder or "")
        self._primary: dict[str, list[str]] = {}
        """Of a group of Active Directory the entries that have it as primary group: its members too."""
        self._looked_up = 0

    @property
    def identity(self) -> str:
        """The server and the groups."""
        return f"ldap {self._ldap.url} {'; '.join(self.settings.all_groups)}"

    def proof(self) -> str:
        """What was checked."""
        where = f"under {self._ldap.accounts} and each group"
        entries = how_many(len(self._people), "entry", "entries")
        return f"every page of {entries} {where} ended with success"

    def key(self, name: str) -> Hashable:
        """The DN in the form in which equal ones are equal."""
        try:
            return parse_dn(name)
        except ValueError:
            return name

    def people(self) -> Iterator[Member]:
        """Every entry that shows the attribute; a rule may let it be searched for and not be read.

        Nobody can say which of several values is the account.
        """
        for entry in self._directory.search(self._ldap.accounts, f"({self.attribute}=*)", [self.attribute]):
            values = entry.texts(self.attribute)
            accounts = {account_of(self.match, value) for value in values}
            doubt = ""
            if len(accounts) > 1:
                doubt = f"has {len(accounts)} values of {self.attribute} ({', '.join(values)}); leave it one"
            for account in accounts:
                yield Member(entry.dn, account, doubt)

    def names(self, group: str) -> Iterator[str]:
        """The values of `member` without the placeholder, and those whose primary group it is."""
        self._looked_up = 0
        entry = self._directory.entry(group, ["objectClass", "member", "objectSid"])
        members = entry.texts("member")
        classes = {name.lower() for name in entry.texts("objectClass")}
        if not members and "group" not in classes:  # Active Directory's may be empty
            self._check_empty(group, classes)
        for sid in entry.attributes.get("objectsid", []):
            domain = _DOMAIN.search(group)
            condition = f"(primaryGroupID={int.from_bytes(sid[-4:], 'little')})"
            found = self._directory.search(domain[0] if domain else self._ldap.accounts, condition, ["cn"])
            self._primary[group] = [one.dn for one in found]
            members += self._primary[group]
        return (one for one in members if self.key(one) not in ((), self._placeholder))

    def why(self, name: str) -> str:
        """What the entry is; a group in the group gives access to people whom nobody looks at."""
        self._looked_up += 1
        if not is_dn(name):
            return "is not a DN"
        if self._looked_up > LOOK_UP:
            return f"no entry with {self.attribute} under {self._ldap.accounts}"
        try:
            classes = self._directory.entry(name, ["objectClass"]).texts("objectClass")
        except DirectoryError:
            return "no such entry, or it is hidden"
        if any(one.lower().startswith("group") for one in classes):
            return "a group: its members hold access through it, and are not looked at"
        return f"an entry that shows no {self.attribute}, or is not under {self._ldap.accounts}"

    def add(self, name: str, group: str) -> None:
        """Add one value of `member`."""
        code, said = self._modify(group, ("add", name))
        if code not in (SUCCESS, VALUE_EXISTS, ENTRY_EXISTS):
            raise self._refused(code, said, group)

    def remove(self, name: str, group: str) -> None:
        """Remove one value of `member`; the placeholder takes the place of the last."""
        if name in self._primary.get(group, ()):
            raise ChangeFailedError(f"{group} is the primary group of {name}; give it another one first")
        code, said = self._modify(group, ("delete", name))
        if code == CLASS_VIOLATION:
            if self._ldap.placeholder is None:
                raise ChangeFailedError(
                    "a groupOfNames may not lose its last member; set target.ldap.placeholder to a DN"
                )
            code, said = self._modify(group, ("add", self._ldap.placeholder), ("delete", name))
        if code == UNWILLING and self.key(name) not in map(self.key, self.names(group)):
            return  # Active Directory's way to say that there was nothing to remove
        if code not in (SUCCESS, NO_SUCH_ATTRIBUTE):
            raise self._refused(code, said, group)

    def close(self) -> None:
        """Close the connection."""
        self._directory.close()

    def _check_empty(self, group: str, classes: set[str]) -> None:
        """Raise when a group shows no `member` and must have some, keeps them elsewhere, or is no group."""
        # RFC 4519 §3.5 says it of a groupOfNames where the schema cannot be read.
        without = {"member"} if "groupofnames" in classes else set()
        required, allowed = self._directory.schema(classes) or (without, {"member"})
        if "member" in required:
            raise TargetError(
                f"{self._ldap.url}: shows no member of {group}, which cannot be without one: "
                f"let {self._ldap.bind_dn} read `member`"
            )
        if "uniquemember" in required or "groupofuniquenames" in classes:
            raise TargetError(
                f"{self._ldap.url}: keeps the members of {group} in uniqueMember; use a groupOfNames"
            )
        if "member" not in allowed:
            raise TargetError(
                f"{self._ldap.url}: {group} is not a group that has `member` "
                f"(objectClass {', '.join(sorted(classes))}); correct target.ldap"
            )

    def _modify(self, group: str, *changes: tuple[Literal["add", "delete"], str]) -> tuple[int, str]:
        try:
            return self._directory.modify(group, "member", *changes)
        except DirectoryError as error:
            raise ChangeUnclearError(f"no clear answer came: {error}") from error

    def _refused(self, code: int, said: str, group: str) -> Exception:
        if code == NO_SUCH_OBJECT:
            return TargetError(f"{self._ldap.url}: there is no group {group}; correct target.ldap")
        if code == REFERRAL:
            return TargetError(
                f"{self._ldap.url}: is a copy that takes no change of {group}; name the directory that does "
                f"in target.ldap.url: it refers to {quoted(said)}"
            )
        if code == NOT_ALLOWED:
            return TargetError(
                f"{self._ldap.url}: {self._ldap.bind_dn} may not change {group}; ask for the right to write "
                "its `member`"
            )
        return ChangeFailedError(f"the directory refused: {said} (result {code})")


def open_target(config: Config, settings: LdapSettings) -> LdapTarget:
    """The directory and groups that `target.ldap` names; `ConfigError` when it says too little."""
    where = f"{config.file}: target.ldap"
    url = URL.fullmatch(settings.url)
    if url is None or (url[3] and not 0 < int(url[3]) < 65536):
        raise ConfigError(
            f"{where}.url: is not the URL of a directory; write ldaps://HOST or ldaps://HOST:PORT"
        )
    loopback = url[2] in ("127.0.0.1", "[::1]", "localhost")
    if url[1] == "ldap" and not settings.start_tls and not loopback:
        raise ConfigError(
            f"{where}.url: would send the password in the clear; write ldaps:// or set start_tls"
        )
    for name in ("bind_dn", "password", "accounts"):
        if not getattr(settings, name):
            raise ConfigError(f"{where}.{name}: is required")
    if settings.attribute is not None and not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", settings.attribute):
        raise ConfigError(f"{where}.attribute: {settings.attribute!r} is not the name of an attribute")
    for dn in (*settings.all_groups, settings.bind_dn, settings.accounts, settings.placeholder):
        login = dn == settings.bind_dn and _LOGIN.fullmatch(dn)
        if dn and not login and not is_dn(dn):
            raise ConfigError(f"{where}: {dn!r} is not a DN; write one such as cn=x,dc=example,dc=org")
    check_groups(where, settings, key=parse_dn)
    directory = Directory(
        settings.url,
        settings.bind_dn,
        settings.password.reveal() if settings.password else "",
        start_tls=settings.start_tls,
        ca=trusted(config, where, settings.ca),
    )
    return LdapTarget(settings, directory)
