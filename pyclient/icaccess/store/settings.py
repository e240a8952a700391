"""The section `store` of `icaccess.yaml`."""

from __future__ import annotations

from icaccess.config import SecretUrl, Section


class StoreSettings(Section, frozen=True):
    """Where the store is: an SQLAlchemy URL; a relative SQLite file starts at the working directory."""

    url: SecretUrl = SecretUrl("sqlite:///var/icaccess.db")
