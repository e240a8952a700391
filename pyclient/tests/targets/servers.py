"""Real servers on loopback for the targets: scim2-server and slapd."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

TOKEN = "sample-token"


class ScimServer:
    """A scim2-server of our own, and the few things that a test does to it behind icaccess's back."""

    def __init__(self, url: str) -> None:
        self.url = url

    @property
    def address(self) -> tuple[str, int]:
        host, _, port = self.url.removeprefix("http://").partition("/")[0].partition(":")
        return host, int(port)

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        request = urllib.request.Request(  # noqa: S310 (our own server)
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/scim+json"},
        )
        with urllib.request.urlopen(request) as response:  # noqa: S310
            content = response.read()
        return json.loads(content) if content else None

    def user(self, name: str, **more: Any) -> str:
        """Make a user; gives the server's id."""
        body = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name, **more}
        if any(key.startswith("urn:") for key in more):
            body["schemas"] += [key for key in more if key.startswith("urn:")]
        return self.call("POST", "/Users", body)["id"]

    def group(self, name: str, members: list[str] = ()) -> str:
        """Make a group; gives the server's id."""
        body = {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "displayName": name,
            "members": [{"value": member} for member in members],
        }
        return self.call("POST", "/Groups", body)["id"]

    def members(self, group: str) -> set[str]:
        return {member["value"] for member in self.call("GET", f"/Groups/{group}").get("members", [])}


@contextmanager
def running_scim() -> Iterator[ScimServer]:
    """scim2-server as a process, empty."""
    from tests.stores import free_port

    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "scim2_server.testserver.cli", "--port", str(port), "--bearer-token", TOKEN],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        line = process.stdout.readline()
        assert line.startswith("Serving SCIM on "), line
        yield ScimServer(line.removeprefix("Serving SCIM on ").strip())
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
