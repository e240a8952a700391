"""The service's log: one JSON object a line on standard error, and no personal field in any."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime

import msgspec

from icaccess.store.database import instant

_encode = msgspec.json.Encoder(enc_hook=str).encode


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """The record as one line: instant, level, event, and what belongs to the event."""
        line = {
            "at": instant(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        return _encode(line).decode()


def service_log() -> logging.Logger:
    """The logger of the service, which writes JSON lines to standard error; `event` writes one."""
    log = logging.getLogger("icaccess.service")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines())
    log.handlers = [handler]
    log.setLevel(logging.INFO)
    log.propagate = False
    return log


def event(log: logging.Logger, name: str, *, level: int = logging.INFO, **fields: object) -> None:
    """Write one event with its fields: counts, instants, revisions and run numbers, never who somebody is."""
    log.log(level, name, extra={"fields": fields})
