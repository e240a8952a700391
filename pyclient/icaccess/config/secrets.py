"""Secrets come from outside the file: `${NAME}` and `${file:/path}`, and types that accept only these."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from icaccess.files import file_to_read
from icaccess.marked_yaml import Steps

_REFERENCE = re.compile(r"\$\{([^}]*)\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_URL_PASSWORD = re.compile(
    r"//[^/@\s]*:[^/@\s]+@|[?&;][^=&;]*(pass|pwd|secret|token|sig|(?<!ssl)key|credential)[^=&;]*=", re.I
)
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


class Interpolated(str):
    """Text that came at least partly from the environment or a file."""

    __slots__ = ()


class Secret:
    """A password, token or key, shown as `***` wherever it is printed; `reveal()` gives the text itself."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The secret itself."""
        return self._text

    def __repr__(self) -> str:
        return "***"

    @classmethod
    def from_config(cls, value: object) -> Self:
        """The secret that a setting refers to; `ValueError` when the file itself holds it."""
        if not isinstance(value, Interpolated):
            raise ValueError("a secret is written out here; put it in the environment and write ${NAME}, "  # noqa: TRY004
                             "or in a file and write ${file:/path}")  # fmt: skip
        if not value.isprintable():
            raise ValueError("the secret holds a line end or another character that does not print")
        return cls(str(value))


class SecretUrl(Secret):
    """A URL that may carry a password; a URL without one may be in the file."""

    __slots__ = ()

    def __repr__(self) -> str:
        return shown_url(self._text)

    @classmethod
    def from_config(cls, value: object) -> Self:
        """The URL of a setting; `ValueError` when it holds a password."""
        if isinstance(value, str) and not isinstance(value, Interpolated):
            if _URL_PASSWORD.search(value):
                raise ValueError(
                    "a password is written out in this URL; put the URL in the environment and write ${NAME}"
                )
            return cls(value)
        return super().from_config(value)


def is_http_url(url: str) -> bool:
    """Whether HTTP can ask at a URL: it has the scheme http or https, a host, and a port that is one."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    return bool(host) and parts.scheme in ("http", "https") and url.isprintable() and " " not in url


def shown_url(url: str) -> str:
    """A URL that is safe to show: without user, password, parameters and fragment, which may be secret."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "a URL"
    path = parts.path.partition(";")[0]
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{path}" if parts.scheme else path


def texts(value: object, path: Steps = ()) -> Iterator[tuple[Steps, str]]:
    """Every text within a value, and where it is."""
    if isinstance(value, str):
        yield path, value
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, one in inner:
        yield from texts(one, (*path, step))


def readable_by_others(value: object) -> Iterator[Path]:
    """The files that the settings in `value` refer to and that users other than the owner can read."""
    for _, text in texts(value):
        for reference in _REFERENCE.findall(text):
            file = Path(reference.removeprefix("file:"))
            if reference.startswith("file:") and file.exists() and file.stat().st_mode & stat.S_IROTH:
                yield file


def interpolate(value: Any, path: Steps, fail: Callable[[Steps, str], Exception]) -> Any:
    """The value at `path` with every `${…}` in its texts replaced; `fail` makes the error if that fails."""
    if isinstance(value, dict):
        return {key: interpolate(inner, (*path, key), fail) for key, inner in value.items()}
    if isinstance(value, list):
        return [interpolate(inner, (*path, index), fail) for index, inner in enumerate(value)]
    if not isinstance(value, str) or "${" not in value:
        return value
    return Interpolated(_REFERENCE.sub(lambda match: _lookup(match[1], path, fail), value))


def _lookup(reference: str, path: Steps, fail: Callable[[Steps, str], Exception]) -> str:
    kind, colon, where = reference.partition(":")
    if colon and kind == "file":
        try:
            if Path(where).stat().st_mode & _OTHERS_WRITE:
                raise fail(
                    path, f"the file {where} can be written by other users; make it private: chmod 600"
                )
            text = file_to_read(Path(where), piped=True).read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise fail(path, f"the file {where} cannot be read; put the secret there") from error
        if not text:
            raise fail(path, f"the file {where} is empty; put the secret there")
        return text
    if not _NAME.fullmatch(reference):
        raise fail(path, "write ${NAME} for a variable or ${file:/path} for a file")
    # A mounted or piped secret often ends with a line end, which is not part of it.
    found = os.environ.get(reference, "").rstrip("\r\n")
    if not found:
        raise fail(path, f"the environment variable {reference} is not set; set it before this runs")
    return found
