"""A Campus of our own: it holds user groups, carries work lists out as people do, and exports who is in them.

It shares no code with the target that it is there to try.
"""

from __future__ import annotations

import csv
import os
import random
from pathlib import Path


class CampusSimulator:
    """User groups and their members; the clock is a number of seconds that only ever grows."""

    def __init__(self, folder: Path, groups: list[str], *, seed: int = 0) -> None:
        self.folder = folder
        self.members: dict[str, set[str]] = {group: set() for group in groups}
        self.random = random.Random(seed)
        self.done: set[str] = set()
        self.export_file = folder / "export.csv"
        (folder / "lists").mkdir(parents=True, exist_ok=True)

    @property
    def lists(self) -> list[Path]:
        """The work lists that nobody has worked on yet, oldest first."""
        return [path for path in sorted((self.folder / "lists").glob("*.csv")) if path.name not in self.done]

    def chase(self, pending: set[tuple[str, str]]) -> None:
        """Do the rows that were left undone, by batch and account, as somebody does who is shown them."""
        for path in sorted((self.folder / "lists").glob("*.csv")):
            with path.open(newline="") as file:
                for row in csv.DictReader(file):
                    if (row["batch"], row["account"]) in pending:
                        change = set.add if row["action"] == "add" else set.discard
                        change(self.members[row["user_group"]], row["account"])

    def carry_out(self, *, share: float = 1.0, wrong: float = 0.0) -> None:
        """Work on every new list: only a share of its rows, and some of them in the wrong group."""
        for path in self.lists:
            self.done.add(path.name)
            with path.open(newline="") as file:
                for row in csv.DictReader(file):
                    if self.random.random() >= share:
                        continue
                    group = row["user_group"]
                    if self.random.random() < wrong:
                        group = self.random.choice(sorted(self.members))
                    if row["action"] == "add":
                        self.members[group].add(row["account"])
                    elif row["action"] == "remove":
                        self.members[group].discard(row["account"])
                    else:
                        raise AssertionError(row)

    def change_on_its_own(self, accounts: list[str], *, times: int = 1) -> None:
        """Somebody adds and removes people without any list."""
        for _ in range(times):
            members = self.members[self.random.choice(sorted(self.members))]
            account = self.random.choice(accounts)
            members.symmetric_difference_update({account})

    def export(self) -> Path:
        """The membership export, newer than every list."""
        with self.export_file.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["username", "userGroup"])
            for group in sorted(self.members):
                writer.writerows([account.upper(), group] for account in sorted(self.members[group]))
        newest = max((path.stat().st_mtime_ns for path in (self.folder / "lists").glob("*.csv")), default=0)
        at = max(newest, self.export_file.stat().st_mtime_ns) + 1_000_000
        os.utime(self.export_file, ns=(at, at))
        return self.export_file
