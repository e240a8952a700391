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

from icaccess.errors import HttpError, NoticeError
from icaccess.http import HttpClient
from icaccess.notices.interface import Channel, Message, RefusedError
from icaccess.notices.settings import WebhookSettings, webhook_key

TYPE = "icaccess.notice."
"""What a document's type begins with; the notice's kind follows."""

_THIS_ONE = (400, 409, 413, 415, 422)
"""The answers that are about one document; every other refusal is about all."""


class WebhookChannel(Channel):
    """Posts each message when it is due; what was not answered is posted again under the same id."""

    name = "webhook"
    needs_address = False

    def __init__(self, settings: WebhookSettings, ca: Path | None) -> None:
        self._url = settings.url.reveal()
        self._secret = settings.secret.reveal()
        # A webhook's path is often a secret of its own.
        self._shown = f"the webhook at {urlsplit(self._url).netloc.rpartition('@')[2]}"
        self._http = HttpClient(timeout=settings.timeout, ca=ca, ca_setting="notices.webhook.ca")

    def check(self) -> str:
        """Nothing is posted for a trial: a receiver may act on whatever it gets."""
        return f"{self._shown} gets what becomes due"

    def send(self, message: Message, handed_over: Callable[[], None]) -> None:  # noqa: ARG002 (mail's)
        """Post one document; a receiver knows a repeated one by its id, so nothing need be handed over."""
        body = msgspec.json.encode(document(message))
        try:
            answer = self._http.request("POST", self._url, headers=self._headers(message.id, body), body=body)
        except HttpError as error:
            raise NoticeError(f"{self._shown}: {str(error).partition(': ')[2]}") from error
        said = f"{self._shown} answers {answer.status}"
        if 200 <= answer.status < 300:
            return
        if answer.status in _THIS_ONE:
            raise RefusedError(said, for_good=True)
        if answer.status == 500:
            raise RefusedError(said, for_good=False)
        raise NoticeError(f"{said}; correct notices.webhook, or wait until the receiver is well")

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _headers(self, message_id: str, body: bytes) -> dict[str, str]:
        seconds = int(time.time())
        return {
            "Content-Type": "application/cloudevents+json; charset=utf-8",
            "webhook-id": message_id,
            "webhook-timestamp": str(seconds),
            "webhook-signature": signature(self._secret, message_id, seconds, body),
        }


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
    digest = hmac.new(
        webhook_key(secret), f"{message_id}.{seconds}.".encode() + body, hashlib.sha256
    ).digest()
    return f"v1,{base64.b64encode(digest).decode()}"
