"""What a notice is, what a message is, and what a channel does."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from typing import Any

import msgspec

from icaccess.errors import NoticeError


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One fact that one recipient is told on the day `as_of`; `values` are what its template may name.

    `address` is empty where the facts have none.
    """

    kind: str
    recipient: str
    fact: str
    as_of: date
    name: str = ""
    address: str = ""
    values: dict[str, Any]


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """Notices to one recipient, in words: one for a person, several in one message for an operator.

    `id` stays the same when the message is sent again, so that the other side knows it.
    """

    notices: tuple[Notice, ...]
    id: str
    subject: str
    text: str
    html: str

    @property
    def first(self) -> Notice:
        """The notice that says whom it is for."""
        return self.notices[0]


class RefusedError(NoticeError):
    """The other side did not take one message; `for_good` when it would not take it again either."""

    def __init__(self, text: str, *, for_good: bool) -> None:
        super().__init__(text)
        self.for_good = for_good


class UnconfirmedError(NoticeError):
    """The other side has the whole message, and went away before it said that it took it."""


class Channel(AbstractContextManager["Channel"]):
    """A way for messages to go out."""

    name: str
    needs_address: bool

    def __exit__(self, *_: object) -> None:
        self.close()

    @abstractmethod
    def check(self) -> str:
        """Reach the other side and send nothing; one line about it. `NoticeError` when it cannot be used."""

    @abstractmethod
    def send(self, message: Message, handed_over: Callable[[], None]) -> None:
        """Send one message.

        `handed_over` is called when all but the last step is done, where a message that was given twice would
        be read twice. `RefusedError` when this message was not taken, `UnconfirmedError` when nobody knows
        whether it was, and any other `NoticeError` when no message will be taken.
        """

    @abstractmethod
    def close(self) -> None:
        """End what is open; nothing is sent any more."""
