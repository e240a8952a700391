"""Writes files with personal data: completely or not at all, and readable only by their owner.

This module writes all plans, snapshots, work lists, lists of issues, audit exports, reports and caches. It
also knows where the files are that come with the package.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

PRIVATE = 0o600
"""The mode of every file with personal data."""


def write_private(path: Path, chunks: Iterable[bytes]) -> None:
    """Write `chunks` as the file `path`, which appears at once, complete and with mode 0600.

    It makes missing folders with mode 0700. It replaces what is at `path`: an older file whatever its mode,
    and a symbolic link itself, never the file that it names. It writes into a device or pipe, such as
    /dev/stdout. `OSError` when that fails; then what was there is unchanged.
    """
    write_private_files({path: chunks})


def write_private_files(contents: Mapping[Path, Iterable[bytes]]) -> None:
    """Write several files as `write_private` does; none appears before all are complete."""
    with contextlib.ExitStack() as undo:
        written = []
        for path, chunks in contents.items():
            if _is_stream(path):
                with path.open("wb") as stream:
                    stream.writelines(chunks)
            else:
                written.append((_write_beside(path, chunks, undo), path))
        for beside, path in written:
            beside.replace(path)
        for folder in {path.parent for _, path in written}:
            _sync_folder(folder)


def write_private_once(path: Path, chunks: Iterable[bytes]) -> None:
    """Write a file as `write_private` does, but keep a file that is already at `path`."""
    with contextlib.ExitStack() as undo:
        beside = _write_beside(path, chunks, undo)
        with contextlib.suppress(FileExistsError):
            os.link(beside, path)
        _sync_folder(path.parent)


def _write_beside(path: Path, chunks: Iterable[bytes], undo: contextlib.ExitStack) -> Path:
    """A new file with mode 0600 beside `path`, complete and on the disk; `undo` removes it if it is left."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "a folder of that name is in the way", str(path))
    try:
        make_folder(path.parent)
    except FileExistsError as error:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path.parent)) from error
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    undo.callback(Path(name).unlink, missing_ok=True)
    with os.fdopen(handle, "wb") as file:
        file.writelines(chunks)
        file.flush()
        os.fsync(file.fileno())
    return Path(name)


def make_folder(folder: Path, mode: int = 0o700) -> None:
    """Make a folder and its missing parents, each with this mode whatever the umask."""
    for one in reversed((folder, *folder.parents)):
        if one == folder or not one.exists():
            one.mkdir(mode, exist_ok=True)


def make_private(path: Path) -> None:
    """Give a file mode 0600; create it empty if it is missing. Another owner's file keeps its mode."""
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE))
    with contextlib.suppress(OSError):
        mode = path.stat().st_mode
        # A device, such as /dev/null, is everybody's.
        if stat.S_ISREG(mode) and stat.S_IMODE(mode) != PRIVATE:
            path.chmod(PRIVATE)


def installed(name: str) -> Path:
    """A folder that came with the package, or the one of the source tree."""
    package = Path(__file__).resolve().parent
    bundled = package / "bundled" / name
    return bundled if bundled.is_dir() else package.parents[1] / name


def file_to_read(path: Path, *, piped: bool = False) -> Path:
    """The same path; `OSError` for a pipe or device: reading one may never end, and gives nothing twice.

    With `piped`, what is read once may be a pipe without a name, as a shell makes one of `<(command)`.
    """
    mode = path.stat().st_mode
    is_unnamed = stat.S_ISFIFO(mode) and not path.resolve().exists()
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or (piped and is_unnamed)):
        raise OSError(errno.EINVAL, "it is a pipe or device, not a file", str(path))
    return path


def _is_stream(path: Path) -> bool:
    """Whether a path names something to write into, which no file may replace."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    place = Path(os.path.abspath(path))  # noqa: PTH100 (`resolve` would follow /dev/stdout)
    named = place.is_relative_to("/proc") or place.parent in (Path("/dev"), Path("/dev/fd"))
    return named or not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _sync_folder(folder: Path) -> None:
    """Make the renames in a folder last through a power failure, where its file system can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
