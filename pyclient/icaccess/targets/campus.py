"""Infinite Campus, which has no interface that writes user groups: a work list out, a membership export back.

An administrator carries the list out with the User Account Batch Wizard. What the wizard did, did not do, or
did wrong shows in Campus's own export of the groups' members, and nothing else is believed. So every change
is pending until an export that is newer than its list shows it. An older one still says who held access then,
so that a run can put further changes on further lists meanwhile.
"""

from __future__ import annotations

import csv
import io
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path

from msgspec.structs import replace

from icaccess.config import Config
from icaccess.errors import ConfigError, TargetError, file_errors
from icaccess.files import file_to_read, write_private
from icaccess.models import Access, Change
from icaccess.tables import as_csv
from icaccess.targets.groups import GroupSettings, GroupTarget, Member, Members, check_groups
from icaccess.targets.interface import NOBODY, Listing, Match, Result, account_of

AHEAD = 300 * 10**9
"""How far ahead of this machine's clock an export may be dated, in nanoseconds."""
LIST_COLUMNS = ("batch", "action", "account", "user_group", "employee_id")
_ACCOUNT_COLUMN: dict[Match, str] = {"id": "staffNumber", "username": "username", "email": "email"}


class CampusSettings(GroupSettings, frozen=True, kw_only=True):
    """The section `target.campus`: groups are Campus's user groups, by name."""

    work_lists: str = ""
    """The folder that work lists are written to."""
    export: str = ""
    """Campus's membership export: CSV with a row for each member of each group."""
    account_column: str | None = None
    """The export's column that is the account; by `match`: staffNumber, username or email."""
    group_column: str = "userGroup"
    other_columns: tuple[str, ...] = ()
    """Further columns that the export may have; any that is not known is an error."""


