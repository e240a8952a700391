"""Infinite Campus, which has no interface that writes user groups: a work list out, a membership export back.

An administrator carries the list out with the User Account Batch Wizard. What the wizard did, did not do, or
did wrong shows in Campus's own export of the groups' members, which is the only thing believed. So every
change is pending until the export shows it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from icaccess.config import Config
from icaccess.errors import ConfigError, TargetError
from icaccess.files import write_private
from icaccess.targets.groups import GroupSettings, GroupTarget, check_groups
from icaccess.targets.interface import Change, Match, Result, Target, account_of

if TYPE_CHECKING:  # reading the settings needs no database
    from icaccess.store.database import Store

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
        self._account_column = settings.account_column or _ACCOUNT_COLUMN[settings.match]
        self._group_column = settings.group_column
        self._columns = {self._account_column, self._group_column}
        self._others = set(settings.other_columns)

    @property
    def identity(self) -> str:
        """The groups."""
        return f"campus {', '.join(sorted(self.settings.all_groups))}"

    def memberships(self) -> dict[str, frozenset[str]]:
        """What the export says; `TargetError` for one that cannot be the newest of these very groups."""
        try:
            text = self._export.read_text(encoding="utf-8-sig")
            exported = self._export.stat().st_mtime_ns
        except (OSError, UnicodeDecodeError) as error:
            said = error.strerror if isinstance(error, OSError) else "is not UTF-8"
            raise TargetError(f"{self._export}: the export cannot be read: {said}; export again") from error
        newest = max((path.stat().st_mtime_ns for path in self._lists.glob("*.csv")), default=0)
        if exported < newest:
            raise TargetError(
                f"{self._export}: is from {_instant(exported)}, before the last work list "
                f"of {_instant(newest)}; carry the list out in Campus and export again"
            )
        found: dict[str, set[str]] = {}
        for line, account, group in self._rows(text):
            if group not in self.settings.all_groups:
                raise TargetError(
                    f"{self._export} line {line}: is about the user group {group!r}, which is not "
                    "configured; export the configured groups alone"
                )
            found.setdefault(account, set()).add(group)
        if not found:
            raise TargetError(
                f"{self._export}: holds no member at all, and an empty export is never believed; export again"
            )
        return {account: frozenset(groups) for account, groups in found.items()}

    def apply(self, changes: Sequence[Change], batch: str) -> Iterator[Result]:
        """Write the work list of a batch; a list that is there already is left as it is."""
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

    def _path(self, batch: str) -> Path:
        return self._lists / f"{batch}.csv"

    def _rows(self, text: str) -> Iterator[tuple[int, str, str]]:
        reader = csv.DictReader(io.StringIO(text), strict=True)
        try:
            columns = set(reader.fieldnames or ())
            missing, unknown = self._columns - columns, columns - self._columns - self._others
            if missing or unknown:
                what = (
                    f"has no column {sorted(missing)[0]!r}"
                    if missing
                    else f"has the unknown column {_first(unknown)}"
                )
                raise TargetError(
                    f"{self._export} line 1: {what}; export the columns {', '.join(sorted(self._columns))}, "
                    "or name others in target.campus.other_columns"
                )
            for row in reader:
                account, group = row[self._account_column], row[self._group_column]
                if not (account and account.strip() and group):
                    raise TargetError(
                        f"{self._export} line {reader.line_num}: lacks its {self._account_column} or "
                        f"{self._group_column}; export again"
                    )
                yield reader.line_num, account_of(self.match, account), group
        except csv.Error as error:
            raise TargetError(
                f"{self._export} line {reader.line_num}: is no CSV: {error}; export again"
            ) from error

    def _write(self, batch: str, rows: Sequence[tuple[str, ...]]) -> None:
        """The list at once or not at all, so that nobody ever works on half of one."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(LIST_COLUMNS)
        writer.writerows(rows)
        path = self._path(batch)
        content = out.getvalue().encode()
        try:
            if path.exists():
                if path.read_bytes() == content:
                    return
                raise TargetError(f"{path}: is there already and is another list; move it away and run again")
            write_private(path, [content])
        except OSError as error:
            raise TargetError(f"{path}: the work list cannot be written: {error.strerror}") from error


def open_target(config: Config, _store: Store) -> Target:
    """The groups and files that `target.campus` names; `ConfigError` when it says too little."""
    from icaccess.targets.settings import TargetSettings

    settings = config.section("target", TargetSettings).campus
    for name in ("work_lists", "export"):
        if not getattr(settings, name):
            raise ConfigError(f"{config.file}: target.campus.{name}: is required")
    check_groups(config, "campus", settings)
    return CampusTarget(settings, config.path(settings.work_lists), config.path(settings.export))


def _instant(nanoseconds: int) -> str:
    return datetime.fromtimestamp(nanoseconds / 1e9, UTC).isoformat(timespec="seconds")


def _first(columns: set[str]) -> str:
    return repr(sorted(map(str, columns))[0])
