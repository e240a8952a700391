"""Witnesses: places outside the store, and out of its owner's reach, that keep signed heads of the record.

Each kind is the type of its settings in `audit.witnesses` and knows how to hand a head over.
"""

from __future__ import annotations

import base64
import logging
import os
import socket
from abc import abstractmethod
from logging.handlers import SysLogHandler
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta

from icaccess.config import Config, SecretUrl, Section
from icaccess.config.auth import Auth
from icaccess.config.secrets import is_http_url
from icaccess.errors import AuditError, HttpError, file_errors
from icaccess.files import file_to_read, make_folder
from icaccess.store.audit import canonical

if TYPE_CHECKING:
    from rfc3161_client import Verifier, VerifierBuilder

SECONDS = 10.0
"""How long a witness may take."""
_BEGIN = b'{"at":"'
"""How a file of heads begins, as each of its lines does."""


class SignedHead(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The record when it had `size` entries: the tree's root `hash`, the run before it, the instant.

    `proof` shows that the record with `previous` entries, of the head before, is the beginning of this one.
    """

    at: str
    hash: str
    key: str
    previous: int
    run: int | None
    size: int
    signature: str = ""
    proof: tuple[str, ...] | None = None

    def signed_text(self) -> bytes:
        """What the signature covers: canonical JSON of everything but signature and proof."""
        fields = {name: getattr(self, name) for name in ("at", "hash", "key", "previous", "run", "size")}
        return canonical(fields)

    def line(self) -> bytes:
        """The head as one line of JSON."""
        return canonical(self) + b"\n"

    def short_line(self) -> bytes:
        """The head without its proof, as JSON without a line end."""
        return canonical({**msgspec.json.decode(self.signed_text()), "signature": self.signature})


class Witness(Section, frozen=True, kw_only=True, tag_field="type"):
    """One witness."""

    place: ClassVar[str]
    """The setting that says where it is."""

    @property
    def name(self) -> str:
        """The witness in words, without secrets."""
        return f"{self.__struct_config__.tag} {getattr(self, self.place)}"

    @abstractmethod
    def hand_over(self, head: SignedHead, config: Config) -> str:
        """Give the witness a head, and return its receipt, which may be empty.

        `AuditError` or `HttpError` is raised when the witness surely or perhaps does not have it.
        """


class FileWitness(Witness, frozen=True, kw_only=True, tag="file"):
    """A file, on another machine's disk or append-only, that gets one line of JSON for each head."""

    place = "path"
    path: str

    def __post_init__(self) -> None:
        if self.path.endswith("/") or Path(self.path).name in ("", "..", "~"):
            raise ValueError(f"the path {self.path!r} names no file; name one that gets the heads")

    def hand_over(self, head: SignedHead, config: Config) -> str:
        """Append the head's line; a line that an earlier crash cut short is ended first."""
        path = config.path(self.path)
        advice = "correct its folder, or name another file"
        with file_errors(AuditError, f"{path}: the head cannot be written there", advice):
            make_folder(path.parent, 0o755)
            # A head tells of nobody, and the auditor has to read it.
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
            with os.fdopen(handle, "rb+", buffering=0) as file:
                size = file.seek(0, os.SEEK_END)
                if not _BEGIN.startswith(os.pread(handle, len(_BEGIN), 0)):
                    raise AuditError(f"{path}: holds something else than heads; name a file of its own")
                torn = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
                file.write((b"\n" if torn else b"") + head.line())
                os.fsync(handle)
        return ""


class SyslogWitness(Witness, frozen=True, kw_only=True, tag="syslog"):
    """The log daemon of this machine, or of another one at HOST:PORT."""

    place = "address"
    address: str = "/dev/log"
    protocol: Literal["udp", "tcp"] = "udp"

    def __post_init__(self) -> None:
        _syslog_place(self.address)

    def hand_over(self, head: SignedHead, config: Config) -> str:  # noqa: ARG002 (others look up paths)
        """Send the head without its proof, since a line of syslog is short."""
        kind = socket.SOCK_STREAM if self.protocol == "tcp" else socket.SOCK_DGRAM
        address = _syslog_place(self.address)
        to_socket = isinstance(address, str)
        try:
            handler = _Syslog(address, SysLogHandler.LOG_AUTH, None if to_socket else kind)
            handler.ident = "icaccess-audit: "
            handler.append_nul = False
            end = "\n" if self.protocol == "tcp" else ""
            try:
                text = head.short_line().decode() + end
                handler.emit(logging.makeLogRecord({"msg": text, "levelname": "INFO"}))
            finally:
                handler.close()
        except (OSError, UnicodeError) as error:  # also a name that none can have
            why = getattr(error, "strerror", None) or error
            raise AuditError(f"syslog {self.address}: takes no head: {why}; correct `address`") from error
        return ""


class _Syslog(SysLogHandler):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802 (logging's name)
        raise  # logging calls this while it handles the error


class UrlWitness(Witness, frozen=True, kw_only=True):
    """A witness that is asked over HTTP."""

    place = "url"
    url: SecretUrl

    def __post_init__(self) -> None:
        if not is_http_url(self.url.reveal()):
            raise ValueError("the url is none of HTTP; write https://HOST/PATH")


class HttpWitness(UrlWitness, frozen=True, kw_only=True, tag="http"):
    """An HTTP endpoint that takes a POST with the head as JSON and answers 2xx once it has kept it."""

    auth: Auth | None = None
    ca_file: str = ""

    def hand_over(self, head: SignedHead, config: Config) -> str:
        """Post the head; the receipt is the status."""
        status, _ = _post(self.url, head.line(), "application/json", config, self.ca_file, self.auth)
        return str(status)


class TimeStampWitness(UrlWitness, frozen=True, kw_only=True, tag="rfc3161"):
    """A time-stamp service (RFC 3161), whose signature proves that a head existed at an instant.

    `ca_file` holds the root certificates that it is verified by, and intermediate ones where it sends none.
    """

    ca_file: Annotated[str, Meta(min_length=1)]

    def hand_over(self, head: SignedHead, config: Config) -> str:
        """Have the head stamped; the receipt is the verified response (DER) in Base64."""
        from rfc3161_client import TimestampRequestBuilder, VerifierBuilder

        request = TimestampRequestBuilder().data(head.short_line()).build()
        _, answer = _post(self.url, request.as_bytes(), "application/timestamp-query", config)
        self._verify(answer, head, self._verifier(config, VerifierBuilder.from_request(request)))
        return base64.b64encode(answer).decode()

    def check(self, receipt: str, head: SignedHead, config: Config) -> None:
        """Verify a receipt again; `AuditError` says what is wrong with it."""
        from rfc3161_client import VerifierBuilder

        self._verify(base64.b64decode(receipt), head, self._verifier(config, VerifierBuilder()))

    def _verifier(self, config: Config, builder: VerifierBuilder) -> Verifier:
        from cryptography.x509 import load_pem_x509_certificates

        path = config.path(self.ca_file)
        with file_errors(AuditError, f"{path}: the certificates cannot be read", "name the service's root"):
            pem = file_to_read(path).read_bytes()
        try:
            certificates = load_pem_x509_certificates(pem)
        except ValueError as error:
            raise AuditError(f"{path}: holds no PEM certificates; name the service's root") from error
        for one in certificates:
            root = one.subject == one.issuer
            builder = builder.add_root_certificate(one) if root else builder.add_intermediate_certificate(one)
        try:
            return builder.build()
        except ValueError as error:
            raise AuditError(f"{path}: holds no root certificate; name the service's root") from error

    def _verify(self, answer: bytes, head: SignedHead, verifier: Verifier) -> None:
        from rfc3161_client import VerificationError, decode_timestamp_response

        try:
            verifier.verify_message(decode_timestamp_response(answer), head.short_line())
        except (VerificationError, ValueError) as error:
            raise AuditError(f"{self.name}: its time stamp of the head does not verify: {error}") from error


AnyWitness = FileWitness | SyslogWitness | HttpWitness | TimeStampWitness


class HistorySettings(Section, frozen=True, kw_only=True):
    """What is kept of each decision for `icaccess audit replay`, and how many years after it was replaced.

    Without `personal`, names, user names and e-mail addresses are left out. With 0 years nothing is kept.
    """

    years: Annotated[int, Meta(ge=0, le=100)] = 7
    personal: bool = False


class AuditSettings(Section, frozen=True, kw_only=True):
    """The section `audit` of `icaccess.yaml`.

    `key` is the file of the key that signs the record, apart from the store; it is made when it is missing.
    """

    key: str = ""
    witnesses: tuple[AnyWitness, ...] = ()
    history: HistorySettings = HistorySettings()


def _syslog_place(address: str) -> str | tuple[str, int]:
    """The path of a socket, or host and port; `ValueError` for anything else."""
    if address.startswith("/"):
        return address
    host, _, port = address.rpartition(":")
    if not (host and port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise ValueError(f"the address {address!r} is neither a socket such as /dev/log nor HOST:PORT")
    return host.strip("[]"), int(port)


def _post(
    url: SecretUrl, body: bytes, kind: str, config: Config, ca_file: str = "", auth: Auth | None = None
) -> tuple[int, bytes]:
    from icaccess.http import HttpClient

    ca = config.path(ca_file) if ca_file else None
    with HttpClient(auth, timeout=SECONDS, ca=ca) as http:
        response = http.request("POST", url.reveal(), headers={"Content-Type": kind}, body=body)
    if not 200 <= response.status < 300:
        raise HttpError(f"{url}: does not take the head: HTTP {response.status}")
    return response.status, response.content
