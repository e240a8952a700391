"""The service's log: one JSON object on each line of standard error, without personal data."""

from __future__ import annotations

import logging
import re
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from icaccess.errors import FactsError, IcaccessError
from icaccess.store.database import instant
from icaccess.text import impersonal, printable_json

_NUMBER = re.compile(r"\d{5,}")
_encode = msgspec.json.Encoder(enc_hook=str).encode


class JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """The record as one line: instant, level, event, and the event's fields."""
        line = {
            "at": instant(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        return printable_json(_encode(line)).decode()


def service_log() -> logging.Logger:
    """The logger of the service, which writes JSON lines to standard error; `event` writes one."""
    log = logging.getLogger("icaccess.service")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    log.handlers = [handler]
    log.setLevel(logging.INFO)
    log.propagate = False
    return log


def event(log: logging.Logger, name: str, *, level: int = logging.INFO, **fields: object) -> None:
    """Write one event with its fields: counts, instants, revisions and run numbers, never a person."""
    log.log(level, name, extra={"fields": fields})


def told(error: Exception) -> str:
    """What the log says about an error: source, row, field and fault, but no cell or word of another system.

    Only the list of issues has cells (`icaccess facts --issues FILE`). For an unexpected error the log has
    only its place in the program, since its words may be anything.
    """
    if isinstance(error, FactsError):
        return _NUMBER.sub("…", impersonal(str(error)))
    if isinstance(error, IcaccessError):
        return impersonal(str(error))
    place = traceback.extract_tb(error.__traceback__)[-1:]
    return "; ".join(f"{Path(frame.filename).name} line {frame.lineno}" for frame in place)
