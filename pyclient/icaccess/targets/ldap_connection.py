"""Connections of ldap3 to a directory, over which every answer is complete by a deadline or an error."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

from icaccess.targets.ldap_errors import decoding

CONNECT_SECONDS = 10
URL = re.compile(r"(ldaps?)://([^/:]+|\[[^\]]+\])(?::(\d+))?/?")


class TimedSocket:
    """A socket to read from until `seconds` after `start`; ldap3 limits the time for each part alone."""

    def __init__(self, connection: Any, seconds: float) -> None:
        self._connection = connection
        self._seconds = seconds
        self.start()

    def start(self) -> None:
        """Count the time from now."""
        self._deadline = time.monotonic() + self._seconds

    def recv(self, size: int) -> bytes:
        """What has come; `TimeoutError` past the deadline."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._connection.settimeout(left)
        data: bytes = self._connection.recv(size)
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def open_connection(
    url: str, user: str, password: str, *, seconds: int, start_tls: bool = False, ca: Path | None = None
) -> Any:
    """A connection whose socket is a `TimedSocket`; where the directory refuses the bind, it is not bound."""
    import ssl

    from ldap3 import NONE, Connection, Server, Tls

    scheme, host, port = URL.fullmatch(url).groups()  # type: ignore[union-attr]  # was checked
    secure = scheme == "ldaps"
    server = Server(
        host.strip("[]"),
        port=int(port) if port else (636 if secure else 389),
        use_ssl=secure,
        tls=Tls(validate=ssl.CERT_REQUIRED, ca_certs_file=str(ca) if ca else None),
        get_info=NONE,
        connect_timeout=CONNECT_SECONDS,
    )
    connection: Any = Connection(
        server,
        user=user,
        password=password,
        auto_bind="NONE",
        receive_timeout=seconds,
        auto_referrals=False,
        auto_range=False,  # ldap3 may stop in the middle of a range without a word; see `Directory.entry`
        return_empty_attributes=False,
        check_names=False,  # DNs go out as the directory wrote them
    )
    try:
        with decoding():
            connection.open()
            if start_tls:
                connection.start_tls()
            connection.socket = TimedSocket(connection.socket, seconds)
            connection.bind()
    finally:
        if not connection.bound and connection.socket is not None:  # ldap3 leaves it open
            connection.socket.close()
    return connection
