"""A webhook: what it posts, how it is signed, and a receiver that fails in each way."""

from __future__ import annotations

import json
from datetime import date

import pytest
from cloudevents.v1.http import from_http

from icaccess.config import Secret, SecretUrl
from icaccess.errors import NoticeError
from icaccess.notices.interface import Message, Notice, RefusedError
from icaccess.notices.settings import WebhookSettings
from icaccess.notices.webhook import WebhookChannel, signature
from tests.stores import free_port

KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def message() -> Message:
    notice = Notice(
        kind="access_ending",
        recipient="001234",
        fact="2028-06-30",
        as_of=date(2028, 6, 16),
        name="Sample Person",
        address="p@example.org",
        values={"last_day": "2028-06-30"},
    )
    return Message(notices=(notice,), id="0123", subject="Subject", text="Text\n", html="<p>Text</p>")


def channel(url: str, **more: object) -> WebhookChannel:
    return WebhookChannel(WebhookSettings(url=SecretUrl(url), secret=Secret(KEY), **more), None)


def test_a_document_is_a_cloud_event_for_its_own_sdk(receiver):
    with channel(receiver.url) as hook:
        hook.send(message(), lambda: None)
    ((headers, body),) = receiver.requests
    event = from_http(headers, body)
    assert event["id"] == "0123"
    assert event["type"] == "icaccess.notice.access_ending"
    assert event["source"] == "/icaccess/notices"
    assert event["subject"] == "001234"
    assert event.data["text"] == "Text\n"
    assert event.data["notices"] == [
        {"kind": "access_ending", "fact": "2028-06-30", "values": {"last_day": "2028-06-30"}}
    ]


def test_the_signature_is_that_of_standard_webhooks(receiver):
    # The example of the specification, whose signature its libraries check.
    body = b'{"test": 2432232314}'
    said = signature(KEY, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert said == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    with channel(receiver.url) as hook:
        hook.send(message(), lambda: None)
    ((headers, body),) = receiver.requests
    sent = int(headers["webhook-timestamp"])
    assert headers["webhook-signature"] == signature(KEY, headers["webhook-id"], sent, body)


def test_what_was_not_answered_is_posted_again_under_the_same_id(receiver):
    receiver.statuses = [503, 204]
    with channel(receiver.url) as hook:
        hook.send(message(), lambda: None)
    assert [json.loads(body)["id"] for _, body in receiver.requests] == ["0123", "0123"]


@pytest.mark.parametrize(("status", "for_good"), [(400, True), (413, True), (422, True), (500, False)])
def test_a_document_that_is_refused(receiver, status, for_good):
    receiver.statuses = [status]
    with channel(receiver.url) as hook, pytest.raises(RefusedError, match=f"answers {status}") as error:
        hook.send(message(), lambda: None)
    assert error.value.for_good is for_good


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (401, "answers 401; correct notices.webhook"),
        (403, "answers 403"),
        (404, "answers 404"),
        (429, "answers 429"),
        (301, "redirects to 'http://127.0.0.1:9/elsewhere', which is not followed"),
        (307, "which is not followed; set the URL that answers"),
        (0, "ended the connection before its answer was complete"),
    ],
)
def test_a_receiver_that_takes_nothing(receiver, status, says):
    receiver.statuses = [status] * 9
    with channel(receiver.url) as hook, pytest.raises(NoticeError, match=says) as error:
        hook.send(message(), lambda: None)
    assert not isinstance(error.value, RefusedError)
    assert "/hook" not in str(error.value)


def test_a_receiver_that_is_not_there():
    with channel(f"http://127.0.0.1:{free_port()}/hook") as hook, pytest.raises(NoticeError) as error:
        hook.send(message(), lambda: None)
    assert "nothing answers there" in str(error.value)
    assert "/hook" not in str(error.value)
