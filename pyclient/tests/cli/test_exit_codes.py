"""Exit code 1 says that nothing was changed; where something was, it is 4, with what is known."""

from __future__ import annotations

import errno
import io
import resource
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from icaccess.errors import ChangesFailed, StoreError
from icaccess.store.database import open_store
from icaccess.targets.interface import Change, Result
from tests.cli.test_changes import icaccess  # noqa: F401 (the fixture)
from tests.scripted import ScriptedClient, do, people, states
from tests.targets.fakes import MemoryTarget


def no_space_left() -> None:
    """From here on no file of this process can grow: what SQLite then says is what it says of a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))


@pytest.fixture(autouse=True)
def space() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


class FillingTarget(MemoryTarget):
    """Makes every change, and then the disk of the store is full."""

    def apply(self, changes: Sequence[Change], batch: str) -> Iterator[Result]:
        yield from list(super().apply(changes, batch))
        no_space_left()


def test_a_disk_that_fills_up_after_changes_were_made(tmp_path: Path, space: None) -> None:
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    client, records = ScriptedClient({"1": ("210",), "2": ("211",)}), people("1", "2", "3")
    with open_store(f"sqlite:///{tmp_path}/icaccess.db") as store:
        target = FillingTarget()
        with pytest.raises(ChangesFailed, match="run 1 began 2 of 2 changes, and could not record") as raised:
            do(store, target, client, records)
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
        assert raised.value.exit_code == 4
        assert sorted(target.listing().held) == ["1", "2"]
        assert {state for _, _, state in states(store)} == {"intended"}
        do(store, target, client, records)
        assert {state for _, _, state in states(store)} == {"verified"}


def test_a_disk_that_is_full_before_anything_was_changed(tmp_path: Path, space: None) -> None:
    with open_store(f"sqlite:///{tmp_path}/icaccess.db") as store:
        target = MemoryTarget()
        no_space_left()
        with pytest.raises(StoreError) as raised:
            do(store, target, ScriptedClient({"1": ("210",)}), people("1"))
        assert raised.value.exit_code == 1
        assert target.listing().held == {}


class FillingOutput(io.StringIO):
    """Standard output into a file whose disk is full when the result is written."""

    def write(self, text: str) -> int:
        if text.startswith("Run "):
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(text)


def test_output_that_cannot_be_written_after_changes_were_made(icaccess, tmp_path, monkeypatch):  # noqa: F811 (the fixture)
    icaccess("adopt")
    monkeypatch.setattr("sys.stdout", FillingOutput())
    code, _, err = icaccess("apply", "--yes")
    assert code == 4
    assert "run 2 made changes and recorded them (24 verified), and then: " in err
    with sqlite3.connect(tmp_path / "icaccess.db") as connection:
        assert connection.execute("SELECT count(*) FROM change WHERE state = 'verified'").fetchone() == (24,)
    connection.close()
