"""One file for each kind of feed; here they are opened, with the mapping that their settings describe."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfoNotFoundError

from icaccess.config import Config
from icaccess.errors import ConfigError
from icaccess.facts.interface import Feed
from icaccess.facts.mapping import RowMapping
from icaccess.facts.reading import MappedReader, Reader
from icaccess.facts.settings import (
    CsvSource,
    HttpSource,
    Kind,
    MappedSource,
    OneRosterSource,
    Source,
    Sources,
    YamlSource,
)

_RECORD_KINDS: frozenset[Kind] = frozenset(
    ("people", "employment", "assignments", "certifications", "approvals", "access")
)


def open_readers(config: Config, *, locations: bool = False) -> list[Reader]:
    """A reader for each configured source, in the order of the file; nothing is read yet.

    With `locations`, those that give locations, which are policy data; without, those that give facts.

    `ConfigError` is raised when two sources have one name, or a mapping names a field that no fact has.
    """
    sources: Sources = config.section("sources", Sources)
    names: set[str] = set()
    for index, source in enumerate(sources):
        if source.name in names:
            raise config.fail(
                ("sources", index, "name"), f"{source.name!r} is used twice; give each its own name"
            )
        names.add(source.name)
    return [
        _open(config, index, source, _given([other for other in sources if other is not source]))
        for index, source in enumerate(sources)
        if ("locations" in _kinds(source)) == locations
    ]


def _given(sources: list[Any]) -> frozenset[Kind]:
    return frozenset().union(*(_kinds(source) for source in sources))


def _kinds(source: Source) -> frozenset[Kind]:
    if isinstance(source, YamlSource):
        return _RECORD_KINDS if source.gives == "records" else frozenset({"approvals"})
    return frozenset({source.gives}) if isinstance(source, MappedSource) else frozenset()


def _open(config: Config, index: int, source: Source, others: frozenset[Kind]) -> Reader:
    def wrong(text: str) -> ConfigError:
        return config.fail(("sources", index), f"{source.name}: {text}")

    if isinstance(source, YamlSource):
        from icaccess.facts.sources.yaml import ApprovalsReader, RecordsReader

        if source.expect.columns:
            raise wrong("expect.columns: facts in the project's own shape have no columns; leave it out")
        path = config.path(source.path)
        if source.gives == "approvals":
            return ApprovalsReader(source, path, config.zone)
        return RecordsReader(source, path, config.zone, others)
    assert isinstance(source, MappedSource)  # noqa: S101 — the union of settings has no others
    if isinstance(source, OneRosterSource):
        from icaccess.facts.sources.oneroster import with_defaults

        source = with_defaults(source)
    if (problem := RowMapping.problem(source)) is not None:
        raise wrong(problem)
    feed, look = open_feed(config, source, wrong)
    try:
        return MappedReader(source, feed, RowMapping(source, config.zone, look))
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise wrong(f"{error}") from error


Look = Callable[[str], Callable[[Any], Any]]


def open_feed(config: Config, source: MappedSource, wrong: Callable[[str], ConfigError]) -> tuple[Feed, Look]:
    """The feed of a mapped source, and how a column of it is looked up."""
    if isinstance(source, CsvSource):
        from icaccess.facts.sources.csv import CsvFeed, column

        needed = (*source.key.values(), *source.fields.values(), *source.expect.columns)
        manifest = config.path(source.manifest) if source.manifest else None
        return CsvFeed(source, config.path(source.path), manifest, needed), column
    if isinstance(source, HttpSource):
        from icaccess.facts.sources.http import open_http

        return open_http(config, source, wrong)
    assert isinstance(source, OneRosterSource)  # noqa: S101 — the union of settings has no others
    from icaccess.facts.sources.oneroster import open_oneroster

    return open_oneroster(config, source, wrong)
