"""The section `service` of `icaccess.yaml`, and the form of its intervals."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from msgspec import Meta

from icaccess.config import Section
from icaccess.errors import UsageError

_INTERVAL = r"[1-9][0-9]*[smhd]"
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_DAY = timedelta(days=1)

Interval = Annotated[str, Meta(pattern=f"^{_INTERVAL}$")]
"""A whole number and a unit: `30s`, `15m`, `6h`, `1d`."""


class ServiceSettings(Section, frozen=True):
    """How often `icaccess run` works, and where it shows its state.

    Runs are due at midnight in the district's zone and every `interval` after, at most a day. `listen` is
    `HOST:PORT` of the health and metrics pages.
    """

    interval: Interval = "1h"
    listen: str = "127.0.0.1:9464"

    def __post_init__(self) -> None:
        try:
            parse_interval(self.interval)
            parse_address(self.listen)
        except UsageError as error:
            raise ValueError(str(error)) from error


def parse_interval(text: str) -> timedelta:
    """The interval that `text` gives; `UsageError` when it gives none, or more than a day."""
    if not re.fullmatch(_INTERVAL, text):
        raise UsageError(f"interval {text!r}: write a whole number and a unit, such as 15m, 6h or 1d")
    try:
        interval = timedelta(**{_UNITS[text[-1]]: int(text[:-1])})
    except OverflowError:
        interval = timedelta.max
    if interval > _DAY:
        raise UsageError(f"interval {text!r}: is longer than a day, and dates change daily; write at most 1d")
    return interval


def parse_address(text: str, name: str = "listen") -> tuple[str, int]:
    """Host and port of `HOST:PORT`; `UsageError` with its `name` when it has another form."""
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise UsageError(f"{name} {text!r}: write HOST:PORT, such as 127.0.0.1:9464")
    return host.strip("[]"), int(port)
