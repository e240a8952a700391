"""Membership of SCIM 2.0 groups (RFC 7643, RFC 7644), one member at a time and never the whole list.

Servers differ, and some accept members that they do not keep, or never show any: nothing counts before it was
read back. Of each answer only what is needed is read, and that strictly; the rest may be anything.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from icaccess.config import Config, Secret
from icaccess.config.auth import Bearer
from icaccess.errors import ConfigError, HttpError, TargetError
from icaccess.http import RETRY, HttpClient, Response, is_loopback
from icaccess.targets.groups import GroupSettings, check_groups, trusted
from icaccess.targets.interface import Match, account_of
from icaccess.targets.members import AccountEntry, ChangeFailedError, ChangeUnclearError, MemberTarget
from icaccess.text import quoted

PAGE = 200
SECONDS = 60.0
TRIES = 3
"""How often people are listed when the list changes meanwhile."""
Attribute = Literal["externalId", "userName", "emails", "employeeNumber"]
_USUAL: dict[Match, Attribute] = {"id": "externalId", "username": "userName", "email": "emails"}
_ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
_PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
_BUSY = (429, 500, 502, 503, 504)
_REPEATED = RETRY.new(read=2, status=4, status_forcelist=_BUSY, backoff_factor=0.5, retry_after_max=30)
"""Every request here is safe to repeat, PATCH too: adding or removing one member twice is doing it once."""


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
        self._http = http
        self._url = settings.url.rstrip("/")
        self._groups: dict[str, str] = {}
        """The id of each group."""
        self._nested: set[str] = set()
        """Members that are groups themselves."""
        self._removed_one = False
        self._cursors: bool | None = None

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

    def people(self) -> Iterator[AccountEntry]:
        """Every user that has an account, by id; of one that is not text, or not one alone, why."""
        schema = f"{_ENTERPRISE}:" if self.attribute == "employeeNumber" else ""
        found = self._listed("Users", attributes=f"id,{schema}{self.attribute}")
        for one, user in found.items():
            values = [value for value in self._values(user) if value not in (None, "")]
            texts = [value.strip() for value in values if isinstance(value, str)]
            if len(texts) < len(values):
                wrong = next(value for value in values if not isinstance(value, str))
                yield AccountEntry(one, doubt=f"its {self.attribute} is {wrong!r}, which is not text")
                continue
            accounts = {account_of(self.match, text) for text in texts}
            doubt = f"has {len(accounts)} {self.attribute} ({', '.join(texts)}); mark one as primary"
            for account in accounts:
                yield AccountEntry(one, account, doubt if len(accounts) > 1 else "")

    def names(self, group: str) -> list[str]:
        """The ids of a group's members, by the group's own answer."""
        one = self._group_id(group)
        found = self._get(f"Groups/{quote(one, safe='')}", {"attributes": "id,displayName,members"})
        if found.get("id") != one or not _same(found.get("displayname"), group):
            raise TargetError(
                f"{self._url}: asked for the group {group} ({one!r}), it answers with "
                f"{found.get('displayname')!r} ({found.get('id')!r})"
            )
        members = found.get("members") or []
        names = []
        for member in members if isinstance(members, list) else [members]:
            shown = _lower(member)
            value = shown.get("value")
            if not isinstance(value, str) or not value:
                raise TargetError(f"{self._url}: the group {group} has a member without an id: {member!r}")
            if shown.get("type") == "Group" or "/Groups/" in str(shown.get("$ref")):
                self._nested.add(value)
            names.append(value)
        return list(dict.fromkeys(names))

    def why(self, name: str) -> str:
        """What the member is; a group in the group gives access to people whom nobody looks at."""
        if name in self._nested:
            return "a group: its members hold access through it, and are not looked at"
        return f"no user with that id shows {self.attribute}"

    def add(self, name: str, group: str) -> None:
        """Add one member (RFC 7644 §3.5.2.1)."""
        self._patch(group, {"op": "add", "path": "members", "value": [{"value": name}]})

    def remove(self, name: str, group: str) -> None:
        """Remove one member, by a filter or a value, as the settings say."""
        if self._scim.remove == "filter":
            self._patch(group, {"op": "remove", "path": f"members[value eq {_literal(name)}]"})
            return
        before = [] if self._removed_one else self.names(group)
        self._patch(group, {"op": "remove", "path": "members", "value": [{"value": name}]})
        if not self._removed_one:
            self._check_removal(group, {*before} - {name})

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _check_removal(self, group: str, stay: set[str]) -> None:
        """Look at the first removal by a value: a server that knows no such thing may empty the group."""
        lost = stay - {*self.names(group)}
        if lost:
            raise TargetError(
                f"{self._url}: took {len(lost)} more members out of {group} than the one that was to go, "
                f"such as {min(lost)!r}; set target.scim.remove to filter, and run again to put them back"
            )
        self._removed_one = True

    def _patch(self, group: str, operation: dict[str, Any]) -> None:
        path = f"{self._url}/Groups/{quote(self._group_id(group), safe='')}"
        body = json.dumps({"schemas": [_PATCH_OP], "Operations": [operation]}).encode()
        try:
            response = self._http.request(
                "PATCH", path, body=body, headers={"Content-Type": "application/scim+json"}
            )
        except HttpError as error:
            raise ChangeUnclearError(f"no whole answer came: {error}") from error
        status, said = response.status, _said(response)
        if status in (401, 403):
            raise TargetError(f"{self._url}: does not let this token change {group}: {said}")
        if status in _BUSY:
            raise ChangeUnclearError(f"the server answered HTTP {status} again and again")
        if status not in (200, 204) and not (operation["op"] == "remove" and "noTarget" in said):
            raise ChangeFailedError(f"the server refused: {said}")
        if status == 200 and response.content.strip() and not response.content.lstrip().startswith(b"{"):
            raise ChangeUnclearError(f"the answer was not SCIM: {said}")

    def _group_id(self, group: str) -> str:
        if group not in self._groups:
            listed = self._listed(
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

    def _listed(self, kind: str, **asked: str) -> dict[str, dict[str, Any]]:
        """Each resource by its id, page by page until an empty one (RFC 7644 §3.4.2.4).

        `TargetError` when some may be left out: a page that was there before, an id twice, fewer than
        `totalResults`, another `startIndex` than asked for. A list that changes meanwhile is read again.
        """
        for attempt in range(TRIES):
            try:
                return self._pages(kind, asked)
            except _PagesDoNotFit as error:
                if attempt == TRIES - 1:
                    raise TargetError(f"{self._url}/{kind}: {error}; a part is never believed") from error
        raise AssertionError  # the last attempt returns or raises

    def _pages(self, kind: str, asked: dict[str, str]) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        total = 0
        place = {"cursor": ""} if self._has_cursors() else {"startIndex": "1"}
        cursors = {""}
        while True:
            page = self._get(kind, {**asked, **place, "count": str(PAGE)})
            resources = page.get("resources") or []
            needed = "resources" if "cursor" in place else "totalresults"
            if needed not in page or not isinstance(resources, list):
                raise TargetError(f"{self._url}/{kind}: does not answer with a SCIM list; correct the URL")
            again = [_lower(one).get("id") for one in resources]
            if again and 0 < total <= len(found) and found.keys() >= {*again} and "startIndex" in place:
                self._check_last(kind, asked, found)
                break
            total = max(total, _number(page.get("totalresults")))
            self._take(kind, resources, found)
            if "cursor" in place:
                cursor = page.get("nextcursor")
                if cursor in cursors:
                    raise _PagesDoNotFit(f"gave the cursor {quoted(str(cursor))} twice")
                if not cursor:
                    break
                cursors.add(cursor)
                place = {"cursor": cursor}
            else:
                if resources and str(page.get("startindex", "")) not in ("", place["startIndex"]):
                    given = quoted(str(page["startindex"]))
                    raise _PagesDoNotFit(f"asked for startIndex {place['startIndex']}, it gave {given}")
                if not resources or ("filter" in asked and len(found) >= total):
                    break
                place = {"startIndex": str(len(found) + 1)}
        if len(found) < total:
            raise _PagesDoNotFit(f"listed {len(found):,} of {total:,}")
        return found

    def _check_last(self, kind: str, asked: dict[str, str], found: dict[str, dict[str, Any]]) -> None:
        """Look at the last place again: some servers begin anew past the end, and some on every page."""
        page = self._get(kind, {**asked, "startIndex": str(len(found)), "count": "1"})
        last = [_lower(one).get("id") for one in page.get("resources") or []]
        if last != [*found][-1:]:
            raise _PagesDoNotFit(f"gave {last} at startIndex {len(found):,}, where {[*found][-1]!r} was")

    def _has_cursors(self) -> bool:
        """Whether the server offers pages by cursors (RFC 9865 §4), which do not shift with changes."""
        if self._cursors is None:
            try:
                pages = self._get("ServiceProviderConfig", {}).get("pagination")
            except TargetError:  # few servers need it, and some have none
                pages = None
            self._cursors = _lower(pages).get("cursor") is True
        return self._cursors

    def _take(self, kind: str, resources: list[Any], found: dict[str, dict[str, Any]]) -> None:
        """Put the resources of a page into those found, none of which may be among them."""
        for one in map(_lower, resources):
            name = one.get("id")
            if not isinstance(name, str) or not name:
                raise TargetError(
                    f"{self._url}/{kind}: gives a resource without an id: {quoted(str(one), 100)}"
                )
            if name in found:
                raise _PagesDoNotFit(f"gave {name!r} twice, the second time after {len(found):,} in all")
            found[name] = one

    def _get(self, path: str, params: dict[str, str]) -> dict[str, Any]:
        """The JSON object of an answer, its names in lower case, since they have no case (RFC 7643 §2.1)."""
        where = f"{self._url}/{path}"
        try:
            response = self._http.request("GET", where, params=params)
        except HttpError as error:
            raise TargetError(str(error)) from error
        if response.status in (401, 403):
            raise TargetError(f"{where}: refuses these credentials: {_said(response)}")
        if response.status != 200:
            raise TargetError(f"{where}: refuses to answer: {_said(response)}")
        try:
            found = json.loads(response.content)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise TargetError(
                f"{where}: does not answer as a SCIM server does ({response.content_type}); "
                "correct target.scim.url"
            )
        return _lower(found)

    def _values(self, user: dict[str, Any]) -> list[Any]:
        """What a user shows as the account: of several addresses the primary one, where just one is that."""
        if self.attribute == "employeeNumber":
            extension = user.get(_ENTERPRISE.lower())
            return [_lower(extension).get("employeenumber") if isinstance(extension, dict) else extension]
        value = user.get(self.attribute.lower())
        if self.attribute != "emails" or not isinstance(value, list):
            return [value]
        primary = [one for one in value if _lower(one).get("primary") is True]
        chosen = primary if len(primary) == 1 else value
        return [_lower(one).get("value") if isinstance(one, dict) else one for one in chosen]


class _PagesDoNotFit(Exception):
    """Pages that do not make one list; the message says why."""


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


def scim_http(
    token: Secret, ca: Path | None = None, *, timeout: float = SECONDS, backoff: float = 0.5
) -> HttpClient:
    """The session with a SCIM server."""
    return HttpClient(
        Bearer(token=token),
        timeout=timeout,
        ca=ca,
        headers={"Accept": "application/scim+json"},
        retry=_REPEATED.new(backoff_factor=backoff),
        ca_setting="target.scim.ca",
    )


def _lower(found: Any) -> dict[str, Any]:
    return {name.lower(): value for name, value in found.items()} if isinstance(found, dict) else {}


def _literal(value: str) -> str:
    """A string of the filter language: JSON's, by RFC 7644 §3.4.2.2."""
    return json.dumps(value, ensure_ascii=False)


def _number(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        return 0


def _same(shown: Any, name: str) -> bool:
    """Whether a displayName is the one asked for; case does not count (RFC 7643 §4.2)."""
    return isinstance(shown, str) and shown.casefold() == name.casefold()


def _said(response: Response) -> str:
    """What a server says of an error (RFC 7644 §3.12), on one line and quoted."""
    try:
        error = _lower(json.loads(response.content))
    except ValueError:
        error = {}
    parts = [str(error[name]) for name in ("scimtype", "detail") if error.get(name)]
    said = quoted(": ".join(parts)) if parts else response.content_type
    return f"{said} (HTTP {response.status})"
