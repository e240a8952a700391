"""Mail over SMTP (RFC 5321), with TLS and a log-in, step by step so that it is known what the server has."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path

from icaccess.errors import NoticeError, file_errors
from icaccess.notices.interface import Channel, Message, RefusedError, UnconfirmedError
from icaccess.notices.settings import MailSettings, is_address, sender_address

_PORTS = {"starttls": 587, "tls": 465, "none": 25}
_FOR_GOOD = 500
_LOG_IN_WANTED = 530
_LOST = (smtplib.SMTPServerDisconnected, OSError)


class MailChannel(Channel):
    """One connection to the mail server, opened when it is first needed and again after it was lost."""

    name = "mail"
    needs_address = True

    def __init__(self, settings: MailSettings, ca: Path | None) -> None:
        self._settings = settings
        self._ca = ca
        self._port = settings.port or _PORTS[settings.security]
        self._server = f"the mail server {settings.host}:{self._port}"
        self._from = sender_address(settings.sender)
        self._connection: smtplib.SMTP | None = None

    def check(self) -> str:
        """Connect, log in where that is set, and offer the sender; send nothing."""
        connection = self._connected()
        self._offer_sender(connection)
        connection.rset()
        return f"{self._server} takes mail from {self._from}"

    def send(self, message: Message, handed_over: Callable[[], None]) -> None:
        """Send one message; a connection that was lost before its end is made anew, once."""
        address = message.first.address
        if not is_address(address):
            raise RefusedError(f"{address!r} is no e-mail address", for_good=True)
        content = self._written(message)
        for is_again in (False, True):
            try:
                self._offer(self._connected(), address, content)
                break
            except _LOST as error:
                self.close()
                if is_again:
                    raise NoticeError(f"{self._server} ended the connection: {error}") from error
        handed_over()
        self._finish()

    def close(self) -> None:
        """Say goodbye to the server, if it is still there."""
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.quit()
            except (smtplib.SMTPException, OSError):
                connection.close()

    def _offer(self, connection: smtplib.SMTP, address: str, content: bytes) -> None:
        """Everything but the last line, without which the server has no message."""
        self._offer_sender(connection)
        code, text = connection.rcpt(address)
        if code not in (250, 251):
            connection.rset()
            raise _refused(f"{self._server} refused {address}", code, text)
        code, text = connection.docmd("DATA")
        if code != 354:
            connection.rset()
            raise _refused(self._server, code, text)
        connection.send(content)

    def _offer_sender(self, connection: smtplib.SMTP) -> None:
        connection.ehlo_or_helo_if_needed()
        code, text = connection.mail(self._from)
        if code != 250:
            self.close()
            said = _said(code, text)
            if code == _LOG_IN_WANTED and self._settings.username is None:
                raise NoticeError(
                    f"{self._server} wants a log-in ({said}); set notices.mail.username and password"
                )
            raise NoticeError(f"{self._server} takes no mail from {self._from}: {said}")

    def _finish(self) -> None:
        """Send the last line and hear what the server says to it."""
        connection = self._connection
        assert connection is not None  # noqa: S101 (the message was just given to it)
        try:
            connection.send(b".\r\n")
            code, text = connection.getreply()
        except _LOST as error:
            self.close()
            raise UnconfirmedError(
                f"{self._server} ended the connection before it said whether it took the message; it is not "
                "sent again"
            ) from error
        if code != 250:
            raise _refused(self._server, code, text)

    def _connected(self) -> smtplib.SMTP:
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    def _connect(self) -> smtplib.SMTP:
        settings = self._settings
        connection: smtplib.SMTP | None = None
        try:
            context = self._context()
            if settings.security == "tls":
                connection = smtplib.SMTP_SSL(
                    settings.host, self._port, timeout=settings.timeout, context=context
                )
            else:
                connection = smtplib.SMTP(settings.host, self._port, timeout=settings.timeout)
            if settings.security == "starttls":
                connection.starttls(context=context)
            if settings.username is not None and settings.password is not None:
                connection.login(settings.username, settings.password.reveal())
        except (smtplib.SMTPException, OSError, ValueError) as error:
            if connection is not None:
                connection.close()
            raise NoticeError(f"{self._server}: {self._problem(error)}") from error
        return connection

    def _context(self) -> ssl.SSLContext:
        what, advice = f"notices.mail.ca: {self._ca} cannot be used", "name a file of certificates in PEM"
        with file_errors(NoticeError, what, advice):
            return ssl.create_default_context(cafile=self._ca)

    def _problem(self, error: Exception) -> str:
        if isinstance(error, smtplib.SMTPAuthenticationError):
            said = _said(error.smtp_code, error.smtp_error)
            return f"refuses the log-in of {self._settings.username} ({said}); correct it or the password"
        if isinstance(error, smtplib.SMTPNotSupportedError):
            what = "log-in" if "AUTH" in str(error) else "STARTTLS"
            return f"offers no {what}; correct notices.mail ({error})"
        if isinstance(error, ssl.SSLCertVerificationError):
            return f"its certificate cannot be trusted ({error.verify_message}); set notices.mail.ca"
        if isinstance(error, ssl.SSLError):
            return f"does not speak TLS here ({error.reason}); correct notices.mail.security or port"
        if isinstance(error, smtplib.SMTPResponseException):
            return _said(error.smtp_code, error.smtp_error)
        why = isinstance(error, OSError) and error.strerror
        return f"cannot be reached: {why or error}; check notices.mail.host and port"

    def _written(self, message: Message) -> bytes:
        mail = EmailMessage(policy=SMTP)
        mail["From"] = self._settings.sender
        mail["To"] = message.first.address
        mail["Subject"] = message.subject
        mail["Date"] = format_datetime(datetime.now(UTC))
        mail["Message-ID"] = f"<{message.id}@{self._from.rpartition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: nothing that answers by itself shall
        mail.set_content(message.text, cte="quoted-printable")
        mail.add_alternative(message.html, subtype="html", cte="quoted-printable")
        # A line that begins with a period gets another one (RFC 5321, 4.5.2).
        return mail.as_bytes().replace(b"\r\n.", b"\r\n..")


def _refused(where: str, code: int, text: bytes) -> RefusedError:
    return RefusedError(f"{where}: {_said(code, text)}", for_good=code >= _FOR_GOOD)


def _said(code: int, text: bytes | str) -> str:
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return f"{code} {' '.join(words.split())}"
