"""Facts of employees, from files or from the systems that hold them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from icaccess.config import Config
from icaccess.facts.interface import FactsSource


def open_facts(
    config: Config, paths: Sequence[Path] = (), progress: Callable[[str, int], None] | None = None
) -> FactsSource:
    """The facts to decide on: those in `paths` where any are given, else the configured sources, merged.

    `progress` is called with a source's name and the number of rows just read. `FactsError` and `ConfigError`
    are raised as those that read raise them.
    """
    if paths:
        from icaccess.facts.files import load

        return load(paths, config.zone)
    from icaccess.facts.merge import MergedFacts
    from icaccess.facts.settings import FactsSettings
    from icaccess.facts.sources import open_readers

    return MergedFacts(open_readers(config), config.section("facts", FactsSettings), progress)
