"""OneRoster services and CSV bundles: their collections, each object as the REST binding writes it."""

from __future__ import annotations

import tempfile
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from lzma import LZMAError
from pathlib import Path
from typing import Any

from icaccess.config import Config
from icaccess.config.secrets import shown_url
from icaccess.errors import FactsError
from icaccess.facts.settings import CsvSettings, OneRosterSettings
from icaccess.facts.sources.csv import CsvFile
from icaccess.facts.sources.json_api import JsonApi, Pages
from icaccess.files import file_to_read
from icaccess.validation import show

_NOT_STAFF = {"student", "parent", "guardian", "relative"}
_GONE = {"tobedeleted", "inactive"}
_TRUE = {"true", "1"}
_MAX_PAGES = 100_000
_FILES = ("manifest.csv", "orgs.csv", "users.csv", "roles.csv")
_MAX_UNPACKED = 1 << 30
"""The size of the largest bundle to unpack, in bytes; a million people take a quarter of it."""
_BROKEN_ZIP = (OSError, EOFError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error, LZMAError)
"""What zipfile raises for a damaged file, and RuntimeError for an encrypted one."""

Row = dict[str, Any]


class Roster(ABC):
    """A OneRoster service or bundle."""

    @abstractmethod
    def collection(self, name: str) -> Iterator[Row]:
        """The objects of `orgs` or `users`; `FactsError` when they are unreadable or incomplete."""

    def close(self) -> None:  # noqa: B027 — only some have anything to close
        """Close connections and remove temporary files."""


def is_current(thing: Mapping[str, Any]) -> bool:
    """Whether an object counts; since 1.1, the `inactive` of 1.0 means `tobedeleted`."""
    return str(thing.get("status")).strip().lower() not in _GONE


def status_problem(thing: Mapping[str, Any]) -> str | None:
    """Why nobody can say whether an object counts: its status is none of the standard's."""
    status = str(thing.get("status") or "active").strip()
    if status.lower() in {"active", *_GONE}:
        return None
    return f"its status {show(status)} is none of active, inactive and tobedeleted; correct it"


def staff_roles(user: Row) -> Iterator[Row]:
    """Where a user works or worked: in 1.2 `roles` with org and days, in 1.1 one `role` and some `orgs`."""
    roles = user.get("roles")
    if isinstance(roles, list):
        held = [role for role in roles if isinstance(role, dict)]
    else:
        orgs = user.get("orgs")
        held = [{"role": user.get("role"), "org": org} for org in (orgs if isinstance(orgs, list) else [])]
    return (role for role in held if str(role.get("role")).strip().lower() not in _NOT_STAFF)


class RosterService(Roster):
    """The REST binding, read with limit and offset."""

    def __init__(self, config: Config, settings: OneRosterSettings) -> None:
        self._url = settings.url.reveal().rstrip("/") if settings.url else ""
        self._size = settings.page_size
        self._api = JsonApi(config, settings)

    def collection(self, name: str) -> Iterator[Row]:
        """The objects of a collection.

        Accepted: no `X-Total-Count`; 204 for an empty page; a `Link: rel="next"` past the end, which is not
        followed; pages shorter than requested; `enabledUser` as text or number.
        """
        url = f"{self._url}/{name}"
        pages = Pages(url)
        for _ in range(_MAX_PAGES):
            answer = self._api.get(url, {"limit": str(self._size), "offset": str(pages.rows)})
            page = _listed(answer.body, name, url)
            said = answer.headers.get("x-total-count", "")
            pages.take(page, int(said) if said.isdecimal() else None)
            yield from (_normal(thing) for thing in page)
            if not page or pages.rows == pages.total:
                break
        pages.check_whole()
        pages.check_order()

    def close(self) -> None:
        """Close the connections."""
        self._api.close()


def _listed(body: Any, name: str, url: str) -> list[Row]:
    if body is None:
        return []
    found = None
    if isinstance(body, dict):
        found = next((value for key, value in body.items() if key.lower() == name.lower()), None)
    if not isinstance(found, list) or not all(isinstance(thing, dict) for thing in found):
        raise FactsError(f"{shown_url(url)}: holds no list of {name}; is it a OneRoster service?")
    return found


def _normal(thing: Row) -> Row:
    if "enabledUser" in thing:
        thing["enabledUser"] = str(thing["enabledUser"]).lower() in _TRUE
    return thing


