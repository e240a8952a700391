"""`icaccess.yaml` as frozen values.

Each part of icaccess declares the settings that it needs as a `Section` in its own module; `SECTIONS` names
them all, so that an unknown name in the file is an error. A section is imported and read only when it is
needed. Text may hold `${NAME}`, a variable of the environment, or `${file:/path}`, the content of a file;
where a setting is a secret, that is the only way to give it.
"""

from __future__ import annotations

import hashlib
import importlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from icaccess.config.secrets import Secret, SecretUrl, interpolate, readable_by_others, texts
from icaccess.errors import ConfigError
from icaccess.marked_yaml import Marked, read_file
from icaccess.validation import explain, field_name, show

__all__ = ["SECTIONS", "Config", "Secret", "SecretUrl", "Section", "Share", "load_config"]

FILE_NAME = "icaccess.yaml"
DEFAULT_ZONE = "America/Denver"
SECTIONS: dict[str, str] = {
    "sources": "icaccess.facts.settings:Sources",
    "facts": "icaccess.facts.settings:FactsSettings",
    "target": "icaccess.targets.settings:TargetSettings",
    "guard": "icaccess.guard:GuardSettings",
    "opa": "icaccess.opa.settings:OpaSettings",
    "store": "icaccess.store.settings:StoreSettings",
    "audit": "icaccess.audit.witnesses:AuditSettings",
    "service": "icaccess.service.settings:ServiceSettings",
    "notices": "icaccess.notices.settings:NoticeSettings",
}
"""The sections of `icaccess.yaml` and the type of each."""

T = TypeVar("T")
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
"""A part of a whole: 0.1 is a tenth."""


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The base of all settings: every field has a default, and unknown fields are refused."""


@dataclass(frozen=True)
class Config:
    """A configuration folder: its zone at once, each section when it is needed."""

    directory: Path
    zone: ZoneInfo
    _document: Marked = field(repr=False)

    @property
    def file(self) -> Path:
        """The file of the settings, whether it exists or not."""
        return self.directory / FILE_NAME

    @property
    def digest(self) -> str:
        """The SHA-256 of the file as written, so without the secrets that it refers to."""
        return hashlib.sha256(self.file.read_bytes() if self.file.exists() else b"").hexdigest()

    def path(self, written: str) -> Path:
        """A path from the settings: a relative one starts at the configuration folder."""
        return self.directory / Path(written).expanduser()

    def section(self, name: str, of: type[T]) -> T:
        """The section `name` as `of`, which gives the defaults if the file has none.

        `ConfigError`, with the line, when a field is unknown, mistyped, or a secret in plain text.
        """
        if name not in SECTIONS:
            raise KeyError(name)
        if name not in self._document.value:
            is_list = getattr(of, "__origin__", of) in (list, tuple)
            return msgspec.convert([] if is_list else {}, of)
        value = interpolate(self._document.value[name], (name,), self.fail)
        try:
            return msgspec.convert(value, of, dec_hook=_secret_hook)
        except msgspec.ValidationError as error:
            complaint = explain(error, value, of, secret=True)
            raise self.fail((name, *complaint.path), complaint.text) from error

    def check(self) -> None:
        """Read every section, to find a mistake in any of them now; `ConfigError` as in `section`."""
        for name, where in SECTIONS.items():
            if name in self._document.value:
                module, _, attribute = where.partition(":")
                self.section(name, getattr(importlib.import_module(module), attribute))

    def readable_secrets(self) -> list[Path]:
        """The files of secrets that every user of the machine can read."""
        return list(readable_by_others(self._document.value))

    def fail(self, path: tuple[str | int, ...], text: str) -> ConfigError:
        """An error about the setting at `path`, with file and line."""
        where = f"{self.file} line {self._document.line(path)}"
        return ConfigError(": ".join(filter(None, (where, field_name(path), text))))


def load_config(directory: Path) -> Config:
    """The configuration in `directory`; a folder without `icaccess.yaml` means the defaults.

    `ConfigError` when the folder is missing, or the file does not parse, holds an unknown
    section, or names a zone that does not exist.
    """
    if not directory.is_dir():
        raise ConfigError(f"{directory}: no such configuration folder; give --config or set ICACCESS_CONFIG")
    file = directory / FILE_NAME
    document = Marked({}, {(): 0}, [])
    if file.exists():
        document = read_file(file, ConfigError, "make it a file that this user may read")
    if document.value is None:
        document = document._replace(value={})
    config = Config(directory, ZoneInfo(DEFAULT_ZONE), document)
    if not isinstance(document.value, dict):
        raise config.fail((), "must be a mapping of sections")
    for problem in document.problems:
        raise config.fail(problem.path, problem.text)
    for path, text in texts(document.value):
        if "\0" in text:  # which no path, address or store accepts
            raise config.fail(path, "holds a NUL character; remove it")
    for name in document.value:
        if name != "zone" and name not in SECTIONS:
            raise config.fail((name,), f"is not a known section; known: zone, {', '.join(SECTIONS)}")
    return Config(directory, _zone(config, document.value.get("zone", DEFAULT_ZONE)), document)


def _zone(config: Config, name: object) -> ZoneInfo:
    try:
        return ZoneInfo(str(name))
    except (ValueError, OSError, KeyError) as error:
        raise config.fail(
            ("zone",), f"{show(name)} is not a time zone; write one such as {DEFAULT_ZONE}"
        ) from error


def _secret_hook(of: type, value: object) -> object:
    if of is Secret or of is SecretUrl:
        return of.from_config(value)
    raise NotImplementedError(of)
