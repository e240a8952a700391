"""What is to go out now: what is due, against what each channel told each person before. Pure."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import msgspec
from msgspec.structs import replace

from icaccess.notices.interface import Channel, Notice
from icaccess.notices.settings import APPROVER_KINDS, PERSON_KINDS
from icaccess.store.audit import canonical
from icaccess.store.notices import NoticeKey, RecordedNotice, has_reached
from icaccess.text import DIGITS, how_many

LIMITED = (*PERSON_KINDS, *APPROVER_KINDS)
"""The kinds that count against the limit."""
_AGAIN = re.compile(r" again \d+")


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """What is to go out now: by channel, the notices of each message."""

    by_channel: dict[str, tuple[tuple[Notice, ...], ...]]
    unaddressed: dict[str, tuple[tuple[Notice, ...], ...]]
    """By channel, what cannot go out for want of an address."""
    sent_today: int

    @property
    def limited(self) -> set[tuple[str, str, str]]:
        """Recipient, kind and fact of each notice that counts against the limit."""
        return {
            (one.recipient, one.kind, one.fact)
            for groups in self.by_channel.values()
            for group in groups
            for one in group
            if one.kind in LIMITED
        }

    @property
    def without_address(self) -> int:
        """How many recipients have no address that a channel needs."""
        return len({group[0].recipient for groups in self.unaddressed.values() for group in groups})

    @property
    def digest(self) -> str:
        """Names what is to go out, for a consent."""
        return hashlib.sha256(canonical(sorted(self.limited))).hexdigest()

    @property
    def short(self) -> str:
        """The digest as an option has it."""
        return self.digest[:DIGITS]

    @property
    def option(self) -> str:
        """What to run so that this one lot goes out past the limit."""
        return f"icaccess notices send --allow {self.short} --by NAME --reason TEXT"

    def over(self, limit: int | None) -> str:
        """Why the limit stops this; empty when it does not."""
        count = len(self.limited)
        if limit is None or not count or count + self.sent_today <= limit:
            return ""
        before = f", after {self.sent_today:,} today" if self.sent_today else ""
        notices = how_many(count, "notice")
        return f"{notices} to people and approvers{before}: more than the {limit:,} allowed in a day"


def waiting(
    still: Mapping[str, Iterable[Notice]],
    before: Mapping[NoticeKey, RecordedNotice],
    channels: Iterable[Channel],
    sent_today: int,
) -> Waiting:
    """Which of the notices that are `still` to be told by each channel go out now.

    Not those that were sent, and not those that were refused for good at the same address.
    """
    going: dict[str, tuple[tuple[Notice, ...], ...]] = {}
    unaddressed: dict[str, tuple[tuple[Notice, ...], ...]] = {}
    for channel in channels:
        groups = grouped(one for one in still[channel.name] if is_open(before, channel.name, one))
        needs = channel.needs_address
        going[channel.name] = tuple(group for group in groups if group[0].address or not needs)
        unaddressed[channel.name] = tuple(group for group in groups if needs and not group[0].address)
    return Waiting(by_channel=going, unaddressed=unaddressed, sent_today=sent_today)


def still_true(
    channel: str, due: Sequence[Notice], before: Mapping[NoticeKey, RecordedNotice]
) -> list[Notice]:
    """The notices that are due, as one channel tells them after what it told before.

    An end of access that comes back after the person was told something else is a new fact, so that their
    last message is true. That access goes on after all is told where the last message says that it ends.
    """
    stories: dict[str, _Story] = {}
    reached = [one for one in before.values() if one.channel == channel and has_reached(one)]
    for told in sorted(reached, key=lambda one: (one.settled_at or "", one.id)):
        stories.setdefault(told.recipient, _Story()).add(told)
    news = {
        one.recipient
        for one in due
        if one.kind in ("recertified", "access_given") and is_open(before, channel, one)
    }
    found = []
    for one in due:
        story = stories.get(one.recipient) or _Story()
        if one.kind != "access_kept" or (story.is_to_be_taken_back(one) and one.recipient not in news):
            found.append(story.next(one))
    return found


class _Story:
    """What one channel told one person about the end of their access, in the order of the telling."""

    def __init__(self) -> None:
        self._last: RecordedNotice | None = None
        self._times: Counter[tuple[str, str]] = Counter()
        """How often each thing was told anew: again after something else."""

    def add(self, told: RecordedNotice) -> None:
        last = self._last
        ending = last is not None and last.kind == "access_ending"
        if told.kind == "recertified" and not (ending and last and last.about.get("recertify")):
            return  # it says nothing about an end that comes of something else
        if told.kind not in PERSON_KINDS or told.kind == "recertification_open":
            return
        if last is None or _said(last) != _said(told):
            self._times[_said(told)] += 1
        self._last = told

    def is_to_be_taken_back(self, kept: Notice) -> bool:
        """Whether the last that the person was told is the very end that is none any more."""
        last = self._last
        return (
            last is not None
            and last.kind == "access_ending"
            and last.about["last_day"] == kept.values["last_day"]
        )

    def next(self, one: Notice) -> Notice:
        """The notice, its fact numbered where the same was told before, and then something else."""
        if one.kind not in ("access_ending", "access_kept"):
            return one
        said = _said(one)
        times = self._times[said]
        if self._last is None or _said(self._last) != said:
            times += 1
        if times < 2:
            return one
        day, space, rest = one.fact.partition(" ")
        return replace(one, fact=f"{day} again {times}{space}{rest}")


def _said(one: Notice | RecordedNotice) -> tuple[str, str]:
    """What a notice says of the end of access, however many days before and however often."""
    fact = _AGAIN.sub("", one.fact)
    return one.kind, fact.rpartition(" ")[0] if one.kind == "access_ending" else fact


def is_open(before: Mapping[NoticeKey, RecordedNotice], channel: str, notice: Notice) -> bool:
    """Whether a channel did not send a notice yet, and was not refused for good at that address."""
    found = before.get(key_of(channel, notice))
    if found is None or found.state in ("intended", "dropped"):
        return True
    return found.state == "failed" and found.address != notice.address


def key_of(channel: str, notice: Notice) -> NoticeKey:
    """The key that records a notice; a channel sends each key once."""
    return NoticeKey(channel, notice.recipient, notice.kind, notice.fact)


def grouped(notices: Iterable[Notice]) -> list[tuple[Notice, ...]]:
    """One message for each notice to a person, and one for all to an operator."""
    groups: dict[tuple[str, ...], list[Notice]] = {}
    for one in notices:
        key = (one.recipient, one.kind, one.fact) if one.kind in LIMITED else (one.recipient,)
        groups.setdefault(key, []).append(one)
    return [tuple(group) for group in groups.values()]
