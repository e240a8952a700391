"""The section `store` of `icaccess.yaml`."""

from __future__ import annotations

import re
from pathlib import Path

from icaccess.config import SecretUrl, Section

_PLAIN_FILE = re.compile(r"sqlite:///([^?#%:]+)")


class StoreSettings(Section, frozen=True):
    """Where the store is: an SQLAlchemy URL; a relative SQLite file starts at the working directory."""

    url: SecretUrl = SecretUrl("sqlite:///var/icaccess.db")


def is_to_come(url: str) -> bool:
    """Whether a store is a file that is not there yet, as a URL shows that can be read without a database."""
    file = _PLAIN_FILE.fullmatch(url)
    return file is not None and not Path(file[1]).exists()
