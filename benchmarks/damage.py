"""The ways in which a feed is damaged, one at a time."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

WAYS = (
    "cut at each line",
    "one row gone",
    "one key respelled",
    "a tenth of the keys respelled",
    "a column blanked",
    "a column of the wrong feed",
)
Damaged = Iterator[tuple[str, str, str]]
"""The way in which a feed is damaged, the detail, and the text that it then has."""


class Table:
    """A delimited feed as its header and rows, and the place of the column that names people or places."""

    def __init__(self, text: str) -> None:
        self.mark = text[: text.startswith("\ufeff")]
        text = text.removeprefix(self.mark)
        self.delimiter = ";" if ";" in text.splitlines()[0] else ","
        self.header, *self.rows = csv.reader(io.StringIO(text), delimiter=self.delimiter)

        named = [self.header.index(name) for name in ("userSourcedId", "identifier") if name in self.header]
        self.key = named[0] if named else 0

    def column(self, place: int) -> list[str]:
        """The cells of one column; a row that is too short has none."""
        return [row[place] for row in self.rows if len(row) > place]

    def text(self, rows: Sequence[Sequence[str]]) -> str:
        """The feed with other rows."""
        out = io.StringIO()
        csv.writer(out, delimiter=self.delimiter, lineterminator="\n").writerows([self.header, *rows])
        return self.mark + out.getvalue()

    def with_cells(self, place: int, cells: Sequence[str]) -> str:
        """The feed with other cells in one column, repeated where they are too few."""
        given = (cells[number % len(cells)] for number in range(len(self.rows)))
        return self.text(
            [[*row[:place], cell, *row[place + 1 :]] for row, cell in zip(self.rows, given, strict=True)]
        )


def respelled(key: str, way: int) -> str:
    """A key as people and spreadsheets write it, in one of five ways."""
    return (f" {key} ", f"{key}.0", f"0{key}", key.replace("0", "O"), f"{key}x")[way % 5]


def damaged_lines(text: str) -> Damaged:
    """A feed cut at each line."""
    lines = text.splitlines(keepends=True)
    for number in range(len(lines)):
        yield WAYS[0], f"{number} lines", "".join(lines[:number])


def damaged_table(text: str, others: dict[str, Table]) -> Damaged:
    """A delimited feed damaged in each way; `others` are the feeds that a wrong column may come from."""
    table = Table(text)
    for number, row in enumerate(table.rows):
        before, after = table.rows[:number], table.rows[number + 1 :]
        yield WAYS[1], f"row {number + 1}", table.text([*before, *after])
        key = respelled(row[table.key], number)
        changed = [*row[: table.key], key, *row[table.key + 1 :]]
        yield WAYS[2], f"row {number + 1} {key!r}", table.text([*before, changed, *after])
    keys = table.column(table.key)
    for way in range(5):
        for first in range(10):
            new = [respelled(key, way) if number % 10 == first else key for number, key in enumerate(keys)]
            yield WAYS[3], f"spelling {way + 1} from row {first + 1}", table.with_cells(table.key, new)
    for place, name in enumerate(table.header):
        yield WAYS[4], name, table.with_cells(place, [""])
        for feed, other in others.items():
            source = (place + 1) % len(other.header)
            cells = other.column(source)
            yield WAYS[5], f"{name} = {feed} {other.header[source]}", table.with_cells(place, cells)


def damaged_records(text: str) -> Damaged:
    """Records in JSON damaged in each way that leaves them JSON."""
    wrapped = text.startswith('{"employees"')
    records = json.loads(text)["employees"] if wrapped else [json.loads(line) for line in text.splitlines()]

    def written(changed: list[dict[str, object]]) -> str:
        lines = [json.dumps(record) for record in changed]
        return '{"employees": [' + ",".join(lines) + "]}" if wrapped else "\n".join([*lines, ""])

    for number, record in enumerate(records):
        before, after = records[:number], records[number + 1 :]
        yield WAYS[1], f"record {number + 1}", written([*before, *after])
        key = respelled(record["id"], number)
        yield WAYS[2], f"record {number + 1} {key!r}", written([*before, {**record, "id": key}, *after])
    for name in dict.fromkeys(name for record in records for name in record):
        blanks: tuple[object, ...] = ("", None, [])
        for blank in blanks:
            changed = [
                {key: blank if key == name else one for key, one in record.items()} for record in records
            ]
            yield WAYS[4], f"{name} = {blank!r}", written(changed)


def damaged_yaml(text: str) -> Damaged:
    """A YAML feed with one line gone."""
    lines = text.splitlines(keepends=True)
    for number in range(len(lines)):
        yield WAYS[1], f"line {number + 1}", "".join([*lines[:number], *lines[number + 1 :]])


def damages(feeds: list[Path]) -> Iterator[tuple[Path, str, str, str]]:
    """Every damage to every feed: the file, the way, the detail, and the text it then has."""
    texts = {feed: feed.read_text(encoding="utf-8") for feed in feeds}
    others = {feed.name: Table(text) for feed, text in texts.items() if feed.suffix == ".csv"}
    for feed, text in texts.items():
        of = {".csv": lambda text: damaged_table(text, others), ".yaml": damaged_yaml}
        for damaged in (damaged_lines, of.get(feed.suffix, damaged_records)):
            for way, detail, changed in damaged(text):
                yield feed, way, detail, changed
