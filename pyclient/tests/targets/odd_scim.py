"""A small SCIM server on loopback that departs from RFC 7644 in one way at a time."""

from __future__ import annotations

import json
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

API = "urn:ietf:params:scim:api:messages:2.0:"
CORE = "urn:ietf:params:scim:schemas:core:2.0:"

_CHANGED: dict[str, dict[str, Any]] = {
    "total is null": {"totalResults": None},
    "total is many": {"totalResults": "many"},
    "total is infinite": {"totalResults": float("inf")},
    "startIndex is null": {"startIndex": None},
    "without ids": {"Resources": [{"userName": "x"}]},
}
"""What each page has instead."""


class OddServer(ThreadingHTTPServer):
    """Holds users `u0` …, whose externalId is their number, and groups with members, by their ids."""

    daemon_threads = True

    def __init__(self, users: int = 120) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.way = ""
        self.maximum = 50
        """How many resources a page has at most."""
        self.users: list[dict[str, Any]] = [
            {"schemas": [CORE + "User"], "id": f"u{n}", "userName": f"user{n}", "externalId": f"{n}"}
            for n in range(users)
        ]
        self.groups: dict[str, dict[str, Any]] = {}
        self.mark: dict[str, str] = {}
        """What the member u85 shows besides its value, where it is a group."""
        self.asked: list[str] = []
        """What was changed, and which pages were asked for."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def group(self, name: str, members: list[str]) -> None:
        one = f"g{len(self.groups)}"
        self.groups[one] = {"schemas": [CORE + "Group"], "id": one, "displayName": name, "members": members}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: OddServer

    def do_GET(self) -> None:
        way, url = self.server.way, urlsplit(self.path)
        query = dict(parse_qsl(url.query, keep_blank_values=True))
        kind, *one = url.path.strip("/").split("/")
        self.server.asked.append(f"{kind} {query.get('startIndex', query.get('cursor', ''))}".strip())
        if kind == "ServiceProviderConfig":
            pages = {"cursor": way.startswith("cursors"), "index": not way.startswith("cursors")}
            return self.answer(200, {"schemas": [CORE + kind], "pagination": pages})
        if way == "web page":
            return self.answer(200, b"<html>Please sign in</html>", "text/html")
        if way == "401 in the middle" and query.get("startIndex", "1") != "1":
            return self.answer(401, {"schemas": [API + "Error"], "status": "401", "detail": "token expired"})
        if way == "another resource":
            return self.answer(200, self.server.users[0])
        if way in ("a list of JSON", "JSON without end"):
            return self.answer(200, b"[{}]" if way == "a list of JSON" else b'{"a":' * 100_000)
        if way == "no filters" and "filter" in query:
            return self.answer(
                400, {"schemas": [API + "Error"], "status": "400", "scimType": "invalidFilter"}
            )
        if way.endswith("past the end") and way[:3].isdigit() and int(query.get("startIndex", 1)) > 120:
            return self.answer(int(way[:3]), b"")
        if one:
            group = self.server.groups[one[0]]
            return self.answer(200, self.shown(group), etag=_version(group) if way.endswith("428") else "")
        things = self.server.users if kind == "Users" else list(map(self.shown, self.server.groups.values()))
        if kind == "Groups" and way not in ("filter ignored", "no filters"):
            name = json.loads(query["filter"].removeprefix("displayName eq "))
            things = [group for group in things if group["displayName"] == name]
        return self.answer(200, self.page(kind, things, query))

    def page(self, kind: str, things: list[Any], query: dict[str, str]) -> dict[str, Any]:
        way = self.server.way
        start = self.start(kind, query, len(things))
        echo = start if way != "another startIndex" else start + 1
        if way == "pages overlap" and start > 1:
            start -= 1
        some = things[start - 1 :][: min(self.server.maximum, int(query["count"]))]
        if way == "a page is empty" and start > 1:
            some = []
        if way in ("begins again past the end", "first page again, with the echo"):
            echo = int(query["startIndex"])
        total = len(some) if way in ("total of the page", "first page again, of its total") else len(things)
        found = {
            "schemas": [API + "ListResponse"],
            "totalResults": f"{total}" if way == "total is text" else total,
            "startIndex": echo,
            "itemsPerPage": len(some),
            "Resources": some,
        }
        if way.startswith("cursors"):
            del found["startIndex"], found["totalResults"], found["itemsPerPage"]
            if start + self.server.maximum <= len(things):
                found["nextCursor"] = f"c{start + self.server.maximum}"
        if way == "cursors without end":
            found |= {"nextCursor": "c120", "Resources": some if start == 1 else []}
        if way == "no total":
            del found["totalResults"]
        return found | _CHANGED.get(way, {})

    def start(self, kind: str, query: dict[str, str], total: int) -> int:
        way = self.server.way
        if way.startswith("cursors"):
            return int(query["cursor"][1:] or 1)
        start = int(query["startIndex"])
        if (way.startswith("first page again") and kind == "Users") or (
            way == "begins again past the end" and start > total
        ):
            return 1
        return start

    def shown(self, group: dict[str, Any]) -> dict[str, Any]:
        shown = {**group, "members": [{"value": member} for member in group["members"]]}
        match self.server.way:
            case "members not shown":
                del shown["members"]
            case "shown late" if "Groups/" in self.path:
                before = group["late"].pop() if group.get("late") else group["members"]
                shown = {**group, "members": [{"value": member} for member in before]}
            case "few members shown":
                shown["members"] = shown["members"][:2]
            case "another group's answer" if "Groups/" in self.path:
                shown |= {"id": "g9", "displayName": "Superintendents Cabinet"}
            case "a member is a group":
                shown["members"] = [
                    m | (self.server.mark if m["value"] == "u85" else {}) for m in shown["members"]
                ]
            case "wants a version: 412":
                shown["meta"] = {"version": _version(group)}
            case "members by reference":
                shown["members"] = [{"$ref": f"{self.server.url}/Users/{one}"} for one in group["members"]]
            case "no group's name" if "Groups/" in self.path:
                del shown["displayName"]
        return shown

    def do_PATCH(self) -> None:
        group = self.server.groups[self.path.rsplit("/", 1)[1]]
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        way, error = self.server.way, {"schemas": [API + "Error"], "detail": "read only"}
        if way.endswith(" on PATCH") or (way.startswith("wants") and not self.is_current(group)):
            self.server.asked.append("refused")
            self.server.way = way if "once" not in way else ""
            return self.answer(int(way.removeprefix("wants a version: ")[:3]), error)
        if way == f"refuses {group['displayName']}":
            return self.answer(400, {"Errors": [{"code": "400", "description": "not today"}]})
        if self.server.way == "shown late":
            is_removal = body["Operations"][0]["op"] == "remove"  # which is looked at once more
            group["late"] = [list(group["members"])] * (2 if is_removal else 1)
        for change in body["Operations"]:
            if change["op"] == "add":
                who = [one["value"] for one in change["value"]]
                group["members"] += [one for one in who if one not in group["members"]]
            elif self.server.way == "remove empties":
                who, group["members"] = list(group["members"]), []
            else:
                who = re.findall(r'value eq "(.*?)"', change["path"]) or [
                    one["value"] for one in change["value"]
                ]
                group["members"] = [one for one in group["members"] if one not in who]
            self.server.asked.append(f"{change['op']} {' '.join(who)} in {group['displayName']}")
        if self.server.way == "no answer after a change":
            self.server.way = "web page"
        return self.answer(202 if self.server.way == "answers 202" else 204)

    def is_current(self, group: dict[str, Any]) -> bool:
        return self.headers["If-Match"] == _version(group)

    def answer(self, code: int, body: Any = b"", kind: str = "application/scim+json", etag: str = "") -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(code)
        if etag:
            self.send_header("ETag", etag)
        self.send_header("Content-Type", kind)
        if code != 204:
            self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (http.server's name)
        """Say nothing."""


def _version(group: dict[str, Any]) -> str:
    return f'W/"{" ".join(group["members"])}"'
