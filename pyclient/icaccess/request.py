"""What a caller asks for, and all the parts that it needs: each opens once, when it is first used."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from icaccess.config import Config, load_config
from icaccess.errors import ConfigError, PolicyError
from icaccess.files import installed

if TYPE_CHECKING:  # `icaccess --help` imports this module, and needs none of these
    from icaccess.audit.heads import Receipt
    from icaccess.audit.keys import SigningKey
    from icaccess.facts.interface import Facts
    from icaccess.models import AnyRecord
    from icaccess.opa.client import AccessClient
    from icaccess.store.database import Store
    from icaccess.targets.interface import Target


@dataclass(frozen=True)
class Request:
    """What a caller asks for, as the command line's options give it; None and () mean the defaults."""

    config: Path | None = None
    policy: Path | None = None
    facts: Sequence[Path] = ()
    at: date | None = None
    opa_url: Sequence[str] = ()
    store: str | None = None
    progress: Callable[[str, int], None] = lambda _what, _count: None
    """Gets the name of the items that pass, such as "people", and how many just passed."""

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
        return self.at or self.today

    @property
    def today(self) -> date:
        """Today in the district's zone."""
        return datetime.now(self.settings.zone).date()

    @cached_property
    def store_url(self) -> str:
        """Where the store is: as given, else as configured."""
        from icaccess.store.settings import StoreSettings

        return self.store or self.settings.section("store", StoreSettings).url.reveal()

    @cached_property
    def source(self) -> Facts:
        """Where the facts come from: the files that were named, else the configured sources, merged."""
        from icaccess.facts import open_facts

        return open_facts(self.settings, self.facts, self.progress)

    @contextmanager
    def open(self, *, read_only: bool = False) -> Iterator[Opened]:
        """The parts that the request and its configuration name; closes at the end all that it opened.

        With `read_only`, a missing store reads as empty and is not made.
        """
        with ExitStack() as stack:
            yield Opened(self, stack, read_only=read_only)


class Opened:
    """The parts of a request. Each opens once, when it is first used."""

    def __init__(self, request: Request, stack: ExitStack, *, read_only: bool) -> None:
        self.request = request
        self.settings_digest = request.settings.digest
        self._stack = stack
        self._read_only = read_only

    @cached_property
    def facts(self) -> Facts:
        """Where the facts come from; compares configured sources with their last good run."""
        from icaccess.facts import open_facts
        from icaccess.store.settings import is_to_come

        request, remembered = self.request, {}
        if not request.facts and not is_to_come(request.store_url):
            from icaccess.store import feeds

            with self.store.reading() as connection:
                remembered = feeds.sizes(connection)
        return open_facts(request.settings, request.facts, request.progress, remembered)

    @property
    def nobody_yet(self) -> bool:
        """Whether certainly nobody holds access; without a store this needs no database."""
        from icaccess.store.settings import is_to_come
        from icaccess.targets.settings import TargetSettings

        kind = self.request.settings.section("target", TargetSettings).kind
        return kind == "ledger" and is_to_come(self.request.store_url)

    @cached_property
    def client(self) -> AccessClient:
        """The OPA that the request names, or one started for it.

        It checks the policy data first: `ConfigError` when that is missing or mistyped.
        """
        from icaccess.config.policy_data import load_policy_data
        from icaccess.opa.settings import OpaSettings, connect

        request = self.request
        policy, config = request.policy_directory, request.config_directory
        load_policy_data(config)
        client = connect(request.settings, request.opa_url)
        if client is not None:
            return self._stack.enter_context(client)
        from icaccess.opa.engine import running_opa

        timeout = request.settings.section("opa", OpaSettings).timeout
        return self._stack.enter_context(running_opa(policy, config, timeout=timeout))

    @cached_property
    def _record_key(self) -> SigningKey | None:
        from icaccess.audit.heads import record_key

        return record_key(self.request.settings, self.request.store_url, make=not self._read_only)

    @cached_property
    def store(self) -> Store:
        """The store; `StoreError` when it cannot be opened."""
        from icaccess.store.database import open_store

        url = self.request.store_url
        opened = open_store(url, read_only=self._read_only, key=self._record_key)
        return self._stack.enter_context(opened)

    @cached_property
    def document(self) -> Callable[[AnyRecord, dict[str, Any]], bytes] | None:
        """What makes the document to keep of each decision; None to keep none."""
        from icaccess.audit.replay import document_maker

        return document_maker(self.request.settings)

    def hand_over(self) -> tuple[Receipt, ...]:
        """Keep the newest run's rules, send the record's head to its witnesses, give their answers."""
        from icaccess.audit.heads import hand_over
        from icaccess.audit.replay import keep_rules

        keep_rules(self.store, self.request.settings, lambda: self.request.policy_directory)
        return hand_over(self.store, self.request.settings, self._record_key)

    @cached_property
    def target(self) -> Target:
        """The system that holds the access."""
        from icaccess.targets.settings import open_target

        target = open_target(self.request.settings, self.store)
        self._stack.callback(target.close)
        return target


def _default(name: str) -> Path:
    """The folder here, else the installed one."""
    here = Path(name)
    return here if here.is_dir() else installed(name)
