"""Sends what is due: recorded before and after, so that a run that dies loses no notice and repeats none."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

import msgspec
from msgspec.structs import replace

from icaccess.audit.heads import hand_over, record_key
from icaccess.config import Config
from icaccess.config.policy_data import load_policy_data
from icaccess.errors import ConfigError, UsageError
from icaccess.notices import due as kinds_due
from icaccess.notices.gather import Due, Failure, gather
from icaccess.notices.interface import Channel, Notice
from icaccess.notices.sending import Sending, key_of, message_id
from icaccess.notices.settings import NoticeSettings, notice_settings
from icaccess.notices.words import Words
from icaccess.request import Request
from icaccess.store import consents
from icaccess.store import notices as recorded
from icaccess.store.audit import canonical
from icaccess.store.consents import Consent
from icaccess.store.database import Store, open_store
from icaccess.store.lock import Lock, applying
from icaccess.store.notices import NoticeKey, RecordedNotice

_LIMITED = (*kinds_due.PERSON_KINDS, *kinds_due.APPROVER_KINDS)
_SHORT = 12
"""How many digits of a digest name what is due in an option."""
_CONSENT_HOURS = 1
"""A consent is for the run that it is given to."""


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """What is to go out now: by channel, the notices of each message."""

    by_channel: dict[str, tuple[tuple[Notice, ...], ...]]
    sent_today: int

    @property
    def limited(self) -> set[tuple[str, str, str]]:
        """Recipient, kind and fact of each notice that counts against the limit."""
        return {
            (one.recipient, one.kind, one.fact)
            for groups in self.by_channel.values()
            for group in groups
            for one in group
            if one.kind in _LIMITED
        }

    @property
    def digest(self) -> str:
        """Names what is to go out, for a consent."""
        return hashlib.sha256(canonical(sorted(self.limited))).hexdigest()

    def over(self, limit: int | None) -> str:
        """Why the limit stops this; empty when it does not."""
        count = len(self.limited)
        if limit is None or not count or count + self.sent_today <= limit:
            return ""
        before = f", after {self.sent_today:,} today" if self.sent_today else ""
        return f"{count:,} notices to people and approvers{before}: more than the {limit:,} allowed in a day"


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What came of sending: how many messages ended in each state, and what could not be done."""

    counts: dict[str, int]
    stopped: str = ""
    """Why the limit held back the notices to people and approvers."""
    problems: tuple[str, ...] = ()
    """What kept a channel from being used, and how many have no address; they name nobody."""
    refusals: tuple[str, ...] = ()
    """Whose message was refused or not confirmed, and why."""


@contextmanager
def open_notices(config: Config) -> Iterator[tuple[NoticeSettings, list[Channel], Words]]:
    """The settings, the channels and the words of notices, judged; `ConfigError` says what to correct."""
    settings = notice_settings(config)
    contact = load_policy_data(config.directory).requirements.contact
    folder = None if settings.templates is None else config.path(settings.templates)
    words = Words(folder, contact if isinstance(contact, dict) else {})
    with ExitStack() as stack:
        channels: list[Channel] = []
        if settings.mail is not None:
            from icaccess.notices.mail import MailChannel

            ca = config.path(settings.mail.ca) if settings.mail.ca else None
            channels.append(stack.enter_context(MailChannel(settings.mail, ca)))
        if settings.webhook is not None:
            from icaccess.notices.webhook import WebhookChannel

            ca = config.path(settings.webhook.ca) if settings.webhook.ca else None
            channels.append(stack.enter_context(WebhookChannel(settings.webhook, ca)))
        if not channels:
            raise ConfigError(
                f"{config.file}: notices: names neither mail nor webhook, so nobody can be told anything; "
                "add one of them"
            )
        yield settings, channels, words


def notify(
    request: Request, failure: Failure | None = None, *, consent: Consent | None = None
) -> tuple[Due, Told]:
    """Work out what is due and send it, after a run that may have ended with `failure`.

    `ConfigError` when the settings, the templates or the policy data are wrong; `StoreError` when the store
    cannot be opened; `StoreLockedError` when another process is at work.
    """
    key = record_key(request.settings, request.store_url)
    with (
        open_notices(request.settings) as (settings, channels, words),
        open_store(request.store_url, key=key) as store,
    ):
        due = gather(request, settings, failure)
        told = send(store, due, channels, words, limit=settings.limit, consent=consent)
        # What people were told is part of the record, so its head leaves the machine now.
        receipts = hand_over(store, request.settings, key)
        warnings = filter(None, (one.warning for one in receipts))
        return due, replace(told, problems=(*told.problems, *warnings))


