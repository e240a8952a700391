"""Slots: cut alike by everybody, from the district's midnight on, over changes of the clock too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icaccess.config import load_config
from icaccess.errors import ConfigError, UsageError
from icaccess.service.loop import next_slot, retry_after, slot
from icaccess.service.settings import ServiceSettings, parse_address, parse_interval

DENVER = ZoneInfo("America/Denver")
HOUR = timedelta(hours=1)
instants = st.datetimes(
    min_value=datetime(2020, 1, 1), max_value=datetime(2040, 1, 1), timezones=st.just(UTC)  # noqa: DTZ001
)  # fmt: skip
intervals = st.sampled_from(["1s", "7s", "5m", "15m", "1h", "5h", "6h", "12h", "24h", "1d"]).map(
    parse_interval
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@given(instants, intervals)
def test_every_instant_lies_in_one_slot(now: datetime, interval: timedelta) -> None:
    start, end = slot(now, interval, DENVER), next_slot(now, interval, DENVER)
    assert start <= now < end
    assert slot(end - timedelta(microseconds=1), interval, DENVER) == start
    assert slot(end, interval, DENVER) == end


@pytest.mark.parametrize(
    ("now", "interval", "start", "end"),
    [
        ("2026-06-30T23:59:59-06:00", "1d", "2026-06-30T00:00-06:00", "2026-07-01T00:00-06:00"),
        ("2026-07-01T00:00:00-06:00", "1d", "2026-07-01T00:00-06:00", "2026-07-02T00:00-06:00"),
        ("2026-07-01T07:30:00-06:00", "6h", "2026-07-01T06:00-06:00", "2026-07-01T12:00-06:00"),
        # The day that loses an hour and the one that gains one still begin and end at midnight.
        ("2026-03-08T23:30:00-06:00", "12h", "2026-03-08T13:00-06:00", "2026-03-09T00:00-06:00"),
        ("2026-11-01T23:30:00-07:00", "12h", "2026-11-01T23:00-07:00", "2026-11-02T00:00-07:00"),
        # Five does not divide a day: the last slot is short.
        ("2026-07-01T23:00:00-06:00", "5h", "2026-07-01T20:00-06:00", "2026-07-02T00:00-06:00"),
    ],
    ids=["last second", "midnight", "within a day", "lost hour", "gained hour", "short slot"],
)
def test_slots_begin_at_midnight(now: str, interval: str, start: str, end: str) -> None:
    every = parse_interval(interval)
    assert slot(at(now), every, DENVER) == at(start)
    assert next_slot(at(now), every, DENVER) == at(end)


def test_a_midnight_that_comes_twice_begins_one_day() -> None:
    havana, day = ZoneInfo("America/Havana"), timedelta(days=1)
    first, second = at("2026-11-01T00:30:00-04:00"), at("2026-11-01T00:30:00-05:00")
    assert slot(first, day, havana) == slot(second, day, havana) == at("2026-11-01T00:00-04:00")


def test_retries_come_ever_later_and_never_later_than_a_run() -> None:
    waits = [retry_after(failures, HOUR).total_seconds() for failures in range(1, 12)]
    assert waits == [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600]
    assert retry_after(10**6, HOUR) == HOUR


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30), ("15m", 900), ("6h", 21600), ("24h", 86400), ("1d", 86400)]
)
def test_intervals_as_people_write_them(text: str, seconds: int) -> None:
    assert parse_interval(text).total_seconds() == seconds


@pytest.mark.parametrize("text", ["", "soon", "0m", "-5m", "1.5h", "15", "15 m", "m", "1w", "1h\n", "1h30m"])
def test_an_interval_that_is_none_gets_one_line(text: str) -> None:
    with pytest.raises(UsageError, match=r"write a whole number and a unit, such as 15m, 6h or 1d$"):
        parse_interval(text)


@pytest.mark.parametrize("text", ["2d", "25h", "999999999999999d"])
def test_an_interval_over_a_day_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is longer than a day"):
        parse_interval(text)


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("interval: 2d", r"line 1: service: interval '2d': is longer than a day"),
        ("listen: localhost", r"line 1: service: listen 'localhost': write HOST:PORT"),
    ],
    ids=["interval", "listen"],
)
def test_a_setting_is_checked_when_it_is_read(tmp_path: Path, setting: str, says: str) -> None:
    (tmp_path / "icaccess.yaml").write_text(f"service: {{{setting}}}\n")
    with pytest.raises(ConfigError, match=says):
        load_config(tmp_path).section("service", ServiceSettings)


def test_addresses() -> None:
    assert parse_address("127.0.0.1:9464") == ("127.0.0.1", 9464)
    assert parse_address("[::1]:0") == ("::1", 0)
    for wrong in ("9464", ":9464", "localhost", "localhost:", "localhost:x", "localhost:65536", ""):
        with pytest.raises(UsageError, match="write HOST:PORT"):
            parse_address(wrong)
