"""The section `notices` of `icaccess.yaml`: who is told what, and how it is sent."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Annotated, Literal, get_args
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from icaccess.config import Config, Secret, SecretUrl, Section
from icaccess.config.secrets import is_http_url
from icaccess.errors import ConfigError
from icaccess.http import is_loopback
from icaccess.models import Text

PersonKind = Literal[
    "recertification_open", "access_ending", "access_kept", "access_given", "access_removed", "recertified"
]
OperatorKind = Literal["grant_overdue", "guard_stop", "consent_needed", "run_failed", "export_overdue"]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
PERSON_KINDS: tuple[PersonKind, ...] = get_args(PersonKind)
APPROVER_KINDS = ("approver_digest",)
OPERATOR_KINDS: tuple[OperatorKind, ...] = get_args(OperatorKind)
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)

Count = Annotated[int, Meta(ge=0)]
LeadDays = Annotated[int, Meta(ge=1, le=366)]
Port = Annotated[int, Meta(ge=1, le=65535)]
Seconds = Annotated[float, Meta(gt=0)]


class MailSettings(Section, frozen=True, kw_only=True):
    """How mail is sent (SMTP, RFC 5321). `security` is `starttls` (port 587), `tls` (465) or `none` (25).

    `ca` is a file of trusted certificates, relative to the configuration folder.
    """

    host: Text
    sender: Text = msgspec.field(name="from")
    """The address that notices come from, such as `Access <access@example.org>`."""
    port: Port | None = None
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: Text | None = None
    password: Secret | None = None
    ca: str | None = None
    timeout: Seconds = 30.0


class WebhookSettings(Section, frozen=True, kw_only=True):
    """Where each notice is posted as a CloudEvents 1.0 document, signed with `secret` (Standard Webhooks)."""

    url: SecretUrl
    secret: Secret
    ca: str | None = None
    timeout: Seconds = 10.0


class PeopleSettings(Section, frozen=True, kw_only=True):
    """What the people who hold access are told."""

    about: tuple[PersonKind, ...] = PERSON_KINDS
    days_before: tuple[LeadDays, ...] = (60, 14, 1)
    """How many days before the last day of access the person is told."""
    changes_of_days: LeadDays = 14
    """A change that was made longer ago is no news, and nobody is told."""


class ApproverSettings(Section, frozen=True, kw_only=True):
    """The weekly digest to approvers; `weekday: null` sends none."""

    weekday: Weekday | None = "monday"


class OperatorSettings(Section, frozen=True, kw_only=True):
    """What those who run the system are told, at which addresses."""

    addresses: tuple[Text, ...] = ()
    about: tuple[OperatorKind, ...] = OPERATOR_KINDS


class NoticeSettings(Section, frozen=True, kw_only=True):
    """Without `mail` and `webhook` nobody is told anything.

    `templates` is a folder whose files go before the texts that come with icaccess. `limit` is how many
    notices may go out in one day without consent; null means no limit.
    """

    mail: MailSettings | None = None
    webhook: WebhookSettings | None = None
    people: PeopleSettings = PeopleSettings()
    approvers: ApproverSettings = ApproverSettings()
    operators: OperatorSettings = OperatorSettings()
    templates: Text | None = None
    limit: Count | None = 250


def notice_settings(config: Config) -> NoticeSettings:
    """The section, judged as a whole; `ConfigError` names the line and what to correct."""
    settings = config.section("notices", NoticeSettings)
    if settings.mail is not None:
        _check_mail(settings.mail, lambda name, text: config.fail(("notices", "mail", name), text))
    if settings.webhook is not None:
        url = settings.webhook.url.reveal()
        if not is_http_url(url):
            raise config.fail(("notices", "webhook", "url"), "is no URL; write https://HOST/PATH")
        if urlsplit(url).scheme == "http" and not is_loopback(url):
            text = "is not https; a notice names people, and http is for this machine alone"
            raise config.fail(("notices", "webhook", "url"), text)
        if not webhook_key(settings.webhook.secret.reveal()):
            text = "is empty, or not base64 after `whsec_`; give the receiver's secret whole"
            raise config.fail(("notices", "webhook", "secret"), text)
    seen: set[str] = set()
    for index, address in enumerate(settings.operators.addresses):
        if not is_address(address):
            raise config.fail(("notices", "operators", "addresses", index), _no_address(address))
        if address.casefold() in seen:
            text = f"{address!r} stands twice, whatever the case; leave one of them out"
            raise config.fail(("notices", "operators", "addresses", index), text)
        seen.add(address.casefold())
    return settings


def is_configured(config: Config) -> bool:
    """Whether the settings name a way to tell anybody anything."""
    settings = config.section("notices", NoticeSettings)
    return settings.mail is not None or settings.webhook is not None


def is_address(text: str) -> bool:
    """Whether a text is one e-mail address that a mail server can be given: ASCII, a local part, a domain."""
    from email.errors import MessageError
    from email.headerregistry import Address

    try:
        address = Address(addr_spec=text)
    except (MessageError, ValueError, IndexError):
        return False
    # The parser takes `a@b c` and quoted parts; a control character in one would reach the mail server.
    return (
        bool(address.username and address.domain)
        and text.isascii()
        and text.isprintable()
        and " " not in text
    )


def webhook_key(secret: str) -> bytes:
    """The key that signs: what follows `whsec_` in base64, else the secret itself; empty where it is none."""
    import base64
    import binascii

    if not secret.startswith("whsec_"):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        return b""


def sender_address(text: str) -> str:
    """The bare address in `Name <address>`; empty where there is none."""
    from email.utils import parseaddr

    found = parseaddr(text)[1]
    return found if text.isprintable() and is_address(found) else ""


def _check_mail(mail: MailSettings, fail: Callable[[str, str], ConfigError]) -> None:
    if not is_host(mail.host):
        text = f"{mail.host!r} is no name or address of a server; the port goes into notices.mail.port"
        raise fail("host", text)
    if not sender_address(mail.sender):
        raise fail("from", _no_address(mail.sender))
    if (mail.username is None) != (mail.password is None):
        missing = "username" if mail.username is None else "password"
        raise fail(missing, "is missing; a log-in needs both username and password")
    if mail.username is not None and mail.security == "none" and not is_loopback(f"//{mail.host}"):
        raise fail("security", "a log-in without TLS would send the password in clear; use starttls or tls")


def is_host(text: str) -> bool:
    """Whether a text is the name or the bare address of a server, without scheme, port and path."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return text.isprintable() and not set(text) & set(" :/@[]\\?#")
    return True


def _no_address(text: str) -> str:
    return f"{text!r} is no e-mail address; write NAME@DOMAIN"
