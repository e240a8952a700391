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
from icaccess.errors import HttpError, HttpTimeoutError, TargetError
from icaccess.http import RETRY, HttpClient, Response, lower_names
from icaccess.targets.members import ChangeFailedError, ChangeUnclearError
from icaccess.text import quoted

PAGE = 200
SECONDS = 60.0
TRIES = 3
"""How often people are listed when the list changes meanwhile."""
_PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
_BUSY = (429, 500, 502, 503, 504)
_WANTS_VERSION = (409, 412, 428)
"""Somebody else changes the resource, or `If-Match` has to name the version to change (RFC 7644 §3.14)."""
_NO_PATCH = (405, 501)
_NO_FILTER = (400, 501)
_NO_SUCH_PAGE = (204, 400, 404)
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
        that the token or the server cannot change the group.
        """
        path = f"{self.url}/Groups/{quote(one, safe='')}"
        body = json.dumps({"schemas": [_PATCH_OP], "Operations": [operation]}).encode()
        headers = {"Content-Type": "application/scim+json"}
        try:
            for _ in range(TRIES):
                response = self._http.request("PATCH", path, body=body, headers=headers)
                if response.status not in _WANTS_VERSION:
                    break
                headers |= self._if_match(path)
        except HttpError as error:
            raise ChangeUnclearError(f"no whole answer came: {error}") from error
        status, said = response.status, _said(response)
        if status in (401, 403):
            raise TargetError(
                f"{self.url}: does not let this token change {group}: {said}; ask for the right"
            )
        if status in _NO_PATCH:
            raise TargetError(
                f"{self.url}: cannot add or remove one member of {group}: {said}; icaccess needs a server "
                "with PATCH (RFC 7644 §3.5.2)"
            )
        if status in _BUSY:
            raise ChangeUnclearError(f"the server answered HTTP {status} again and again")
        if status // 100 != 2 and not (operation["op"] == "remove" and "noTarget" in said):
            raise ChangeFailedError(f"the server refused: {said}")
        if status == 200 and response.content.strip() and not response.content.lstrip().startswith(b"{"):
            raise ChangeUnclearError(f"the answer was not SCIM: {said}")

    def _if_match(self, path: str) -> dict[str, str]:
        """The header that names the version of a resource as it is now, if the server keeps versions."""
        response = self._http.request("GET", path)
        version = response.headers.get("ETag") or lower_names(_object(response).get("meta")).get("version")
        return {"If-Match": version} if isinstance(version, str) else {}

    def listed(self, kind: str, **asked: str) -> dict[str, dict[str, Any]]:
        """Each resource by its id, page by page until an empty one (RFC 7644 §3.4.2.4).

        `TargetError` when some may be left out: a page that was there before, an id twice, fewer than
        `totalResults`, another `startIndex` than asked for. A list that changes meanwhile is read again, and
        one whose filter the server refuses is read without.
        """
        left = TRIES
        while True:
            try:
                return self._pages(kind, asked)
            except _PagesDoNotFit as error:
                left -= 1
                if not left:
                    raise TargetError(
                        f"{self.url}/{kind}: {error}; a part is never believed, so try again"
                    ) from error
            except _RefusedError as error:
                if error.status not in _NO_FILTER or asked.pop("filter", None) is None:
                    raise

    def _pages(self, kind: str, asked: dict[str, str]) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        read = self._by_cursor if self._has_cursors() else self._by_index
        total = read(kind, asked, found)
        if len(found) < total:
            raise _PagesDoNotFit(f"listed {len(found):,} of {total:,}")
        return found

    def _by_cursor(self, kind: str, asked: dict[str, str], found: dict[str, dict[str, Any]]) -> int:
        """Read the pages until one that names no other, and give the largest `totalResults`, if any."""
        total = 0
        cursors = [""]
        while len(cursors) == 1 or cursors[-1]:
            page = self._page(kind, {**asked, "cursor": cursors[-1]})
            total = max(total, _number(page.get("totalresults")) or 0)
            self._take(kind, page["resources"] or [], found)
            cursor = str(page.get("nextcursor") or "")
            if cursor and cursor in cursors:
                raise _PagesDoNotFit(f"gave the cursor {quoted(cursor)} twice")
            cursors.append(cursor)
        return total

    def _by_index(self, kind: str, asked: dict[str, str], found: dict[str, dict[str, Any]]) -> int:
        """Read the pages until an empty one, and give the largest `totalResults`.

        Past the end some servers refuse to answer, and some begin anew.
        """
        total = 0
        while True:
            start = len(found) + 1
            is_past = 0 < total < start
            try:
                page = self._page(kind, {**asked, "startIndex": str(start)})
            except _RefusedError as error:
                if not is_past or error.status not in _NO_SUCH_PAGE:
                    raise
                page = {}
            resources = page.get("resources") or []
            again = {str(lower_names(one).get("id")) for one in resources}
            if is_past and (again or not page) and found.keys() >= again:
                self._check_last(kind, asked, found)
                return total
            total = max(total, _number(page["totalresults"]) or 0)
            self._take(kind, resources, found)
            given = page.get("startindex")
            if resources and given is not None and _number(given) != start:
                raise _PagesDoNotFit(f"asked for startIndex {start}, it gave {quoted(str(given))}")
            if not resources or ("filter" in asked and len(found) >= total):
                return total

    def _page(self, kind: str, asked: dict[str, str]) -> dict[str, Any]:
        page = self.get(kind, {**asked, "count": str(PAGE)})
        ends = "resources" in page if "cursor" in asked else _number(page.get("totalresults")) is not None
        if not ends or not isinstance(page.get("resources") or [], list):
            raise TargetError(f"{self.url}/{kind}: does not answer with a SCIM list; correct the URL")
        return page

    def _check_last(self, kind: str, asked: dict[str, str], found: dict[str, dict[str, Any]]) -> None:
        """Look at the last place again: some servers begin anew past the end, and some on every page."""
        page = self.get(kind, {**asked, "startIndex": str(len(found)), "count": "1"})
        last = [str(lower_names(one).get("id")) for one in page.get("resources") or []]
        if last != [*found][-1:]:
            gave = quoted(", ".join(last)) if last else "nothing"
            raise _PagesDoNotFit(f"gave {gave} at startIndex {len(found):,}, where {[*found][-1]!r} was")

    def _has_cursors(self) -> bool:
        """Whether the server offers pages by cursors (RFC 9865 §4), which do not shift with changes."""
        if self._cursors is None:
            try:
                pages = self.get("ServiceProviderConfig", {}).get("pagination")
            except TargetError as error:  # few servers need it, and some have none
                if isinstance(error.__cause__, HttpTimeoutError):
                    raise
                pages = None
            self._cursors = lower_names(pages).get("cursor") is True
        return self._cursors

    def _take(self, kind: str, resources: list[Any], found: dict[str, dict[str, Any]]) -> None:
        """Put the resources of a page into those found, none of which may be among them."""
        for one in map(lower_names, resources):
            name = one.get("id")
            if not isinstance(name, str) or not name:
                raise TargetError(
                    f"{self.url}/{kind}: gives a resource without an id that is text: "
                    f"{quoted(str(one), 100)}; ask the server's owner"
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
            raise _RefusedError(f"{where}: refuses to answer: {why}", response.status)
        found = _object(response)
        if not found:
            raise TargetError(
                f"{where}: does not answer as a SCIM server does ({response.content_type}); "
                "correct target.scim.url"
            )
        return found


class _PagesDoNotFit(Exception):
    """Pages that do not make one list; the message says why."""


class _RefusedError(TargetError):
    """The server refuses a question with an HTTP status."""

    def __init__(self, said: str, status: int) -> None:
        super().__init__(said)
        self.status = status


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


def _object(response: Response) -> dict[str, Any]:
    """The JSON object of an answer, its names in lower case; an empty one where there is none."""
    try:
        return lower_names(json.loads(response.content))
    except (ValueError, RecursionError):
        return {}


def _number(value: Any) -> int | None:
    """A count, which some servers write as text; None where it is none."""
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if number >= 0 else None


def _said(response: Response) -> str:
    """What a server says of an error (RFC 7644 §3.12, or a list of errors), on one line and quoted."""
    error = _object(response)
    errors = error.get("errors")
    if isinstance(errors, list) and errors:
        error = {**error, **lower_names(errors[0])}
    parts = [str(error[name]) for name in ("scimtype", "detail", "description") if error.get(name)]
    said = quoted(": ".join(parts)) if parts else response.content_type
    return f"{said} (HTTP {response.status})"
