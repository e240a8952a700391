"""A webhook: each notice as one CloudEvents 1.0 document, signed as Standard Webhooks says."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import requests

from icaccess.errors import NoticeError
from icaccess.notices.interface import Channel, Message, RefusedError
from icaccess.notices.settings import WebhookSettings

TYPE = "icaccess.notice."
"""What a document's type begins with; the notice's kind follows."""

_THIS_ONE = (400, 409, 413, 415, 422)
"""The answers that are about one document; every other refusal is about all."""


class WebhookChannel(Channel):
    """Posts each message once it is due; what was not answered is posted again under the same id."""

    name = "webhook"
    needs_address = False

    def __init__(self, settings: WebhookSettings, ca: Path | None) -> None:
        self._settings = settings
        self._url = settings.url.reveal()
        # A webhook's path is often a secret of its own.
        self._shown = f"the webhook at {urlsplit(self._url).netloc.rpartition('@')[2]}"
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy and no .netrc of the environment shall see what is told
        self._session.verify = str(ca) if ca else True

    def check(self) -> str:
        """Nothing is posted for a trial: whatever is posted may be acted upon."""
        return f"{self._shown} is told as notices become due"

    def send(self, message: Message, handed_over: Callable[[], None]) -> None:  # noqa: ARG002
        """Post one document; a receiver knows a repeated one by its id, so nothing need be handed over."""
        body = msgspec.json.encode(document(message))
        try:
            answer = self._session.post(
                self._url,
                data=body,
                headers=_headers(message.id, body, self._settings.secret.reveal()),
                timeout=(min(self._settings.timeout, 5.0), self._settings.timeout),
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise NoticeError(f"{self._shown} cannot be reached: {_reason(error)}") from error
        if answer.ok and not answer.is_redirect:
            return
        if answer.is_redirect or 300 <= answer.status_code < 400:
            raise NoticeError(
                f"{self._shown} answers {answer.status_code}, a redirect, which is not followed; "
                "correct the URL"
            )
        said = f"{self._shown} answers {answer.status_code} {answer.reason or ''}".rstrip()
        if answer.status_code in _THIS_ONE:
            raise RefusedError(said, for_good=True)
        if answer.status_code >= 500 and answer.status_code not in (502, 503, 504):
            raise RefusedError(said, for_good=False)
        raise NoticeError(f"{said}; correct its URL or secret, or wait until it is well")

    def close(self) -> None:
        """Close the connections."""
        self._session.close()


def document(message: Message) -> dict[str, Any]:
    """The CloudEvents document of a message."""
    first = message.first
    return {
        "specversion": "1.0",
        "id": message.id,
        "source": "/icaccess/notices",
        "type": f"{TYPE}{first.kind}",
        "subject": first.recipient,
        "datacontenttype": "application/json",
        "data": {
            "recipient": first.recipient,
            "name": first.name,
            "address": first.address,
            "as_of": first.as_of,
            "subject": message.subject,
            "text": message.text,
            "notices": [
                {"kind": one.kind, "fact": one.fact, "values": one.values} for one in message.notices
            ],
        },
    }


def signature(secret: str, message_id: str, seconds: int, body: bytes) -> str:
    """`v1,` and the HMAC-SHA256 over id, time and body in base64, keyed with what follows `whsec_`."""
    key = secret.encode()
    if secret.startswith("whsec_"):
        key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{message_id}.{seconds}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def _headers(message_id: str, body: bytes, secret: str) -> dict[str, str]:
    seconds = int(time.time())
    return {
        "Content-Type": "application/cloudevents+json; charset=utf-8",
        "webhook-id": message_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": signature(secret, message_id, seconds, body),
    }


def _reason(error: requests.RequestException) -> str:
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate cannot be trusted, or it does not speak TLS; set notices.webhook.ca"
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.ConnectionError):
        return "the connection was refused or ended"
    return type(error).__name__
