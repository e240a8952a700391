"""OneRoster 1.1 and 1.2: who works where, what kind of place it is, and what people are called.

Servers differ more than the standard allows; what is tolerated is named where it is. The rows are the same
for the REST service and for the CSV bundle, so that one mapping serves both.
"""

from __future__ import annotations

import tempfile
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from icaccess.config import Config
from icaccess.errors import FactsError
from icaccess.facts.interface import MappedSource
from icaccess.facts.settings import CsvSettings, OneRosterSettings
from icaccess.facts.sources.csv import CsvFile
from icaccess.facts.sources.http import JsonFields
from icaccess.facts.sources.json_api import JsonApi, page_digest
from icaccess.http import shown

FIELDS = {
    "people": {"email": "email", "username": "username"},
    "assignments": {"role": "role", "location": "org.identifier", "start": "beginDate", "end": "endDate"},
    "locations": {"type": "type", "name": "name"},
}
"""What each kind of fact is taken from, where the settings do not say otherwise."""

_NOT_STAFF = {"student", "parent", "guardian", "relative"}
_TRUE = {"true", "1"}
_MAX_PAGES = 100_000

Row = dict[str, Any]


class Roster(ABC):
    """A OneRoster service or bundle: its collections, each object as the REST binding writes it."""

    @abstractmethod
    def collection(self, name: str) -> Iterator[Row]:
        """The objects of `orgs` or `users`; `FactsError` when they cannot be read whole."""

    def close(self) -> None:  # noqa: B027 — only some have anything to close
        """Let go of connections and temporary files."""


class OneRosterSource(MappedSource):
    """The rows of one kind out of a roster; a row's number is its place in the collection."""

    settings: OneRosterSettings

    def __init__(self, config: Config, settings: OneRosterSettings) -> None:
        if settings.gives not in FIELDS:
            raise ValueError(f"gives: OneRoster gives {', '.join(FIELDS)}")
        if (settings.url is None) == (settings.path is None):
            raise ValueError("give either the `url` of a service or the `path` of a bundle")
        self._fields = JsonFields(settings.expect.columns)
        fields = {**FIELDS[settings.gives], **settings.fields}
        super().__init__(config, msgspec.structs.replace(settings, fields=fields))
        self._roster: Roster
        if settings.url is not None:
            self._roster = Service(settings, config.path(settings.ca_file) if settings.ca_file else None)
        else:
            self._roster = Bundle(config.path(settings.path or ""))

    def column(self, name: str) -> Callable[[Any], Any]:
        """A field by its JMESPath expression."""
        return self._fields.look(name)

    def raw_rows(self) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
        """Each row with its number; those marked `tobedeleted`, and people who are no staff, are left out."""
        makers = {"people": self._people, "assignments": self._assignments, "locations": self._locations}
        number = 0
        try:
            for number, row in makers[self.settings.gives]():
                self._fields.seen(row)
                yield number, row
        finally:
            self._roster.close()
        if number:
            self._fields.check()

    def _people(self) -> Iterator[tuple[int, Row]]:
        for number, user in self._current("users"):
            if _is_staff(user):
                yield number, user

    def _locations(self) -> Iterator[tuple[int, Row]]:
        return self._current("orgs")

    def _assignments(self) -> Iterator[tuple[int, Row]]:
        orgs = {org.get("sourcedId"): org for _, org in self._current("orgs")}
        for number, user in self._current("users"):
            for held in _roles(user):
                org = orgs.get(_sourced_id(held.get("org")))
                if org is None:
                    raise FactsError(
                        f"user {user.get('sourcedId')!r} works in the org {_sourced_id(held.get('org'))!r}, "
                        "which is not among the orgs; get both anew"
                    )
                yield number, {"beginDate": None, "endDate": None, **user, **held, "org": org}

    def _current(self, name: str) -> Iterator[tuple[int, Row]]:
        for number, thing in enumerate(self._roster.collection(name), 1):
            if _is_current(thing):
                yield number, thing


def _is_current(thing: Mapping[str, Any]) -> bool:
    return str(thing.get("status", "active")).lower() != "tobedeleted"


def _roles(user: Row) -> Iterator[Row]:
    """Where a user works: `roles` in 1.2, each with org and days; in 1.1 one role and a list of `orgs`."""
    roles = user.get("roles")
    if isinstance(roles, list):
        held = [role for role in roles if isinstance(role, dict)]
    else:
        held = [{"role": user.get("role"), "org": org} for org in user.get("orgs") or []]
    return (role for role in held if str(role.get("role")).lower() not in _NOT_STAFF)


def _is_staff(user: Row) -> bool:
    return next(_roles(user), None) is not None


