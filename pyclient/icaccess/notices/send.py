"""Sends what is due: recorded before and after, so that a run that dies loses no notice and repeats none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

import msgspec
from msgspec.structs import replace

from icaccess.audit.heads import hand_over, record_key
from icaccess.config import Config
from icaccess.config.policy_data import load_policy_data
from icaccess.errors import ConfigError, UsageError
from icaccess.notices.gather import Due, Failure, gather
from icaccess.notices.interface import Channel, Notice
from icaccess.notices.sending import Sending, message_id
from icaccess.notices.settings import NoticeSettings, notice_settings
from icaccess.notices.waiting import LIMITED, Waiting, grouped, key_of, still_true, waiting
from icaccess.notices.words import Words
from icaccess.request import Request
from icaccess.store import consents
from icaccess.store import notices as recorded
from icaccess.store.consents import Consent
from icaccess.store.database import Store, open_store
from icaccess.store.lock import Lock, applying
from icaccess.text import how_many

_CONSENT_HOURS = 1
"""A consent is for the run that it is given to."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What came of sending: how many messages ended in each state, and what could not be done."""

    counts: dict[str, int]
    stopped: str = ""
    """Why the limit held back the notices to people and approvers."""
    problems: tuple[str, ...] = ()
    """What kept a channel from being used; they name nobody."""
    refusals: tuple[str, ...] = ()
    """Whose message was not taken or not confirmed, and why."""
    warnings: tuple[str, ...] = ()
    """What failed no message: how many have no address, which witness was not reached; they name nobody."""


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
        return due, replace(told, warnings=(*told.warnings, *warnings))


def look(store: Store, due: Due, channels: Sequence[Channel]) -> Waiting:
    """What `send` would send now; nothing is changed."""
    return _now(store, due, channels)[1]


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
        still, found = _now(store, due, channels)
        _drop(store, lock, due, still)
        stopped = found.over(limit)
        if consent is not None:
            _accept(store, lock, consent, found, stopped)
            stopped = ""
        counts: Counter[str] = Counter()
        problems: list[str] = []
        refusals: list[str] = []
        for channel in channels:
            groups = found.by_channel[channel.name]
            if stopped:
                groups = tuple(group for group in groups if group[0].kind not in LIMITED)
            run = Sending(store, lock, channel, words, due.as_of)
            run.note_unaddressed(found.unaddressed[channel.name])
            run.send(groups)
            counts += run.counts
            problems += run.problems
            refusals += run.refusals
        warning = how_many(
            found.without_address,
            "recipient has no e-mail address in the facts and is told nothing",
            "recipients have no e-mail address in the facts and are told nothing",
        )
        return Told(
            counts=dict(counts),
            stopped=f"{stopped}; to let this one lot through: {found.option}" if stopped else "",
            problems=tuple(problems),
            refusals=tuple(refusals),
            warnings=(warning,) if found.without_address else (),
        )


def _accept(store: Store, lock: Lock, consent: Consent, found: Waiting, stopped: str) -> None:
    """Check that a consent is for this very lot, and record it where the limit stops the lot."""
    if not consent.names(found.digest):
        this = f"this one is {found.short}" if found.limited else "no notices wait"
        raise UsageError(
            f"the consent names the lot {consent.plan}, and {this}; look with `icaccess notices plan`, and "
            "name the lot that it shows"
        )
    if stopped:
        with lock.writing() as connection:
            consents.give(connection, store.moment(), consent, found.digest, _CONSENT_HOURS, [stopped])


def send_trial(store: Store, due: Due, mail: Channel, words: Words, address: str, limit: int | None) -> int:
    """Send every message that is due to one address alone, recorded nowhere; how many were sent."""
    still, _ = _now(store, due, [mail])
    groups = grouped(still[mail.name])[:limit]
    for group in groups:
        message = words.message(group, message_id(["trial", due.as_of.isoformat()], group))
        whom = f"{message.first.recipient} {message.first.address or '(no e-mail address)'}"
        told = replace(message.first, address=address)
        trial = replace(message, notices=(told,), subject=f"[trial, for {whom}] {message.subject}")
        mail.send(trial, lambda: None)
    return len(groups)


def _now(store: Store, due: Due, channels: Sequence[Channel]) -> tuple[dict[str, list[Notice]], Waiting]:
    """What is due, as each channel is to tell it by what the store holds, and what of it goes out now."""
    with store.reading() as connection:
        before = recorded.of_recipients(connection, {one.recipient for one in due.notices})
        sent_today = recorded.count_of_day(connection, due.as_of, LIMITED)
    still = {one.name: still_true(one.name, due.notices, before) for one in channels}
    return still, waiting(still, before, channels, sent_today)


def _drop(store: Store, lock: Lock, due: Due, still: Mapping[str, Iterable[Notice]]) -> None:
    """Drop what an earlier run meant to send by these channels and is not true any more."""
    true = {key_of(channel, one) for channel, notices in still.items() for one in notices}
    with lock.writing() as connection:
        intended = recorded.intended(connection, due.kinds)
        keys = [one.key for one in intended if one.channel in still and one.key not in true]
        recorded.settle(connection, store.now(), keys, "dropped", "not true any more")
