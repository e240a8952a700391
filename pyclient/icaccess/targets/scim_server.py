"""A SCIM server (RFC 7643, RFC 7644): lists that are whole or an error, and changes of one member.

Of each answer only what is needed is read, and that strictly; the rest may be anything.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

from icaccess.config import Secret
from icaccess.config.auth import Bearer
from icaccess.errors import HttpError, TargetError
from icaccess.http import RETRY, HttpClient, Response
from icaccess.targets.members import ChangeFailedError, ChangeUnclearError
from icaccess.text import quoted

PAGE = 200
SECONDS = 60.0
TRIES = 3
"""How often people are listed when the list changes meanwhile."""
_PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
_BUSY = (429, 500, 502, 503, 504)
_REPEATED = RETRY.new(read=2, status=4, status_forcelist=_BUSY, backoff_factor=0.5, retry_after_max=30)
"""Every request here is safe to repeat, PATCH too: adding or removing one member twice is doing it once."""


class ScimServer:
    """A server and the session with it."""

    def __init__(self, url: str, http: HttpClient) -> None:
        self.url = url.rstrip("/")
        self._http = http
        self._cursors: bool | None = None

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def patch(self, one: str, group: str, operation: dict[str, Any]) -> None:
        """Carry out an operation on the group with the id `one`, which messages call `group`.

        `ChangeFailedError` or `ChangeUnclearError` says that it was not, or perhaps not, and `TargetError`
        that the token may not change the group.
        """
        path = f"{self.url}/Groups/{quote(one, safe='')}"
        body = json.dumps({"schemas": [_PATCH_OP], "Operations": [operation]}).encode()
        try:
            response = self._http.request(
                "PATCH", path, body=body, headers={"Content-Type": "application/scim+json"}
            )
        except HttpError as error:
            raise ChangeUnclearError(f"no whole answer came: {error}") from error
        status, said = response.status, _said(response)
        if status in (401, 403):
            raise TargetError(f"{self.url}: does not let this token change {group}: {said}")
        if status in _BUSY:
            raise ChangeUnclearError(f"the server answered HTTP {status} again and again")
        if status not in (200, 204) and not (operation["op"] == "remove" and "noTarget" in said):
            raise ChangeFailedError(f"the server refused: {said}")
        if status == 200 and response.content.strip() and not response.content.lstrip().startswith(b"{"):
            raise ChangeUnclearError(f"the answer was not SCIM: {said}")

    def listed(self, kind: str, **asked: str) -> dict[str, dict[str, Any]]:
        """Each resource by its id, page by page until an empty one (RFC 7644 §3.4.2.4).

        `TargetError` when some may be left out: a page that was there before, an id twice, fewer than
        `totalResults`, another `startIndex` than asked for. A list that changes meanwhile is read again.
        """
        for attempt in range(TRIES):
            try:
                return self._pages(kind, asked)
            except _PagesDoNotFit as error:
                if attempt == TRIES - 1:
                    raise TargetError(f"{self.url}/{kind}: {error}; a part is never believed") from error
        raise AssertionError  # the last attempt returns or raises

    def _pages(self, kind: str, asked: dict[str, str]) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        total = 0
        place = {"cursor": ""} if self._has_cursors() else {"startIndex": "1"}
        cursors = {""}
        while True:
            page = self.get(kind, {**asked, **place, "count": str(PAGE)})
            resources = page.get("resources") or []
            needed = "resources" if "cursor" in place else "totalresults"
            if needed not in page or not isinstance(resources, list):
                raise TargetError(f"{self.url}/{kind}: does not answer with a SCIM list; correct the URL")
            again = [lower(one).get("id") for one in resources]
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
        page = self.get(kind, {**asked, "startIndex": str(len(found)), "count": "1"})
        last = [lower(one).get("id") for one in page.get("resources") or []]
        if last != [*found][-1:]:
            raise _PagesDoNotFit(f"gave {last} at startIndex {len(found):,}, where {[*found][-1]!r} was")

    def _has_cursors(self) -> bool:
        """Whether the server offers pages by cursors (RFC 9865 §4), which do not shift with changes."""
        if self._cursors is None:
            try:
                pages = self.get("ServiceProviderConfig", {}).get("pagination")
            except TargetError:  # few servers need it, and some have none
                pages = None
            self._cursors = lower(pages).get("cursor") is True
        return self._cursors

    def _take(self, kind: str, resources: list[Any], found: dict[str, dict[str, Any]]) -> None:
        """Put the resources of a page into those found, none of which may be among them."""
        for one in map(lower, resources):
            name = one.get("id")
            if not isinstance(name, str) or not name:
                raise TargetError(
                    f"{self.url}/{kind}: gives a resource without an id: {quoted(str(one), 100)}"
                )
            if name in found:
                raise _PagesDoNotFit(f"gave {name!r} twice, the second time after {len(found):,} in all")
            found[name] = one

    def get(self, path: str, params: dict[str, str]) -> dict[str, Any]:
        """The JSON object of an answer, its names in lower case, since they have no case (RFC 7643 §2.1)."""
        where = f"{self.url}/{path}"
        try:
            response = self._http.request("GET", where, params=params)
        except HttpError as error:
            raise TargetError(str(error)) from error
        if response.status in (401, 403):
            why = f"{_said(response)}; renew or correct the token"
            raise TargetError(f"{where}: refuses these credentials: {why}")
        if response.status != 200:
            why = f"{_said(response)}; check target.scim.url and the server's log"
            raise TargetError(f"{where}: refuses to answer: {why}")
        try:
            found = json.loads(response.content)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise TargetError(
                f"{where}: does not answer as a SCIM server does ({response.content_type}); "
                "correct target.scim.url"
            )
        return lower(found)


class _PagesDoNotFit(Exception):
    """Pages that do not make one list; the message says why."""


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


def lower(found: Any) -> dict[str, Any]:
    """An object with its names in lower case; an empty one where there is none."""
    return {name.lower(): value for name, value in found.items()} if isinstance(found, dict) else {}


def _number(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        return 0


def _said(response: Response) -> str:
    """What a server says of an error (RFC 7644 §3.12), on one line and quoted."""
    try:
        error = lower(json.loads(response.content))
    except ValueError:
        error = {}
    parts = [str(error[name]) for name in ("scimtype", "detail") if error.get(name)]
    said = quoted(": ".join(parts)) if parts else response.content_type
    return f"{said} (HTTP {response.status})"