class Bundle(Roster):
    """The CSV binding: a folder or zip file with `manifest.csv` and one file for each collection."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self._manifest: dict[str, str] | None = None

    def collection(self, name: str) -> Iterator[Row]:
        """The objects of a collection; refuses a bundle of changes only (`delta`), which is not complete."""
        rows = self._rows(name)
        if name != "users" or self._declared("roles") == "absent":
            return (_from_csv(row) for row in rows)
        roles: dict[str, list[Row]] = {}
        for role in self._rows("roles"):
            roles.setdefault(role["userSourcedId"], []).append(
                {**_from_csv(role), "org": {"sourcedId": role["orgSourcedId"]}}
            )
        return self._with_roles(rows, roles)

    def _with_roles(self, users: Iterator[Mapping[str, Any]], roles: dict[str, list[Row]]) -> Iterator[Row]:
        """The users with their roles; `FactsError` when a role may be anybody's."""
        identifiers: dict[str, str] = {}
        for user in users:
            sourced_id, identifier = user["sourcedId"], user.get("identifier", "")
            if identifiers.setdefault(sourced_id, identifier) != identifier:
                raise FactsError(
                    f"{self._path}: users.csv has the user {sourced_id!r} with two identifiers; get it again"
                )
            yield {**_from_csv(user), "roles": roles.get(sourced_id, [])}
        for sourced_id, held in roles.items():
            if sourced_id not in identifiers and any(
                is_current(role) for role in staff_roles({"roles": held})
            ):
                raise FactsError(
                    f"{self._path}: roles.csv names the user {sourced_id!r}, who is not among the users; "
                    "get both again"
                )

    def close(self) -> None:
        """Remove the unpacked files."""
        if self._temporary is not None:
            self._temporary.cleanup()

    def _rows(self, name: str) -> Iterator[Mapping[str, Any]]:
        declared = self._declared(name)
        if declared != "bulk":
            raise FactsError(
                f"{self._path}: its manifest says {declared!r} for {name}; a bulk export is needed"
            )
        for line, row in self._read(name):
            if isinstance(row, str):
                raise FactsError(f"{self._path}: {name}.csv line {line}: {row}; get it whole again")
            yield row

    def _declared(self, name: str) -> str:
        if self._manifest is None:
            manifest: dict[str, str] = {}
            for _, row in self._read("manifest"):
                if not isinstance(row, str):
                    manifest[row["propertyName"]] = row["value"].strip().lower()
            self._manifest = manifest
        return self._manifest.get(f"file.{name}", "absent")

    def _read(self, name: str) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
        file = self._folder() / f"{name}.csv"
        settings = CsvSettings(name=name, gives="people", key={"id": "sourcedId"}, path=str(file))
        needed = {"manifest": ("propertyName", "value"), "roles": ("userSourcedId", "orgSourcedId", "role")}
        columns = needed.get(name, ("sourcedId",))
        yield from CsvFile(settings, file, columns, self._path / file.name).rows()

    def _folder(self) -> Path:
        if self._path.is_dir():
            return self._path
        if self._temporary is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="icaccess-")
            try:
                with zipfile.ZipFile(file_to_read(self._path)) as bundle:
                    files = [file for file in bundle.infolist() if file.filename in _FILES]
                    names = {file.filename for file in files}
                    if len(names) < len(files):
                        raise FactsError(f"{self._path}: holds a file twice; get the export again")
                    if "manifest.csv" not in names:
                        raise FactsError(
                            f"{self._path}: holds no manifest.csv at its top; zip the files, not their folder"
                        )
                    if sum(file.file_size for file in files) > _MAX_UNPACKED:
                        raise FactsError(
                            f"{self._path}: unpacks to more than {_MAX_UNPACKED:,} bytes; give the folder"
                        )
                    for file in files:
                        bundle.extract(file, self._temporary.name)
            except _BROKEN_ZIP as error:
                raise FactsError(
                    f"{self._path}: is neither a folder nor a readable zip file ({error}); get it again"
                ) from error
        return Path(self._temporary.name)


def _from_csv(row: Mapping[str, Any]) -> Row:
    """A line in the form of the REST binding, with lists, references and `metadata.…`."""
    thing: Row = {key: value or None for key, value in row.items() if not key.startswith("metadata.")}
    metadata = {
        key.removeprefix("metadata."): value for key, value in row.items() if key.startswith("metadata.")
    }
    if metadata:
        thing["metadata"] = metadata
    if row.get("orgSourcedIds"):
        thing["orgs"] = [{"sourcedId": part.strip()} for part in row["orgSourcedIds"].split(",")]
    return _normal(thing)
