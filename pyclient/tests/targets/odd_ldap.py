"""A small directory on loopback that answers as real ones do at their worst, one way at a time.

It speaks as much of LDAP (RFC 4511, in BER) as is needed: bind, search with pages, modify.
"""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

BIND, UNBIND, SEARCH, MODIFY = 0x60, 0x42, 0x63, 0x66
PAGED = b"1.2.840.113556.1.4.319"
Entry = dict[str, list[bytes]]


class OddDirectory(socketserver.ThreadingTCPServer):
    """Holds entries by DN; `codes` says how the next requests of each kind or base end instead of well."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.entries: dict[str, Entry] = {}
        self.codes: dict[str, list[int]] = {}
        self.references: list[bytes] = []
        """Where a search of people is referred to besides."""
        self.range: int | None = None
        """How many values of an attribute are given at a time, as Active Directory does."""
        self.renamed: dict[str, str] = {}
        """As which names entries are shown."""
        self.damaged: bytes | None = None
        """What is sent in the place of each answer but that to a bind."""
        self.repeats = False
        """Whether every page is the first."""
        self.no_pages: int | None = None
        """The code with which a search with pages ends."""
        self.slowly = ""
        """`never` and `after the bind` answers do not come, or `in bytes` they come one byte at a time."""
        self.connections = 0
        self.ended = threading.Event()
        self.asked: list[str] = []

    def server_close(self) -> None:
        self.ended.set()
        super().server_close()

    @property
    def url(self) -> str:
        return f"ldap://127.0.0.1:{self.server_address[1]}"

    def entry(self, dn: str, **attributes: list[str] | list[bytes]) -> str:
        values = {
            name: [v if isinstance(v, bytes) else v.encode() for v in some]
            for name, some in attributes.items()
        }
        self.entries[dn] = values
        return dn

    def code(self, key: str) -> int:
        codes = self.codes.get(key)
        return 0 if not codes else codes.pop(0) if len(codes) > 1 else codes[0]


class _Handler(socketserver.StreamRequestHandler):
    server: OddDirectory

    def handle(self) -> None:
        self.server.connections += 1
        while message := _read(self.rfile):
            number, (tag, body), *controls = _parts(message)
            if tag == UNBIND:
                return
            if tag == BIND:
                self.done(number, 0x61, self.server.code("bind"))
            elif tag == MODIFY:
                self.server.asked.append(f"modify {_parts(body)[0][1].decode()}")
                self.done(number, 0x67, self.server.code("modify"))
            elif tag == SEARCH:
                self.search(number, _parts(body), controls)

    def search(self, number: Any, request: list[tuple[int, bytes]], controls: list[Any]) -> None:
        base, scope = request[0][1].decode(), request[1][1][0]
        wanted = [name.decode() for _, name in _parts(request[7][1])]
        self.server.asked.append(base)
        size, cookie = _page(controls)
        if controls and self.server.no_pages is not None:
            self.done(number, 0x65, self.server.no_pages)
            return
        found = [dn for dn in self.server.entries if dn == base or (scope and dn.endswith("," + base))]
        start = int(cookie or 0)
        for dn in found[0 if self.server.repeats else start :][:size]:
            attributes = self.attributes(self.server.entries[dn], wanted)
            shown = self.server.renamed.get(dn, dn)
            self.send(number, _tlv(0x64, _text(shown), _tlv(0x30, *attributes)))
        if scope:
            for uri in self.server.references:
                self.send(number, _tlv(0x73, _text(uri)))
        more = start + size < len(found) or (self.server.repeats and scope)
        cookie = str(start + size).encode() if more else b""
        self.done(number, 0x65, self.server.code(base), cookie)

    def attributes(self, entry: Entry, wanted: list[str]) -> Iterator[bytes]:
        for asked in wanted:
            name, _, part = asked.partition(";range=")
            values = entry.get(name, [])
            first = int(part.partition("-")[0] or 0)
            if name == "member" and self.server.range is not None and len(values) > self.server.range:
                some = values[first : first + self.server.range]
                last = "*" if first + self.server.range >= len(values) else str(first + len(some) - 1)
                yield self.attribute(name, [])
                yield self.attribute(f"{name};range={first}-{last}", some)
            elif values and not part:
                yield self.attribute(name, values)

    def attribute(self, name: str, values: list[bytes]) -> bytes:
        return _tlv(0x30, _text(name), _tlv(0x31, *map(_text, values)))

    def done(self, number: Any, tag: int, code: int, cookie: bytes | None = None) -> None:
        referral = [_tlv(0xA3, _text("ldap://other.example.org/"))] if code == 10 else []
        result = _tlv(tag, _tlv(0x0A, bytes([code])), _text(""), _text(""), *referral)
        paged = _tlv(0x30, _tlv(2, b"\0"), _text(cookie)) if cookie is not None else None
        self.send(number, result, paged and _tlv(0xA0, _tlv(0x30, _text(PAGED), _text(paged))))

    def send(self, number: Any, *parts: bytes | None) -> None:
        answer = _tlv(0x30, _tlv(*number), *(part for part in parts if part))
        is_bind = bool(parts[0]) and parts[0][0] == 0x61
        if self.server.slowly == "never" or (self.server.slowly == "after the bind" and not is_bind):
            return
        if self.server.slowly == "in bytes" and not is_bind:
            with suppress(OSError):
                for at in range(len(answer)):
                    self.wfile.write(answer[at : at + 1])
                    self.server.ended.wait(0.5)
            return
        self.wfile.write(answer if is_bind or self.server.damaged is None else self.server.damaged)


def _tlv(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    size = len(body).to_bytes(4, "big")
    return bytes([tag, 0x84]) + size + body


def _text(value: str | bytes) -> bytes:
    return _tlv(4, value if isinstance(value, bytes) else value.encode())


def _read(file: Any) -> bytes | None:
    """The content of one message."""
    head = file.read(2)
    if len(head) < 2:
        return None
    size = head[1]
    if size & 0x80:
        size = int.from_bytes(file.read(size & 0x7F), "big")
    return file.read(size)


def _parts(body: bytes) -> list[tuple[int, bytes]]:
    """The tag and content of each element."""
    found, at = [], 0
    while at < len(body):
        tag, size, at = body[at], body[at + 1], at + 2
        if size & 0x80:
            octets = size & 0x7F
            size, at = int.from_bytes(body[at : at + octets], "big"), at + octets
        found.append((tag, body[at : at + size]))
        at += size
    return found


def _page(controls: list[tuple[int, bytes]]) -> tuple[int, bytes]:
    """How many entries a page is to have, and where it starts."""
    for _, all_of_them in controls:
        for _, control in _parts(all_of_them):
            parts = _parts(control)
            if parts[0][1] == PAGED:
                size, cookie = _parts(_parts(parts[-1][1])[0][1])
                return int.from_bytes(size[1], "big"), cookie[1]
    return 1000, b""
