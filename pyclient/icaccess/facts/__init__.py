"""Facts about employees, from files or from the systems that hold them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from icaccess.config import Config
from icaccess.facts.interface import Facts
from icaccess.models import SourceSize


def open_facts(
    config: Config,
    paths: Sequence[Path] = (),
    progress: Callable[[str, int], None] = lambda _what, _count: None,
    remembered: Mapping[str, SourceSize] = MappingProxyType({}),
) -> Facts:
    """The facts to decide on: those in `paths` if any are given, else the configured sources, merged.

    `progress` gets a source's name and the number of rows just read; `remembered` holds the size that each
    source had at the end of the last good run. If the configuration has policy data, its names are compared
    with those in the sources. `FactsError` for a source that is unreadable or not credible, `ConfigError` for
    settings that make no sense.
    """
    if paths:
        from icaccess.facts.files import load

        return load(paths, config.zone)
    from icaccess.config.policy_data import load_policy_data
    from icaccess.facts.merge import MergedFacts
    from icaccess.facts.names import Vocabulary
    from icaccess.facts.settings import FactsSettings
    from icaccess.facts.sources import open_sources

    known = None
    if (config.directory / "requirements").is_dir():
        known = Vocabulary.of(load_policy_data(config.directory))
    settings = config.section("facts", FactsSettings)
    return MergedFacts(open_sources(config), settings, progress, remembered, known)
