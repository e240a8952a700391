"""Whatever a file holds, every record in it is used or reported, and nothing but `FactsError` is raised."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from icaccess.errors import FactsError
from icaccess.facts.files import load
from icaccess.models import Employee, InvalidRecord, Record

DENVER = ZoneInfo("America/Denver")
SUFFIXES = st.sampled_from([".yaml", ".json", ".jsonl"])

days = st.dates().map(str) | st.sampled_from(
    ["2025-02-30", "2025-09-10T23:00:00Z", "2025-09-10T23:00:00", "9999-12-31"]
)
texts = st.text(max_size=6) | st.sampled_from(
    ["210", "001234", "no", "~", "1e3", "a: b", "\U0001f600", "x\u0085y"]
)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
    | days
)
periods = st.fixed_dictionaries(
    {"start": days}, optional={"end": days | scalars, "role": texts, "location": texts}
)
parts = st.recursive(
    scalars | periods, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3)
)
bodies = st.dictionaries(
    st.sampled_from(["name", "employment", "assignments", "certifications", "approvals", "access", "other"]),
    parts | st.lists(periods, max_size=3),
    max_size=4,
)


def write(suffix: str, records: list[dict[str, Any]], style: bool) -> bytes:
    if suffix == ".yaml":
        return yaml.safe_dump(
            {"employees": records}, allow_unicode=style, default_flow_style=style, sort_keys=False
        ).encode()
    if suffix == ".json":
        return json.dumps(records, indent=2 if style else None, ensure_ascii=not style).encode()
    return "\n".join(json.dumps(record, ensure_ascii=style) for record in records).encode()


def read(suffix: str, data: bytes) -> list[Record]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"facts{suffix}"
        file.write_bytes(data)
        return list(load([file], DENVER).records())


@settings(max_examples=80)
@given(SUFFIXES, st.lists(bodies, min_size=1, max_size=5), st.booleans())
def test_records_in_are_records_used_and_records_reported(
    suffix: str, bodies: list[dict[str, Any]], style: bool
) -> None:
    records = [{"id": f"E{number}", **body} for number, body in enumerate(bodies)]
    got = read(suffix, write(suffix, records, style))
    assert [record.id for record in got] == [record["id"] for record in records]
    for record in got:
        assert isinstance(record, Employee) or (record.problem and "\n" not in record.problem)


@settings(max_examples=80)
@given(SUFFIXES, st.lists(bodies, min_size=1, max_size=3), st.data())
def test_a_damaged_file_gives_one_line_or_records(
    suffix: str, bodies: list[dict[str, Any]], data: st.DataObject
) -> None:
    whole = write(suffix, [{"id": f"E{number}", **body} for number, body in enumerate(bodies)], style=False)
    at = data.draw(st.integers(0, len(whole)))
    damaged = whole[:at] + data.draw(st.binary(max_size=3)) + whole[at + data.draw(st.integers(0, 4)) :]
    try:
        got = read(suffix, damaged)
    except FactsError as error:
        assert "\n" not in str(error)
    else:
        assert all(isinstance(record, Employee | InvalidRecord) for record in got)


@settings(max_examples=80)
@given(
    SUFFIXES, st.binary(max_size=60) | st.text(alphabet='[]{}",:\n -id1e&*!#?|', max_size=60).map(str.encode)
)
def test_bytes_that_are_no_facts_at_all(suffix: str, data: bytes) -> None:
    try:
        read(suffix, data)
    except FactsError as error:
        assert "\n" not in str(error)


@settings(max_examples=60)
@given(st.lists(bodies, min_size=1, max_size=3))
def test_the_three_formats_agree(bodies: list[dict[str, Any]]) -> None:
    records = [{"id": f"E{number}", **body} for number, body in enumerate(bodies)]
    read_as = {
        suffix: read(suffix, write(suffix, records, style=False)) for suffix in (".yaml", ".json", ".jsonl")
    }
    kinds = {suffix: [type(record) for record in got] for suffix, got in read_as.items()}
    assert kinds[".json"] == kinds[".jsonl"] == kinds[".yaml"]
    for one, two, three in zip(*read_as.values(), strict=True):
        assert isinstance(one, InvalidRecord) or one == two == three
