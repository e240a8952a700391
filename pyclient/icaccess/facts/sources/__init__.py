"""One file for each type of source; this module opens them as the settings list them."""

from __future__ import annotations

from importlib import import_module

from icaccess.config import Config
from icaccess.facts.interface import Source
from icaccess.facts.settings import (
    CsvSettings,
    HttpSettings,
    OneRosterSettings,
    Sources,
    SourceSettings,
    YamlSettings,
)

SOURCES: dict[type[SourceSettings], str] = {
    CsvSettings: "csv:CsvSource",
    HttpSettings: "http:HttpSource",
    OneRosterSettings: "oneroster:OneRosterSource",
    YamlSettings: "yaml:open_yaml",
}
"""What opens a source of each type, imported only if the settings have such a source."""


def open_sources(config: Config, *, locations: bool = False) -> list[Source]:
    """A source for each entry of `sources`, in the order of the file; reads nothing yet.

    With `locations`, those that give locations, which are policy data; without, those that give facts.
    `ConfigError` when two sources have one name, or the settings of one make no sense.
    """
    sources: list[Source] = []
    names: set[str] = set()
    for index, settings in enumerate(config.section("sources", Sources)):
        if settings.name in names:
            raise config.fail(
                ("sources", index, "name"), f"{settings.name!r} is used twice; give each its own name"
            )
        names.add(settings.name)
        module, _, name = SOURCES[type(settings)].partition(":")
        opened = getattr(import_module(f"{__name__}.{module}"), name)
        try:
            sources.append(opened(config, settings))
        except ValueError as error:
            raise config.fail(("sources", index), f"{settings.name}: {error}") from error
    return [source for source in sources if ("locations" in source.kinds) == locations]