class CampusTarget(GroupTarget):
    """Work lists out, the membership export in."""

    batch_size = None  # one list for all that a run changes
    deferred = True

    def __init__(self, settings: CampusSettings, work_lists: Path, export: Path) -> None:
        super().__init__(settings)
        self._lists = work_lists
        self._export = export
        self._exported = 0
        self._account_column = settings.account_column or _ACCOUNT_COLUMN[settings.match]
        self._group_column = settings.group_column
        self._columns = {self._account_column, self._group_column}
        self._others = set(settings.other_columns)

    @property
    def identity(self) -> str:
        """The groups."""
        return f"campus {', '.join(self.settings.all_groups)}"

    def listing(self, expected: Mapping[str, Access] = NOBODY, accounts_before: int = 0) -> Listing:
        """What the export says, when it was made, and which lists are newer and wait for another one."""
        found = super().listing(expected, accounts_before)
        return replace(
            found,
            exported_at=_instant(self._exported),
            waiting=self._waiting(),
            removals_show=not found.missing,
        )

    def proof(self) -> str:
        """What was checked."""
        return (
            f"the export of {_instant(self._exported):%Y-%m-%d %H:%M} UTC shows the last run's accounts; "
            "a removal counts when an export newer than its list shows all others"
        )

    def members(self) -> Members:
        """What the export says; `TargetError` for one that is not of these very groups."""
        text = self._read_export()
        found: dict[str, dict[str, Member]] = {group: {} for group in self.settings.all_groups}
        for line, account, group in self._rows(text):
            if group not in found:
                raise TargetError(
                    f"{self._export} line {line}: is about the user group {group!r}, which is not "
                    "configured; export the configured groups alone"
                )
            name = account or f"line {line}"
            found[group][name] = Member(name, account, "" if account else f"no {self._account_column}")
        if not any(found.values()):
            raise TargetError(
                f"{self._export}: holds no member at all, and an empty export is never believed; export "
                "again, or give access to one person by hand first if nobody has it yet"
            )
        return {group: list(members.values()) for group, members in found.items()}

    def apply(self, changes: Sequence[Change], batch: str) -> Iterator[Result]:
        """Write the work list of a batch; a list that is there already is left as it is."""
        if not self._read:
            self.listing()
        results = []
        rows = []
        for change in changes:
            try:
                add, remove = self.steps(change)
            except LookupError as error:
                results.append(Result("failed", str(error.args[0])))
                continue
            for action, groups in (("add", add), ("remove", remove)):
                rows += [(batch, action, change.account, group, change.employee_id) for group in groups]
            results.append(Result("pending", f"on work list {batch}"))
        if rows:
            self._write(batch, rows)
        yield from results

    def handed_over(self, batch: str) -> bool:
        """Whether the list of a batch stands in the folder."""
        return self._path(batch).exists()

    def _read_export(self) -> str:
        """The text of the export, as old as it was before it was read, should somebody write it meanwhile."""
        try:
            with file_to_read(self._export).open(encoding="utf-8-sig", newline="") as file:
                self._exported = os.fstat(file.fileno()).st_mtime_ns
                text = file.read()
        except (OSError, UnicodeDecodeError) as error:
            said = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise TargetError(f"{self._export}: the export cannot be read: {said}; export again") from error
        if self._exported > time.time_ns() + AHEAD:
            raise TargetError(
                f"{self._export}: is dated {_instant(self._exported):%Y-%m-%d %H:%M} UTC, after now; "
                "correct the clock that dated it, and export again"
            )
        return text

    def to_do(self, batch: str, due_on: date | None) -> str:
        """Where the work list lies, what to do with it, by when, and what comes then."""
        by = f" by {due_on}" if due_on else ""
        return (
            f"The work list is {self._path(batch).resolve()}. Carry it out in Campus{by} with the User "
            f"Account Batch Wizard, then export the groups' members to {self._export.resolve()}. "
            "The next run verifies the changes by that export."
        )

    def _path(self, batch: str) -> Path:
        return self._lists / f"{batch}.csv"

    def _waiting(self) -> dict[str, datetime]:
        """The lists that are no older than the export; `TargetError` when nobody can say which there are.

        An editor may leave a link there that leads nowhere, and somebody may move a list away meanwhile.
        """
        dated = {}
        with file_errors(TargetError, f"{self._lists}: the work lists cannot be read", "correct this folder"):
            for path in sorted(self._lists.iterdir()) if self._lists.exists() else ():
                with suppress(FileNotFoundError):
                    if path.suffix == ".csv" and path.is_file():
                        dated[path.stem] = path.stat().st_mtime_ns
        return {batch: _instant(at) for batch, at in dated.items() if at >= self._exported}

    def _rows(self, text: str) -> Iterator[tuple[int, str, str]]:
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        try:
            names = reader.fieldnames or ()
            missing, unknown = self._columns - {*names}, {*names} - self._columns - self._others
            if missing or unknown or len(names) > len({*names}):
                if missing:
                    what = f"has no column {min(missing)!r}"
                elif unknown:
                    what = f"has the unknown column {min(unknown)!r}"
                else:
                    what = f"has the column {max(names, key=names.count)!r} twice"
                raise TargetError(
                    f"{self._export} line 1: {what}; export the columns {', '.join(sorted(self._columns))}, "
                    "or name others in target.campus.other_columns"
                )
            for row in reader:
                account, group = row[self._account_column], row[self._group_column]
                uneven = None in row or None in row.values()
                if account is None or not group or uneven or not account.isprintable():
                    raise TargetError(
                        f"{self._export} line {reader.line_num}: needs one {self._account_column}, one "
                        f"{self._group_column} and as many cells as columns; export again"
                    )
                yield reader.line_num, account_of(self.match, account.strip()), group
        except csv.Error as error:
            raise TargetError(
                f"{self._export} line {reader.line_num}: is no CSV: {error}; export again"
            ) from error

    def _write(self, batch: str, rows: Sequence[tuple[str, ...]]) -> None:
        """The list at once or not at all, so that nobody ever works on half of one."""
        path = self._path(batch)
        content = as_csv([LIST_COLUMNS, *rows]).encode()
        with file_errors(TargetError, f"{path}: the work list cannot be written", "correct its folder"):
            if not path.exists():
                write_private(path, [content])
            elif file_to_read(path).read_bytes() != content:
                raise TargetError(f"{path}: is there already and is another list; move it away and run again")


def open_target(config: Config, settings: CampusSettings) -> CampusTarget:
    """The groups and files that `target.campus` names; `ConfigError` when it says too little."""
    where = f"{config.file}: target.campus"
    for name in ("work_lists", "export"):
        if not getattr(settings, name):
            raise ConfigError(f"{where}.{name}: is required")
    check_groups(where, settings)
    return CampusTarget(settings, config.path(settings.work_lists), config.path(settings.export))


def _instant(nanoseconds: int) -> datetime:
    return datetime.fromtimestamp(nanoseconds / 1e9, UTC)
