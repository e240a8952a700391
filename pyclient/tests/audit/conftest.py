"""A record of some runs, with its key and its witnesses, for the tests of heads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from icaccess.audit.heads import record_key
from icaccess.config import Config, load_config
from icaccess.store.audit import Draft, append
from icaccess.store.database import Store, open_store


@pytest.fixture
def settings(tmp_path: Path) -> Config:
    """A configuration with a key and a file as witness, both apart from the store."""
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "icaccess.yaml").write_text(
        "audit: {key: ../apart/audit.key, witnesses: [{type: file, path: ../witness/heads.jsonl}]}\n"
    )
    return load_config(folder)


@pytest.fixture
def signed(store_url: str, settings: Config) -> Iterator[Store]:
    """A store whose record is signed, on each kind of database in turn."""
    with open_store(store_url, key=record_key(settings, store_url, make=True)) as store:
        yield store


def note(store: Store, *texts: str, run: int | None = None) -> None:
    """Record some entries in one transaction."""
    with store.writing() as connection:
        append(
            connection, store.now(), [Draft(kind="note", run_id=run, body={"text": text}) for text in texts]
        )
