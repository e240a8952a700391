"""The example district in every format: the same facts to the last byte."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from importlib.util import module_from_spec, spec_from_file_location
from itertools import combinations
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest
import yaml

from icaccess.config import load_config
from icaccess.facts import open_facts
from icaccess.models import Employee
from tests.facts.sources.servers import Asked, Reply, serving

EXAMPLES = Path(__file__).parents[3] / "examples"
FORMATS = ("yaml", "json", "json lines", "csv", "oneroster bundle", "oneroster service", "http")


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    spec = spec_from_file_location("make_formats", EXAMPLES / "make_formats.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_what_is_committed_is_what_the_script_writes(maker: ModuleType, tmp_path: Path) -> None:
    maker.write(tmp_path)
    written = {
        file.relative_to(tmp_path): file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()
    }
    for folder in ("csv", "oneroster", "json", "approvals"):
        for file in (EXAMPLES / folder).rglob("*"):
            if file.is_file() and file.name != "icaccess.yaml":
                assert written.pop(file.relative_to(EXAMPLES)) == file.read_bytes(), (
                    "run examples/make_formats.py"
                )
    assert not written, "run examples/make_formats.py"


def merged(directory: Path) -> tuple[bytes, list[str]]:
    """The facts as OPA receives them, and the ids of the invalid records."""
    facts, invalid = [], []
    for record in open_facts(load_config(directory)).records():
        if isinstance(record, Employee):
            facts.append(msgspec.json.encode(record))
        else:
            invalid.append(record.id)
    return b"\n".join(facts), invalid


def settings(directory: Path, sources: list[dict[str, Any]]) -> Path:
    directory.mkdir(exist_ok=True)
    (directory / "icaccess.yaml").write_bytes(msgspec.json.encode({"sources": sources}))
    return directory


def records(directory: Path, path: str) -> Path:
    source = {"type": "yaml", "name": "d", "path": str(EXAMPLES / path), "vouches_for_roles": True}
    return settings(directory, [source])


def as_api(directory: Path, stack: ExitStack) -> Path:
    """The CSV exports served as JSON, each a page at a time, with the mapping that they have as CSV."""
    sources = yaml.safe_load((EXAMPLES / "csv" / "icaccess.yaml").read_text(encoding="utf-8"))["sources"]
    exports: dict[str, list[dict[str, str]]] = {}
    for source in sources:
        text = (EXAMPLES / "csv" / source["path"]).read_text(encoding="utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text), delimiter=source.get("delimiter", ",")))
        exports[f"/{source['name']}"] = [row for row in rows if row.get("EMPLID") != "TRAILER"]

    def answer(asked: Asked) -> Reply:
        offset, rows = int(asked.query["offset"]), exports[asked.path]
        return Reply({"rows": rows[offset : offset + 50]}, headers={"X-Total-Count": str(len(rows))})

    server = stack.enter_context(serving(answer))
    for source in sources:
        for name in ("path", "delimiter", "trailer"):
            source.pop(name, None)
        for part in ("key", "fields"):
            source[part] = {name: json.dumps(column) for name, column in source[part].items()}
        source |= {"type": "http", "url": f"{server.url}/{source['name']}", "items": "rows"}
        source["paging"] = {"style": "offset", "size": 50}
    return settings(directory, sources)


def as_service(directory: Path, stack: ExitStack) -> Path:
    """The OneRoster bundle served as OneRoster 1.2 REST; the rest as beside the bundle."""
    sources = yaml.safe_load((EXAMPLES / "oneroster" / "icaccess.yaml").read_text(encoding="utf-8"))[
        "sources"
    ]
    bundle = {
        name: list(csv.DictReader(io.StringIO((EXAMPLES / "oneroster/bundle" / f"{name}.csv").read_text())))
        for name in ("orgs", "users", "roles")
    }
    users = [
        {
            **user,
            "roles": [
                {**role, "org": {"sourcedId": role["orgSourcedId"]}, "metadata": _metadata(role)}
                for role in bundle["roles"]
                if role["userSourcedId"] == user["sourcedId"]
            ],
            "metadata": _metadata(user),
        }
        for user in bundle["users"]
    ]
    collections: dict[str, list[Any]] = {"orgs": bundle["orgs"], "users": users}

    def answer(asked: Asked) -> Reply:
        name, offset = asked.path.rpartition("/")[2], int(asked.query["offset"])
        return Reply({name: collections[name][offset : offset + 20]})

    server = stack.enter_context(serving(answer))
    for source in sources:
        if source["type"] == "oneroster":
            del source["path"]
            source["url"] = f"{server.url}/ims/oneroster/rostering/v1p2"
        elif "path" in source:
            source["path"] = str(EXAMPLES / "oneroster" / source["path"])
    return settings(directory, sources)


def _metadata(row: dict[str, str]) -> dict[str, str]:
    return {key.removeprefix("metadata."): value for key, value in row.items() if key.startswith("metadata.")}


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, tuple[bytes, list[str]]]]:
    folder = tmp_path_factory.mktemp("formats")
    with ExitStack() as stack:
        yield {
            "yaml": merged(records(folder / "yaml", "facts")),
            "json": merged(records(folder / "json", "json/district.json")),
            "json lines": merged(records(folder / "jsonl", "json/district.jsonl")),
            "csv": merged(EXAMPLES / "csv"),
            "oneroster bundle": merged(EXAMPLES / "oneroster"),
            "oneroster service": merged(as_service(folder / "service", stack)),
            "http": merged(as_api(folder / "http", stack)),
        }


@pytest.mark.parametrize(("one", "other"), list(combinations(FORMATS, 2)))
def test_every_pair_of_formats(facts: dict[str, tuple[bytes, list[str]]], one: str, other: str) -> None:
    assert facts[one] == facts[other]


def test_the_facts_are_those_of_the_files_themselves(facts: dict[str, tuple[bytes, list[str]]]) -> None:
    valid, invalid = facts["yaml"]
    assert valid.count(b"\n") + 1 >= 60
    assert invalid == ["100803", "100804"]
