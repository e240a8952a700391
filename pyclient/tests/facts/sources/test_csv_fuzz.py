"""Whatever bytes an export holds, every row is used or reported, and nothing but `FactsError` is raised."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from icaccess.errors import FactsError
from tests.facts.feeds import JOBS, SOURCES, folder, merged

cells = st.text(max_size=5) | st.sampled_from(
    ["1", "2", "210", "2020-01-01", "2020-02-30", 'a"b', "a,b", "a\nb", "ü"]
)
rows = st.lists(st.tuples(*[cells] * 5), max_size=6)
SOURCE = {**JOBS, "expect": {"min_rows": 0, "max_rejected": 1}, "optional": True}


def read(data: bytes) -> tuple[int, int, str | None]:
    """How many rows came, how many became something that is told, and why the feed failed."""
    with tempfile.TemporaryDirectory() as directory:
        config = folder(Path(directory), {"jobs.csv": data}, [*SOURCES[:2], SOURCE, *SOURCES[3:]])
        try:
            _, source = merged(config)
        except FactsError as error:
            assert "\n" not in str(error)
            return 0, 0, str(error)
        count = source.reports()[2]
        return count.rows, count.used + count.repeated + count.unmatched + count.rejected, count.failure


@settings(max_examples=80)
@given(rows, st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_rows_in_are_rows_used_and_rows_reported(
    rows: list[tuple[str, ...]], ending: str, mark: bool
) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator=ending)
    writer.writerow(["id", "role", "location", "start", "end"])
    writer.writerows(rows)
    came, told, failure = read(text.getvalue().encode("utf-8-sig" if mark else "utf-8"))
    assert came == told
    if failure is None:
        assert came == sum(any(cell.strip() for cell in row) for row in rows)


@settings(max_examples=80)
@given(st.binary(max_size=80) | st.text(alphabet='id,role\n\r"; \x00\t210-', max_size=80).map(str.encode))
def test_bytes_that_are_no_export_at_all(data: bytes) -> None:
    read(data)
    read(b"id,role,location,start,end\n" + data)
