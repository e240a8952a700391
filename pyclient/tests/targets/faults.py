"""A loopback proxy that breaks connections to an HTTP server in every way that networks and servers do."""

from __future__ import annotations

import http.client
import json
import socket
import struct
import threading
import time
from collections import deque
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SCIM = {"Content-Type": "application/scim+json"}
_PATIENCE = 60


class FaultProxy(ThreadingHTTPServer):
    """Passes requests on to `upstream` (host, port); `faults` says what happens to the next PATCHes instead.

    `429`, `500`, `503`: answered so, with Retry-After where it belongs, and not passed on. `lost before` and
    `lost after`: no answer in time, before or after the change took effect. `reset before`, `reset after`:
    the connection is reset. `drip`: the answer comes a byte at a time. `html`: it is a page. `truncated`: it
    is cut. `empty 200`: a success with nothing in it, and the change not made. `ok`: passed on. What is not
    answered in time waits until the client hangs up.
    """

    daemon_threads = True

    def __init__(self, upstream: tuple[str, int], *, method: str = "PATCH") -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = upstream
        self.method = method
        self.faults: deque[str] = deque()
        self.always: str | None = None
        self.retry_after = "0"
        self.seen: list[str] = []
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def next_fault(self, method: str) -> str:
        with self.lock:
            if method != self.method:
                return "ok"
            fault = self.always or (self.faults.popleft() if self.faults else "ok")
            self.seen.append(fault)
            return fault

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up on a fault is what the fault was for."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FaultProxy

    def _do(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault = self.server.next_fault(self.command)
        if fault in ("429", "500", "503"):
            error = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": fault}
            retry = {"Retry-After": self.server.retry_after} if fault != "500" else {}
            return self._answer(int(fault), {**SCIM, **retry}, json.dumps(error).encode())
        if fault == "empty 200":
            return self._answer(200, SCIM, b"")
        before = fault.endswith("before")
        answer = None if before else self._upstream(body)
        if fault.startswith("lost"):
            self.connection.settimeout(_PATIENCE)
            with suppress(OSError):
                self.connection.recv(1)
        if fault.startswith(("lost", "reset")):
            return self._reset()
        if fault == "html":
            return self._answer(200, {"Content-Type": "text/html"}, b"<html>Please sign in</html>")
        if fault in ("truncated", "drip"):
            return self._part(slowly=fault == "drip")
        return self._answer(*answer)

    def _part(self, *, slowly: bool) -> None:
        self._head(200, {**SCIM, "Content-Length": "100000"})
        self.wfile.write(b'{"schemas": [')
        with suppress(OSError):
            for _ in range(_PATIENCE * 20 if slowly else 0):
                self.wfile.write(b" ")
                self.wfile.flush()
                time.sleep(0.05)
        self._reset()

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _do  # noqa: N815 (the names that http.server looks for)

    def _upstream(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(*self.server.upstream, timeout=30)
        headers = {
            name: value
            for name, value in self.headers.items()
            if name.lower() in ("authorization", "accept", "content-type")
        }
        connection.request(self.command, self.path, body, headers)
        response = connection.getresponse()
        content = response.read()
        kept = {"Content-Type": response.headers.get("Content-Type", "application/scim+json")}
        connection.close()
        return response.status, kept, content

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
        length = {} if status == 204 else {"Content-Length": str(len(content))}
        self._head(status, {**headers, **length})
        if status != 204:
            self.wfile.write(content)

    def _reset(self) -> None:
        self.close_connection = True
        linger = struct.pack("ii", 1, 0)  # a close that sends RST
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (http.server's name)
        """Say nothing."""
