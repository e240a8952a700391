"""Membership of SCIM 2.0 groups (RFC 7643, RFC 7644), one member at a time and never the whole list.

Servers differ, and some accept members that they do not keep, or never show any: nothing counts before it was
read back.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Literal
from urllib.parse import quote, unquote

from icaccess.config import Config, Secret
from icaccess.errors import ConfigError, TargetError
from icaccess.http import HttpClient, is_loopback, lower_names
from icaccess.targets.groups import GroupSettings, Member, check_groups, trusted
from icaccess.targets.interface import Match, account_of
from icaccess.targets.members import MemberTarget
from icaccess.targets.scim_server import ScimServer, scim_http

Attribute = Literal["externalId", "userName", "emails", "employeeNumber"]
_USUAL: dict[Match, Attribute] = {"id": "externalId", "username": "userName", "email": "emails"}
_NESTED = "Groups/"
"""What the name of a member begins with that is a group: its id may be that of a user too."""
_ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


class ScimSettings(GroupSettings, frozen=True, kw_only=True):
    """The section `target.scim`: groups are named by their displayName."""

    url: str = ""
    token: Secret | None = None
    ca: str | None = None
    """A file of certificates to trust, where the server's is not signed by one that everybody trusts."""
    attribute: Attribute | None = None
    """The attribute of a SCIM user that is the account; by `match`: externalId, userName or emails."""
    remove: Literal["filter", "value"] = "filter"
    """How the server is told to remove a member: `members[value eq "ID"]` (RFC 7644 §3.5.2.2), or by a value
    beside the path `members`, for servers that take no filter there."""


