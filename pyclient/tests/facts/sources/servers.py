"""Servers on loopback whose answers a test writes down."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from tests.serving import in_thread


class Asked(NamedTuple):
    """One request: its path, query, headers in lower case, and the body of a POST."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: dict[str, str]


class Reply(NamedTuple):
    """What the server says to it; a body that is no text is sent as JSON."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = {}  # noqa: RUF012 (never changed)


class Running(NamedTuple):
    """A server that runs: its URL and everything that it was asked."""

    url: str
    asked: list[Asked]


@contextmanager
def serving(answer: Callable[[Asked], Reply]) -> Iterator[Running]:
    """A server that replies as `answer` says, until the block ends."""
    asked: list[Asked] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._reply({})

        def do_POST(self) -> None:
            self._reply(dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode())))

        def _reply(self, body: dict[str, str]) -> None:
            parts = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked.append(Asked(parts.path, dict(parse_qsl(parts.query)), headers, body))
            reply = answer(asked[-1])
            data = reply.body.encode() if isinstance(reply.body, str) else json.dumps(reply.body).encode()
            data = b"" if reply.body is None else data
            self.send_response(reply.status)
            for name, value in {"Content-Type": "application/json", **reply.headers}.items():
                self.send_header(name, value)
            if reply.status != 204:
                self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name is the library's)
            """Keep quiet."""

    with in_thread(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as server:
        yield Running(f"http://127.0.0.1:{server.server_address[1]}", asked)
