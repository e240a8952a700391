"""A real mail server and a real webhook receiver on loopback, which fail as they are told."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.serving import in_thread
from tests.stores import free_port


class Mailbox:
    """What a mail server took, and how it is to fail."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, EmailMessage]] = []
        self.refused: dict[str, str] = {}
        """What it answers to a recipient instead of taking mail for it."""
        self.answers: list[str] = []
        """What it answers to the next messages instead of taking them."""
        self.dies: list[str] = []
        """At the next messages the connection ends: `before` it took the message, or `after`, unsaid."""
        self.handed_over = threading.Event()

    def to(self, address: str) -> list[EmailMessage]:
        """The messages for one address."""
        return [mail for rcpt, mail in self.mails if rcpt == address]

    async def handle_RCPT(self, _: SMTP, __: Session, envelope: Envelope, address: str, *___: object) -> str:  # noqa: N802 (aiosmtpd's name)
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _: Session, envelope: Envelope) -> str:  # noqa: N802 (as above)
        dies = self.dies.pop(0) if self.dies else ""
        if dies == "before":
            server.transport.abort()
            return "250 nobody hears this"
        if self.answers:
            return self.answers.pop(0)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append((envelope.rcpt_tos[0], mail))
        self.handed_over.set()
        if dies == "after":
            server.transport.abort()
        return "250 OK"


@contextmanager
def mail_server(
    mailbox: Mailbox,
    *,
    port: int | None = None,
    login: tuple[str, str] | None = None,
    tls: ssl.SSLContext | None = None,
    starttls: ssl.SSLContext | None = None,
) -> Iterator[int]:
    """The port of a mail server; with `login` it takes mail only from somebody who logs in so."""

    def authenticated(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        given = (data.login.decode(), data.password.decode()) if isinstance(data, LoginPassword) else None
        return AuthResult(success=given == login, handled=False)

    controller = Controller(
        mailbox,
        hostname="127.0.0.1",
        port=port or free_port(),
        ready_timeout=60,
        ssl_context=tls,
        tls_context=starttls,
        require_starttls=starttls is not None,
        authenticator=authenticated if login else None,
        auth_required=login is not None,
        auth_require_tls=login is None or starttls is not None,
    )
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


class Receiver:
    """What a webhook's receiver was sent, and how it is to answer."""

    def __init__(self) -> None:
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.taken: list[bytes] = []
        """The bodies that it answered with 2xx."""
        self.statuses: list[int] = []
        """The answers to the next requests; 0 ends the connection without one."""
        self.url = ""


@contextmanager
def webhook(receiver: Receiver) -> Iterator[str]:
    """The URL of a receiver."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.requests.append(({name.lower(): value for name, value in self.headers.items()}, body))
            status = receiver.statuses.pop(0) if receiver.statuses else 204
            if 200 <= status < 300:
                receiver.taken.append(body)
            if not status:
                self.close_connection = True
                return
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", "http://127.0.0.1:9/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with in_thread(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as server:
        yield f"http://127.0.0.1:{server.server_address[1]}/hook"
