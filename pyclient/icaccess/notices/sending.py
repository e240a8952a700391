"""Sends the messages of one channel, each recorded before and after, and judges what was not taken."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import date

from icaccess.errors import NoticeError
from icaccess.notices.interface import Channel, Message, Notice, RefusedError, UnconfirmedError
from icaccess.notices.waiting import key_of
from icaccess.notices.words import Words
from icaccess.store import notices as recorded
from icaccess.store.database import Store
from icaccess.store.lock import Lock
from icaccess.store.notices import NoticeKey, RecordedNotice
from icaccess.text import how_many

_TOGETHER = 100
"""Messages whose intents are written together."""
_PATIENCE = 3
"""After so many messages in a row that are not taken, the other side is left alone until the next run."""


class Sending:
    """The messages of one channel in one run."""

    def __init__(self, store: Store, lock: Lock, channel: Channel, words: Words, as_of: date) -> None:
        self.counts: Counter[str] = Counter()
        self.problems: list[str] = []
        self.refusals: list[str] = []
        self._store = store
        self._lock = lock
        self._channel = channel
        self._words = words
        self._as_of = as_of
        self._untaken = 0
        self._doubted: list[tuple[Message, str]] = []
        """Refused for good before any message was taken: of the recipient, or of the other side itself."""

    def send(self, groups: Sequence[tuple[Notice, ...]]) -> None:
        """Send all messages, until the other side takes none any more."""
        self._send_all(groups)
        self._judge_refusals()

    def _send_all(self, groups: Sequence[tuple[Notice, ...]]) -> None:
        left = len(groups)
        for start in range(0, len(groups), _TOGETHER):
            for message in self._intend(groups[start : start + _TOGETHER]):
                try:
                    self._send(message)
                except NoticeError as error:
                    self.problems.append(
                        f"{error}; {how_many(left, 'message waits', 'messages wait')} for the next run"
                    )
                    self.counts["waiting"] += left
                    self._settle([message], "intended", str(error))
                    return
                left -= 1
                if left and self._untaken == _PATIENCE:
                    self.problems.append(
                        f"{self._channel.name}: {_PATIENCE} messages in a row were not taken; "
                        f"{how_many(left, 'more waits', 'more wait')} for the next run"
                    )
                    self.counts["waiting"] += left
                    return

    def _send(self, message: Message) -> None:
        try:
            self._channel.send(message, lambda: self._hand_over(message))
        except UnconfirmedError as error:
            self.refusals.append(f"{message.first.recipient}: {error}")
            self._settle([message], "handed_over", str(error))
            self.counts["unconfirmed"] += 1
            self._untaken += 1
            return
        except RefusedError as error:
            self.refusals.append(f"{message.first.recipient}: {error}")
            self._untaken = 0 if error.for_good else self._untaken + 1
            failed = error.for_good and self.counts["sent"] > 0
            self._settle([message], "failed" if failed else "intended", str(error))
            if error.for_good and not failed:
                self._doubted.append((message, str(error)))
            else:
                self.counts["failed" if failed else "waiting"] += 1
            return
        self._settle([message], "sent")
        self.counts["sent"] += 1
        self._untaken = 0

    def _judge_refusals(self) -> None:
        """Keep what was refused for the next run where everybody was refused; else nobody is asked again."""
        refused = len(self._doubted)
        if refused >= _PATIENCE and not self.counts["sent"]:
            self.counts["waiting"] += refused
            self.problems.append(
                f"{self._channel.name}: all of {refused:,} messages were refused; they wait for the next run"
            )
            return
        for message, why in self._doubted:
            self._settle([message], "failed", why)
        self.counts["failed"] += refused

    def _intend(self, groups: Sequence[tuple[Notice, ...]]) -> list[Message]:
        messages = [self._words.message(group, message_id([self._channel.name], group)) for group in groups]
        self._record(messages)
        return messages

    def note_unaddressed(self, groups: Sequence[tuple[Notice, ...]]) -> None:
        """Record what cannot be sent for want of an address; it is tried when there is one."""
        messages = [self._words.message(group, "") for group in groups]
        self._record(messages)
        self._settle(messages, "failed", "no e-mail address in the facts")
        self.counts["without an address"] += len(groups)

    def _record(self, messages: Sequence[Message]) -> None:
        with self._lock.writing() as connection:
            at = self._store.now()
            recorded.intend(
                connection,
                at,
                [
                    RecordedNotice(
                        channel=self._channel.name,
                        recipient=one.recipient,
                        kind=one.kind,
                        fact=one.fact,
                        address=one.address,
                        as_of=self._as_of,
                        state="intended",
                        note="",
                        message_id=message.id,
                        subject=message.subject,
                        text=message.text,
                        about=one.values,
                        intended_at=at,
                    )
                    for message in messages
                    for one in message.notices
                ],
            )

    def _hand_over(self, message: Message) -> None:
        # Between this and the last line a kill would lose the notice, so no disk is waited for.
        with self._store.noting() as connection:
            recorded.settle(connection, self._store.now(), self._keys([message]), "handed_over")

    def _settle(self, messages: Sequence[Message], state: recorded.NoticeState, note: str = "") -> None:
        with self._lock.writing() as connection:
            recorded.settle(connection, self._store.now(), self._keys(messages), state, note)

    def _keys(self, messages: Sequence[Message]) -> list[NoticeKey]:
        return [key_of(self._channel.name, one) for message in messages for one in message.notices]


def message_id(first: Sequence[str], notices: Sequence[Notice]) -> str:
    """The id of a message, the same whenever it is sent again; `first` tells channels apart."""
    names = (f"{one.recipient}|{one.kind}|{one.fact}" for one in notices)
    return hashlib.sha256("\n".join([*first, *names]).encode()).hexdigest()[:32]
