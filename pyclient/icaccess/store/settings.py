"""The section `store` of `icaccess.yaml`."""

from __future__ import annotations

import re
from pathlib import Path

from icaccess.config import SecretUrl, Section

_PLAIN_FILE = re.compile(r"sqlite:///([^?#%:]+)")


class StoreSettings(Section, frozen=True):
    """Where the store is: an SQLAlchemy URL; a relative SQLite file starts at the working directory."""

    url: SecretUrl = SecretUrl("sqlite:///var/icaccess.db")


def file_of(url: str) -> Path | None:
    """The file that a store is, where its URL is plain enough to be read without a database."""
    file = _PLAIN_FILE.fullmatch(url)
    return None if file is None else Path(file[1])


def is_to_come(url: str) -> bool:
    """Whether a store is a file that is surely not there yet."""
    file = file_of(url)
    try:
        return file is not None and not file.exists()
    except OSError:  # whoever opens it will say why it cannot be looked at
        return False
