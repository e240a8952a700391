"""The list of locations, taken from a source that knows the places, as policy data to be reviewed."""

from __future__ import annotations

from pathlib import Path

import yaml

from icaccess.config import Config
from icaccess.errors import ConfigError, FactsError
from icaccess.facts.mapping import Place
from icaccess.facts.reading import Reader


def places(readers: list[Reader]) -> dict[str, dict[str, str]]:
    """Every place by its id; `FactsError` when a source cannot be believed, or gives one id to two places."""
    found: dict[str, dict[str, str]] = {}
    for reader in readers:
        for item in reader.items():
            if not isinstance(item.fact, Place):
                raise FactsError(f"{item.reason}; correct the source, so that no location is left out")
            place = (
                {"name": item.fact.name, "type": item.fact.type}
                if item.fact.name
                else {"type": item.fact.type}
            )
            if found.setdefault(item.fact.id, place) != place:
                raise FactsError(
                    f"{reader.settings.name} row {item.row}: location {item.fact.id!r} is given twice"
                )
    return found


def write_places(config: Config, file: Path) -> int:
    """Write what the sources of locations give into `file`, to be compared with the policy data.


    The number of locations is returned. `ConfigError` is raised when no source gives any.
    """
    from icaccess.facts.sources import open_readers

    readers = open_readers(config, locations=True)
    if not readers:
        raise ConfigError(f"{config.file}: no source has `gives: locations`; add one")
    found = places(readers)
    text = "".join(
        f"{yaml.safe_dump({key: found[key]}, default_flow_style=None, allow_unicode=True, width=500)}"
        for key in sorted(found)
    )
    try:
        file.write_text("# Locations as the sources give them (data.locations).\n" + text, encoding="utf-8")
    except OSError as error:
        raise FactsError(f"{file}: cannot be written: {error.strerror}") from error
    return len(found)