def _sourced_id(reference: Any) -> Any:
    return reference.get("sourcedId") if isinstance(reference, dict) else reference


class Service(Roster):
    """The REST binding, read with limit and offset."""

    def __init__(self, settings: OneRosterSettings, ca_file: Path | None) -> None:
        self._url = settings.url.reveal().rstrip("/") if settings.url else ""
        self._size = settings.page_size
        self._api = JsonApi(settings.auth, settings.timeout_seconds, ca_file)

    def collection(self, name: str) -> Iterator[Row]:
        """The objects of a collection.

        Tolerated: no `X-Total-Count`; 204 for an empty page; a `Link: rel="next"` past the end, which is not
        followed; pages shorter than asked for; `enabledUser` as text or number.
        """
        url, rows, total = f"{self._url}/{name}", 0, None
        seen: set[bytes] = set()
        for _ in range(_MAX_PAGES):
            answer = self._api.get(url, {"limit": str(self._size), "offset": str(rows)})
            said = answer.headers.get("x-total-count")
            if said is not None and said.isdecimal():
                if total not in (None, int(said)):
                    raise FactsError(
                        f"{shown(url)}: changed from {total} rows to {said} while it was read; try again"
                    )
                total = int(said)
            page = _listed(answer.body, name, url)
            if page and (digest := page_digest(page)) in seen:
                raise FactsError(
                    f"{shown(url)}: the page at {rows} repeats an earlier one; is `offset` ignored?"
                )
            seen |= {digest} if page else set()
            rows += len(page)
            yield from (_normal(thing) for thing in page)
            if not page or rows == total:
                break
        if total is not None and rows != total:
            raise FactsError(
                f"{shown(url)}: gave {rows} rows but says that it holds {total}; get it whole again"
            )

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
        raise FactsError(f"{shown(url)}: holds no list of {name}; is it a OneRoster service?")
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
        """The objects of a collection; a bundle of changes only (`delta`) is refused, as it is not whole."""
        rows = self._rows(name)
        if name != "users" or self._declared("roles") == "absent":
            return (_from_csv(row) for row in rows)
        roles: dict[str, list[Row]] = {}
        for role in self._rows("roles"):
            if _is_current(role):
                roles.setdefault(role["userSourcedId"], []).append(
                    {**_from_csv(role), "org": {"sourcedId": role["orgSourcedId"]}}
                )
        return self._with_roles(rows, roles)

    def _with_roles(self, users: Iterator[Mapping[str, Any]], roles: dict[str, list[Row]]) -> Iterator[Row]:
        """The users with their roles; `FactsError` when one is left over, which may be anybody's."""
        for user in users:
            yield {**_from_csv(user), "roles": roles.pop(user["sourcedId"], [])}
        for sourced_id, held in roles.items():
            if _is_staff({"roles": held}):
                raise FactsError(
                    f"{self._path}: roles.csv tells of the user {sourced_id!r}, who is not among the users; "
                    "get both anew"
                )

    def close(self) -> None:
        """Remove what was unpacked."""
        if self._temporary is not None:
            self._temporary.cleanup()

    def _rows(self, name: str) -> Iterator[Mapping[str, Any]]:
        declared = self._declared(name)
        if declared != "bulk":
            raise FactsError(
                f"{self._path}: its manifest says {declared!r} of {name}; a bulk export is needed"
            )
        for line, row in self._read(name):
            if isinstance(row, str):
                raise FactsError(f"{self._path}: {name}.csv line {line}: {row}")
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
        return CsvFile(settings, file, needed.get(name, ("sourcedId",))).rows()

    def _folder(self) -> Path:
        if self._path.is_dir():
            return self._path
        if self._temporary is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="icaccess-")
            try:
                with zipfile.ZipFile(self._path) as bundle:
                    for name in bundle.namelist():
                        if "/" not in name and name.endswith(".csv"):
                            bundle.extract(name, self._temporary.name)
            except (OSError, zipfile.BadZipFile) as error:
                raise FactsError(f"{self._path}: is no folder and no readable zip file") from error
        return Path(self._temporary.name)


def _from_csv(row: Mapping[str, Any]) -> Row:
    """A line as the REST binding would write it: lists, references and `metadata.…` in their places."""
    thing: Row = {key: value or None for key, value in row.items() if not key.startswith("metadata.")}
    metadata = {
        key.removeprefix("metadata."): value for key, value in row.items() if key.startswith("metadata.")
    }
    if metadata:
        thing["metadata"] = metadata
    if row.get("orgSourcedIds"):
        thing["orgs"] = [{"sourcedId": part.strip()} for part in row["orgSourcedIds"].split(",")]
    return _normal(thing)