class ScimTarget(MemberTarget):
    """SCIM groups by their displayName, users by the attribute that the configuration names."""

    def __init__(self, settings: ScimSettings, http: HttpClient) -> None:
        super().__init__(settings, settings.attribute or _USUAL[settings.match])
        self._scim = settings
        self._server = ScimServer(settings.url, http)
        self._url = self._server.url
        self._groups: dict[str, str] = {}
        """The id of each group."""
        self._removed_one = False

    @property
    def identity(self) -> str:
        """The server and the groups."""
        return f"scim {self._scim.url} {', '.join(self.settings.all_groups)}"

    def proof(self) -> str:
        """What was checked."""
        return (
            "users were read page by page until an empty one; each brought new ids, together at least "
            "totalResults; each group answered with its own id and displayName"
        )

    def people(self) -> Iterator[Member]:
        """Every user that has an account, by id; of one that is not text, or not one alone, why."""
        schema = f"{_ENTERPRISE}:" if self.attribute == "employeeNumber" else ""
        found = self._server.listed("Users", attributes=f"id,{schema}{self.attribute}")
        for one, user in found.items():
            values = [value for value in self._values(user) if value not in (None, "")]
            texts = [value.strip() for value in values if isinstance(value, str)]
            if len(texts) < len(values):
                wrong = next(value for value in values if not isinstance(value, str))
                yield Member(one, why=f"its {self.attribute} is {wrong!r}, which is not text")
                continue
            accounts = {account_of(self.match, text) for text in texts}
            doubt = f"has {len(accounts)} {self.attribute} ({', '.join(texts)}); mark one as primary"
            for account in accounts:
                yield Member(one, account, doubt if len(accounts) > 1 else "")

    def names(self, group: str) -> list[str]:
        """The ids of a group's members, by the group's own answer."""
        one = self._group_id(group)
        found = self._server.get(f"Groups/{quote(one, safe='')}", {"attributes": "id,displayName,members"})
        if found.get("id") != one or not _same(found.get("displayname"), group):
            raise TargetError(
                f"{self._url}: asked for the group {group} ({one!r}), it answers with "
                f"{found.get('displayname')!r} ({found.get('id')!r}); ask the server's owner"
            )
        members = found.get("members") or []
        names = []
        for member in members if isinstance(members, list) else [members]:
            shown = lower_names(member)
            reference = str(shown.get("$ref") or "")
            value = shown.get("value") or unquote(reference.rpartition("/")[2])
            if not isinstance(value, str) or not value:
                raise TargetError(
                    f"{self._url}: the group {group} has a member without an id: {member!r}; remove it there"
                )
            is_group = str(shown.get("type")).casefold() == "group" or "/Groups/" in f"/{reference}"
            names.append(f"{_NESTED}{value}" if is_group else value)
        return list(dict.fromkeys(names))

    def why(self, name: str) -> str:
        """What the member is; a group in the group gives access to people whom nobody looks at."""
        if name.startswith(_NESTED):
            return "a group: its members hold access through it, and are not looked at"
        return f"no user with that id shows {self.attribute}"

    def add(self, name: str, group: str) -> None:
        """Add one member (RFC 7644 §3.5.2.1)."""
        self._add([name], group)

    def remove(self, name: str, group: str) -> None:
        """Remove one member, by a filter or a value, as the settings say.

        The first removal of a run is looked at before the next: a server that does not know its form may
        empty the group.
        """
        operation: dict[str, Any] = {"op": "remove", "path": f"members[value eq {_literal(name)}]"}
        if self._scim.remove == "value":
            operation = {"op": "remove", "path": "members", "value": [{"value": name}]}
        before = [] if self._removed_one else self.names(group)
        try:
            self._server.patch(self._group_id(group), group, operation)
        finally:
            if not self._removed_one:
                self._check_removal(name, group, before)

    def close(self) -> None:
        """Close the connections."""
        self._server.close()

    def _check_removal(self, name: str, group: str, before: list[str]) -> None:
        """Put back who went with the one that was to go; `TargetError` when somebody did."""
        after = {*self.names(group)}
        lost = [one for one in before if one not in after and one != name]
        if lost:
            self._add(lost, group)
            other = "filter" if self._scim.remove == "value" else "value"
            raise TargetError(
                f"{self._url}: took {len(lost):,} more members out of {group} than the one that was to go, "
                f"such as {lost[0]!r}, and was asked to add them again; set target.scim.remove to {other}"
            )
        self._removed_one = name not in after

    def _add(self, names: list[str], group: str) -> None:
        members = [{"value": name.removeprefix(_NESTED)} for name in names]
        self._server.patch(self._group_id(group), group, {"op": "add", "path": "members", "value": members})

    def _group_id(self, group: str) -> str:
        if group not in self._groups:
            listed = self._server.listed(
                "Groups", filter=f"displayName eq {_literal(group)}", attributes="id,displayName"
            )
            found = [one for one, shown in listed.items() if _same(shown.get("displayname"), group)]
            if len(found) != 1:
                raise TargetError(
                    f"{self._url}: has {len(found) or 'no'} groups with the displayName {group}; "
                    "exactly one is needed: correct target.scim or the server"
                )
            self._groups[group] = found[0]
        return self._groups[group]

    def _values(self, user: dict[str, Any]) -> list[Any]:
        """What a user shows as the account: of several addresses the primary one, where just one is that."""
        if self.attribute == "employeeNumber":
            extension = user.get(_ENTERPRISE.lower())
            return [
                lower_names(extension).get("employeenumber") if isinstance(extension, dict) else extension
            ]
        value = user.get(self.attribute.lower())
        if self.attribute != "emails" or not isinstance(value, list):
            return [value]
        primary = [one for one in value if lower_names(one).get("primary") is True]
        chosen = primary if len(primary) == 1 else value
        return [lower_names(one).get("value") if isinstance(one, dict) else one for one in chosen]


def open_target(config: Config, settings: ScimSettings) -> ScimTarget:
    """The SCIM server and groups that `target.scim` names; `ConfigError` when it says too little."""
    where = f"{config.file}: target.scim"
    if not settings.url.startswith(("https://", "http://")):
        raise ConfigError(f"{where}.url: is not an http or https URL; write https://HOST/scim/v2")
    if "@" in settings.url:
        raise ConfigError(f"{where}.url: carries a user or password; leave them out, the token is enough")
    if settings.url.startswith("http://") and not is_loopback(settings.url):
        raise ConfigError(f"{where}.url: would send the token in the clear; write https://")
    if settings.token is None:
        raise ConfigError(f"{where}.token: is required; write ${{NAME}} or ${{file:/path}}")
    check_groups(where, settings, key=str.casefold)
    return ScimTarget(settings, scim_http(settings.token, trusted(config, where, settings.ca)))


def _literal(value: str) -> str:
    """A string of the filter language: JSON's, by RFC 7644 §3.4.2.2."""
    return json.dumps(value, ensure_ascii=False)


def _same(shown: Any, name: str) -> bool:
    """Whether a displayName is the one asked for; case does not count (RFC 7643 §4.2)."""
    return isinstance(shown, str) and shown.casefold() == name.casefold()