def waiting(store: Store, due: Due, channels: Iterable[Channel]) -> Waiting:
    """Which of the notices that are due were not sent yet, and are not refused for good at that address."""
    with store.reading() as connection:
        before = recorded.of_recipients(connection, {one.recipient for one in due.notices})
        sent_today = recorded.count_of_day(connection, due.as_of, _LIMITED)
    return Waiting(
        by_channel={
            one.name: tuple(_grouped(notice for notice in due.notices if _is_open(before, one.name, notice)))
            for one in channels
        },
        sent_today=sent_today,
    )


def send(
    store: Store,
    due: Due,
    channels: Sequence[Channel],
    words: Words,
    *,
    limit: int | None,
    consent: Consent | None = None,
) -> Told:
    """Send what is due and was not sent, and say what came of it; nothing that fails stops the rest.

    More to people and approvers than `limit` go out only with a `consent` that names them. `UsageError` when
    it names others; `StoreLockedError` when another process is at work.
    """
    with applying(store, "icaccess notices") as lock:
        _drop(store, lock, due)
        found = waiting(store, due, channels)
        stopped = found.over(limit)
        if stopped and consent is not None:
            _accept(store, lock, consent, found.digest, stopped)
            stopped = ""
        counts: Counter[str] = Counter()
        problems: list[str] = []
        refusals: list[str] = []
        for channel in channels:
            groups = found.by_channel[channel.name]
            if stopped:
                groups = tuple(group for group in groups if group[0].kind not in _LIMITED)
            run = Sending(store, lock, channel, words, due.as_of)
            run.send(groups)
            counts += run.counts
            problems += run.problems
            refusals += run.refusals
        option = f"; to let this one lot through: {option_of(found)}" if stopped else ""
        return Told(
            counts=dict(counts),
            stopped=stopped + option,
            problems=tuple(problems),
            refusals=tuple(refusals),
        )


def option_of(found: Waiting) -> str:
    """What to run so that this one lot goes out."""
    return f"icaccess notices send --allow {found.digest[:_SHORT]} --by NAME --reason TEXT"


def _accept(store: Store, lock: Lock, consent: Consent, digest: str, stopped: str) -> None:
    """Record a consent, if it is for this very lot."""
    if len(consent.plan) < _SHORT or not digest.startswith(consent.plan):
        raise UsageError(
            f"the consent names the lot {consent.plan}, and this one is {digest[:_SHORT]}; "
            "look at it with `icaccess notices plan` and name it"
        )
    with store.writing() as connection:
        lock.check(connection)
        consents.give(connection, store.moment(), consent, digest, _CONSENT_HOURS, [stopped])


def send_trial(due: Due, mail: Channel, words: Words, address: str, limit: int | None) -> int:
    """Send every message that is due to one address alone, recorded nowhere; how many were sent."""
    groups = _grouped(due.notices)
    sent = 0
    for sent, group in enumerate(groups if limit is None else groups[:limit], 1):  # noqa: B007 (the last number)
        message = words.message(group, message_id(["trial", due.as_of.isoformat()], group))
        whom = f"{message.first.recipient} {message.first.address or '(no e-mail address)'}"
        told = replace(message.first, address=address)
        trial = replace(message, notices=(told,), subject=f"[trial, for {whom}] {message.subject}")
        mail.send(trial, lambda: None)
    return sent


def _drop(store: Store, lock: Lock, due: Due) -> None:
    """Drop what an earlier run meant to send and is not true any more."""
    still = {(one.recipient, one.kind, one.fact) for one in due.notices}
    with store.writing() as connection:
        lock.check(connection)
        keys = [
            one.key
            for one in recorded.intended(connection, due.kinds)
            if (one.recipient, one.kind, one.fact) not in still
        ]
        recorded.settle(connection, store.now(), keys, "dropped", "not true any more")


def _is_open(before: Mapping[NoticeKey, RecordedNotice], channel: str, notice: Notice) -> bool:
    found = before.get(key_of(channel, notice))
    if found is None or found.state in ("intended", "dropped"):
        return True
    return found.state == "failed" and found.address != notice.address


def _grouped(notices: Iterable[Notice]) -> list[tuple[Notice, ...]]:
    """One message for each notice to a person, and one for all to an operator."""
    groups: dict[tuple[str, ...], list[Notice]] = {}
    for one in notices:
        key = (one.recipient, one.kind, one.fact) if one.kind in _LIMITED else (one.recipient,)
        groups.setdefault(key, []).append(one)
    return [tuple(group) for group in groups.values()]
