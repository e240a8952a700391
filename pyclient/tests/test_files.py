"""Files that tell of people: whole or not at all, mode 0600, and never through somebody else's link."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from icaccess.audit.heads import read_heads
from icaccess.audit.keys import public_key
from icaccess.errors import FactsError, IcaccessError
from icaccess.files import file_to_read, make_folder, make_private, write_private, write_private_files
from icaccess.marked_yaml import read_file
from icaccess.review.page import read_page
from icaccess.review.report_files import read as read_report


@pytest.fixture(params=[0o000, 0o022, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_the_mode_is_0600_whatever_the_umask_and_the_older_file(tmp_path: Path, umask: int) -> None:
    new, old = tmp_path / "deep" / "new", tmp_path / "old"
    old.touch()
    old.chmod(0o666)
    for path in (new, old):
        write_private(path, [b"one\n", b"two\n"])
        assert path.read_bytes() == b"one\ntwo\n"
        assert mode(path) == 0o600
    assert mode(new.parent) == 0o700


def test_missing_folders_are_made_private(tmp_path: Path, umask: int) -> None:
    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "b" / "c", 0o755)
    assert [mode(tmp_path / one) for one in ("a", "a/b")] == [0o700, 0o700]
    assert not mode(tmp_path / "a/b/c") & 0o022


def test_a_link_is_replaced_and_what_it_names_is_left_alone(tmp_path: Path) -> None:
    elsewhere, link = tmp_path / "elsewhere", tmp_path / "link"
    elsewhere.write_text("not ours")
    link.symlink_to(elsewhere)
    write_private(link, [b"ours"])
    assert elsewhere.read_text() == "not ours"
    assert not link.is_symlink()
    assert link.read_text() == "ours"
    link.unlink()
    link.symlink_to(tmp_path / "dangling")
    write_private(link, [b"ours"])
    assert not (tmp_path / "dangling").exists()


def test_a_failure_on_the_way_leaves_everything_as_it_was(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text("before")

    def broken() -> Iterator[bytes]:
        yield b"half"
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        write_private_files({first: [b"after"], second: broken()})
    assert first.read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["first"]


def test_a_folder_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError, match="a folder of that name is in the way"):
        write_private(tmp_path / "folder", [b"x"])
    with pytest.raises(OSError, match="Not a directory"):
        write_private(Path("/dev/null/under"), [b"x"])


def test_a_pipe_is_written_to_and_stays(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    write_private(pipe, [b"through"])
    reader.join()
    assert read == [b"through"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    write_private(Path("/dev/null"), [b"away"])
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


@pytest.mark.parametrize(
    "read",
    [
        read_report,
        read_heads,
        read_page,
        public_key,
        lambda pipe: read_file(pipe, FactsError, "give another"),
    ],
    ids=["report", "heads", "page", "audit key", "clauses"],
)
def test_no_command_waits_for_a_pipe(tmp_path: Path, read: Callable[[Path], object]) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(IcaccessError, match="it is a pipe or device, not a file"):
        read(tmp_path / "pipe")


def test_make_private_makes_a_file_or_tightens_one(tmp_path: Path, umask: int) -> None:
    new, old = tmp_path / "new", tmp_path / "old"
    old.write_text("kept")
    old.chmod(0o664)
    for path in (new, old):
        make_private(path)
        assert mode(path) == 0o600
    assert old.read_text() == "kept"


def test_make_private_leaves_a_device_or_pipe_alone(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    pipe.chmod(0o666)
    make_private(pipe)
    assert stat.S_IMODE(pipe.stat().st_mode) == 0o666


def test_what_is_read_once_may_be_a_pipe_of_the_shell(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "named")
    reading, writing = os.pipe()
    try:
        os.write(writing, b"text")
        os.close(writing)
        unnamed = Path(f"/dev/fd/{reading}")
        assert file_to_read(unnamed, piped=True).read_bytes() == b"text"
        for path, piped in ((unnamed, False), (tmp_path / "named", True), (Path(os.devnull), True)):
            with pytest.raises(OSError, match="it is a pipe or device"):
                file_to_read(path, piped=piped)
    finally:
        os.close(reading)
