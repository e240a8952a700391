"""Days in the forms that sources use: times, American dates, spreadsheet serial numbers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from icaccess.errors import FactsError
from icaccess.facts.settings import MappedSettings
from icaccess.text import how_many
from icaccess.validation import show

_TIMESTAMP = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)[Tt ](?P<time>\d\d:\d\d(:\d\d([.,]\d+)?)?) ?(?P<offset>[Zz]|[+-]\d\d:?\d\d)?"
)
_SERIAL = re.compile(r"[1-9][0-9]{4}(\.[0-9]+)?")
_LOCAL = re.compile(r"[0-9]{1,2}([/.-])[0-9]{1,2}\1[0-9]{2,4}.*")
_BARE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?")
_SPREADSHEET_EPOCH = date(1899, 12, 30)
_TRIED = tuple(datetime(*day, 12, tzinfo=UTC) for day in ((1999, 12, 31), (2024, 2, 29), (2026, 10, 7)))
_FEW = 2
"""Times of so few days may all be the same hour by chance, and so few days may be typing errors."""
_SETTING = ", or set `midnight_utc: day` or `midnight_utc: time`"
_TIME_OF_DAY = ("%H", "%I", "%X", "%c", "%T", "%R", "%s")


class DayReader:
    """Turns what a source writes into days in the district's zone.

    A time of midnight at its own offset may be a day that some program wrote as a time. If all times of a
    field are midnight, they are read as the days that they were written for; `settle` says so, or asks. It
    also names a field whose times are all another full hour that moves each to another day: they may be
    midnights of another zone.
    """

    def __init__(self, zone: ZoneInfo, midnight_utc: Literal["day", "time"] | None = None) -> None:
        self._zone = zone
        self._midnight_utc = midnight_utc
        self._midnights: Counter[str] = Counter()
        self._times: Counter[str] = Counter()
        self._moved: dict[str, Counter[datetime]] = {}
        """For each field, the times of a full hour, as written, whose day is another one in the district."""

    def day(self, field: str, text: str) -> str:
        """The day of a timestamp with an offset; any other text unchanged.

        `ValueError`, with what to do, for a timestamp without an offset: it may belong to either of two days.
        """
        match = _TIMESTAMP.fullmatch(text)
        if match is None:
            return text
        if match["offset"] is None:
            raise ValueError(f"{text!r} is a time without an offset; give its day, or its offset from UTC")
        try:
            moment = datetime.fromisoformat(f"{match['day']}T{match['time']}{match['offset'].upper()}")
        except ValueError as error:
            raise ValueError(f"{text!r} is no time that exists; write a day as YYYY-MM-DD") from error
        return self.day_of(field, moment)

    def day_of(self, field: str, moment: datetime) -> str:
        """The day of a moment with an offset; `ValueError` if it is outside the calendar."""
        try:
            day = moment.astimezone(UTC).astimezone(self._zone).date()
        except OverflowError as error:
            raise ValueError(f"{str(moment)!r} is no time that exists; write a day as YYYY-MM-DD") from error
        is_moved = moment.time() == time(moment.hour) and day != moment.date()
        if is_moved and (self._midnight_utc == "day" or (not moment.hour and self._midnight_utc is None)):
            self._midnights[field] += 1
            return moment.date().isoformat()
        if is_moved:
            self._moved.setdefault(field, Counter())[moment.replace(tzinfo=None)] += 1
        self._times[field] += 1
        return day.isoformat()

    def settle(self, otherwise: str = "") -> list[str]:
        """A sentence for each field whose times were read as days; `FactsError` where either may be meant.

        `otherwise` is what else the author of the times can do, besides writing days.
        """
        write = f"write days as YYYY-MM-DD{otherwise}"
        for field, others in self._times.items() if self._midnight_utc is None else ():
            if count := self._midnights[field]:
                raise FactsError(
                    f"{field}: {how_many(count, 'time is', 'times are')} midnight UTC, as programs write "
                    f"days, and {how_many(others, 'is', 'are')} not; {write}"
                )
        read = (
            f"{field}: {how_many(count, 'time of midnight UTC is', 'times of midnight UTC are')} read as the "
            f"written {'day' if count == 1 else 'days'}"
            for field, count in self._midnights.items()
        )
        return [*read, *self._other_midnights(write)]

    def _other_midnights(self, write: str) -> Iterator[str]:
        for field, moved in self._moved.items() if self._midnight_utc is None else ():
            days, hours = {one.date() for one in moved}, {one.hour for one in moved}
            if len(days) > _FEW and moved.total() == self._times[field] and max(hours) - min(hours) <= 1:
                written = " or ".join(f"{hour:02}:00" for hour in sorted(hours))
                yield (
                    f"{field}: every time is {written}, as programs write days of another zone, and is read "
                    f"as its day in {self._zone.key}, which is another one; if days are meant, {write}"
                )


class RowDays:
    """Turns a source's cells into days, with the form and zone that its settings declare.

    `ValueError` for a zone that does not exist, and for a form that does not give whole days.
    """

    def __init__(self, settings: MappedSettings, zone: ZoneInfo) -> None:
        self._form = settings.date_format
        if self._form not in (None, "spreadsheet") and not _gives_days(self._form):
            raise ValueError(
                f"date_format: {self._form} does not give a whole day; write year, month and day as in "
                "'%m/%d/%Y', or 'spreadsheet' for serial numbers"
            )
        try:
            self._zone = ZoneInfo(settings.zone) if settings.zone else None
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(
                f"zone: there is no time zone {settings.zone}; write one such as America/Denver"
            ) from error
        self._days = DayReader(zone, settings.midnight_utc)
        self._turned: list[str] = []
        """The cells with month and day in the other order than declared."""

    def settle(self) -> list[str]:
        """What `DayReader.settle` says, with the setting that answers its question.

        `FactsError` also where several cells have month and day in the other order.
        """
        if len(self._turned) > _FEW:
            raise FactsError(
                f"{len(self._turned)} days have month and day in another order than the declared form "
                f"{self._form}, such as {self._turned[0]}, so others may be read wrongly; correct the feed, "
                "or `date_format`"
            )
        return self._days.settle(_SETTING)

    def day(self, name: str, value: Any) -> Any:
        """The day in a cell of the field `name`; anything but text and numbers unchanged.

        `ValueError` for an unreadable cell. `FactsError` for a date in a form that the settings do not
        declare: then the problem is the source, not the one row.
        """
        if isinstance(value, int | float) and not isinstance(value, bool):
            raise _undeclared(name, str(value))
        if not isinstance(value, str):
            return value
        try:
            if self._form == "spreadsheet":
                return _from_serial(value)
            if self._form is not None:
                return self._parsed(name, value, self._form)
            if _SERIAL.fullmatch(value) or _LOCAL.fullmatch(value):
                raise _undeclared(name, value)
            if self._zone is not None and _BARE_TIME.fullmatch(value):
                return self._days.day_of(name, datetime.fromisoformat(value).replace(tzinfo=self._zone))
            return self._days.day(name, value)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error

    def _parsed(self, name: str, value: str, form: str) -> str:
        try:
            moment = datetime.strptime(value, form)  # noqa: DTZ007 — made aware below, where it has a time
        except ValueError as error:
            with suppress(ValueError):
                datetime.strptime(value, _turned(form))  # noqa: DTZ007 — only tried
                self._turned.append(f"{name} {show(value)}")
            raise ValueError(
                f"{show(value)} is not in the declared form {form}; correct it, or `date_format`"
            ) from error
        if not any(part in form for part in _TIME_OF_DAY):
            return str(moment.date())
        if moment.tzinfo is None:
            if self._zone is None:
                raise ValueError(f"{show(value)} is a time without an offset; declare `zone`")
            moment = moment.replace(tzinfo=self._zone)
        return self._days.day_of(name, moment)


def _gives_days(form: str) -> bool:
    """Whether days written in this form are the same when read."""
    try:
        read = [datetime.strptime(day.strftime(form), form).date() for day in _TRIED]  # noqa: DTZ007 — days
    except (ValueError, re.error):  # strptime raises re.error for a repeated part
        return False
    return read == [day.date() for day in _TRIED]


def _turned(form: str) -> str:
    """The form with month and day in each other's place."""
    return form.translate({ord("m"): "d", ord("d"): "m"})


def _undeclared(name: str, value: str) -> FactsError:
    return FactsError(
        f"{name} {show(value)} is a date in a form that is not declared; "
        "set date_format, such as '%m/%d/%Y', or 'spreadsheet' for serial numbers"
    )


def _from_serial(value: str) -> str:
    if not _SERIAL.fullmatch(value):
        raise ValueError(f"{show(value)} is no spreadsheet serial number; correct it, or `date_format`")
    return str(_SPREADSHEET_EPOCH + timedelta(days=int(float(value))))
