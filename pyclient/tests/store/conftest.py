"""The tests of the store, which are quick tests on each kind of database."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.stores import url_of


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a store that is still to be made, on each kind of database in turn."""
    return url_of(request, tmp_path)
