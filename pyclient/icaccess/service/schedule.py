"""When a run is due: every service on one store has the same slots, so that each slot has one run."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

_FIRST_RETRY = timedelta(seconds=5)


def slot(now: datetime, interval: timedelta, zone: ZoneInfo) -> datetime:
    """The start of the slot that holds `now`: slots begin at the zone's midnight, so that dates are fresh."""
    midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(now.tzinfo)
    return midnight + (now - midnight) // interval * interval


def next_slot(now: datetime, interval: timedelta, zone: ZoneInfo) -> datetime:
    """The start of the slot after the one that holds `now`; at the latest the next midnight of the zone."""
    local = now.astimezone(zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0) + timedelta(days=1)
    return min(slot(now, interval, zone) + interval, midnight.astimezone(now.tzinfo))


def retry_after(failures: int, interval: timedelta) -> timedelta:
    """How long to wait after a number of failures in a row: twice as long each time, at most an interval."""
    doubled: int = 2 ** min(failures - 1, 20)
    return min(_FIRST_RETRY * doubled, interval)
