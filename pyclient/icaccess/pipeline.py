"""The order of things: facts, decisions, plan, guard, apply, verification. Only this module knows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from icaccess.config import Config, load_config
from icaccess.errors import ConfigError, PolicyError

if TYPE_CHECKING:  # `icaccess --help` reads this module, and needs neither OPA nor facts
    from icaccess.facts.interface import Facts, RecordBatch
    from icaccess.models import Record
    from icaccess.opa.client import AccessClient


@dataclass(frozen=True)
class Request:
    """What a caller asks for, as the command line's options give it; None and () stand for the defaults."""

    config: Path | None = None
    policy: Path | None = None
    facts: Sequence[Path] = ()
    at: date | None = None
    opa_url: Sequence[str] = ()
    store: str | None = None
    progress: Callable[[str, int], None] | None = None
    """Told a source's name and the number of rows just read from it."""

    @cached_property
    def config_directory(self) -> Path:
        """The configuration folder; `ConfigError` when it is not there."""
        found = self.config or _default("config")
        if not found.is_dir():
            raise ConfigError(f"{found}: no such configuration folder; give --config or set ICACCESS_CONFIG")
        return found

    @cached_property
    def policy_directory(self) -> Path:
        """The policy folder; `PolicyError` when it is not there."""
        found = self.policy or _default("policy")
        if not found.is_dir():
            raise PolicyError(f"{found}: no such policy folder; give --policy")
        return found

    @cached_property
    def settings(self) -> Config:
        """`icaccess.yaml` of the configuration folder."""
        return load_config(self.config_directory)

    @cached_property
    def day(self) -> date:
        """The day to decide for: as given, else today in the district's zone."""
        return self.at or datetime.now(self.settings.zone).date()

    @cached_property
    def store_url(self) -> str:
        """Where the store is: as given, else as configured."""
        from icaccess.store.settings import StoreSettings

        return self.store or self.settings.section("store", StoreSettings).url.reveal()

    def records(self) -> Iterator[Record]:
        """Every employee's record, one at a time; `FactsError` when the facts cannot be read or believed."""
        return self.source.records()

    def batches(self) -> Iterator[RecordBatch]:
        """The same, each unread until somebody asks what is in it, where the source can do so."""
        return self.source.batches()

    def facts_age(self) -> timedelta | None:
        """How old the oldest of the facts are, once their records were taken; None where nobody can say."""
        as_of = self.source.as_of
        return None if as_of is None else datetime.now(UTC) - as_of

    @cached_property
    def source(self) -> Facts:
        """Where the facts come from: the files that were named, else the configured sources, merged."""
        from icaccess.facts import open_facts

        return open_facts(self.settings, self.facts, self.progress)

    @contextmanager
    def client(self) -> Iterator[AccessClient]:
        """The OPA that was named, or one started for the purpose and stopped after.

        The policy data is judged first: `ConfigError` when it is missing or mistyped.
        """
        from icaccess.config.policy_data import load_policy_data
        from icaccess.opa.engine import open_client

        load_policy_data(self.config_directory)
        with open_client(self.settings, self.policy_directory, self.opa_url) as client:
            yield client


def _default(name: str) -> Path:
    """The folder here, else the one in the installed package, else the one of the source tree."""
    here = Path(name)
    if here.is_dir():
        return here
    bundled = Path(str(files("icaccess"))) / "bundled" / name
    return bundled if bundled.is_dir() else Path(__file__).resolve().parents[2] / name
