"""Days as sources write them, made calendar days in the district's zone."""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo

_TIMESTAMP = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)[Tt ](?P<time>\d\d:\d\d(:\d\d([.,]\d+)?)?) ?(?P<offset>[Zz]|[+-]\d\d:?\d\d)?"
)


def district_day(text: str, zone: ZoneInfo) -> str:
    """The day in `zone` of a timestamp that carries an offset; any other text as it is.

    `ValueError` is raised, with what to do, for a timestamp without an offset: it may belong to either of two
    days, and nobody can say which.
    """
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        return text
    if match["offset"] is None:
        raise ValueError(f"{text!r} is a time without an offset; give its day, or its offset from UTC")
    try:
        moment = datetime.fromisoformat(f"{match['day']}T{match['time']}{match['offset'].upper()}")
        return moment.astimezone(zone).date().isoformat()
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{text!r} is no time that exists; write a day as YYYY-MM-DD") from error
