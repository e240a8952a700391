"""`/healthz`, `/readyz` and `/metrics` on their own port, which shows nothing about any person."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import msgspec
from prometheus_client import make_wsgi_app

from icaccess.errors import UsageError, file_errors
from icaccess.service.settings import parse_address
from icaccess.service.state import State

StartResponse = Callable[[str, list[tuple[str, str]]], Any]
_JSON = ("Content-Type", "application/json")


class _Handler(WSGIRequestHandler):
    timeout = 10  # a client that sends nothing holds its thread only this long

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the name in the standard library)
        """A probe every few seconds is not worth a line."""


class _Server(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Server6(_Server):
    address_family = socket.AF_INET6


@contextmanager
def pages(state: State, listen: str) -> Iterator[str]:
    """Serve the pages at `listen`, and give the address; `UsageError` when the port is not available."""
    host, port = parse_address(listen)
    with file_errors(UsageError, f"listen {listen}", "give another HOST:PORT with --listen"):
        server = make_server(
            host, port, application(state), _Server6 if ":" in host else _Server, handler_class=_Handler
        )
    with server:
        threading.Thread(target=server.serve_forever, name="pages", daemon=True).start()
        try:
            yield f"{host}:{server.server_port}"
        finally:
            server.shutdown()


def application(state: State) -> Callable[[dict[str, Any], StartResponse], Iterable[bytes]]:
    """The pages as a WSGI application.

    `/healthz` is 200 while the service works, even if runs fail: a restart would not help. `/readyz` is 503
    from a failed run until one that succeeds. Both say in JSON how the last run ended.
    """
    metrics = make_wsgi_app(state.registry)

    def answer(environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            start("405 Method Not Allowed", [_JSON, ("Allow", "GET, HEAD")])
            return [b'{"error":"only GET"}']
        if path == "/metrics":
            return metrics(environ, start)  # type: ignore[no-any-return]  # the library leaves it untyped
        if path not in ("/healthz", "/readyz"):
            start("404 Not Found", [_JSON])
            return [b'{"error":"there are /healthz, /readyz and /metrics"}']
        start("200 OK" if path == "/healthz" or state.ready else "503 Service Unavailable", [_JSON])
        return [msgspec.json.encode(state.health)]

    return answer
