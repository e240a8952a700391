"""Makes a past decision again, from the facts, the policy and the policy data that were used then."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, select, union

from icaccess.audit.witnesses import AuditSettings
from icaccess.config import Config
from icaccess.decisions import essence
from icaccess.errors import AuditError, IcaccessError, StoreError
from icaccess.models import AnyRecord, DecisionJson, Employee, InvalidRecord, Record, decoded
from icaccess.opa.bundles import Tree, config_tree, digest, policy_tree, write_tree
from icaccess.opa.engine import running_opa
from icaccess.store import audit, history
from icaccess.store.database import Store, instant
from icaccess.store.schema import run as run_table

_PERSONAL = ("name", "email", "username")
_encode = msgspec.json.Encoder(order="sorted").encode


class Replay(msgspec.Struct, frozen=True):
    """A past decision made again: its run, what was recorded, and what is decided now."""

    run: int
    as_of: date
    policy: str
    data: str
    recorded: dict[str, Any]
    decision: DecisionJson

    @property
    def differences(self) -> list[str]:
        """Each field in which the recorded decision differs, with both values."""
        now = essence(self.decision)
        return [
            f"{name}: recorded {_text(self.recorded.get(name))}, now {_text(now.get(name))}"
            for name in sorted(self.recorded.keys() | now.keys())
            if self.recorded.get(name) != now.get(name)
        ]


def document_maker(config: Config) -> Callable[[AnyRecord, dict[str, Any]], bytes] | None:
    """What makes the document of a record and its decision, without what the settings leave out."""
    kept = config.section("audit", AuditSettings).history
    if not kept.years:
        return None

    def document(record: AnyRecord, decision: dict[str, Any]) -> bytes:
        facts = msgspec.to_builtins(decoded(record))
        for name in () if kept.personal else _PERSONAL:
            facts.pop(name, None)
        return _encode({"decision": decision, "facts": facts})

    return document


def keep_rules(store: Store, config: Config, policy: Callable[[], Path]) -> None:
    """Keep the policy and the policy data of the newest run where these are the folders at hand, each once.

    Old documents are deleted here too, and all of them with 0 years: they would answer for the day of a run
    that keeps none. Where OPA decides by a policy that is not at hand, its revision alone is in the record,
    and `replay` needs the folder that has it. An error keeps nothing: the run has ended.
    """
    years = config.section("audit", AuditSettings).history.years
    limit = store.moment() - timedelta(days=round(365.25 * years))
    try:
        with store.writing() as connection:
            if not years:
                history.clear(connection, store.now())
                return
            if row := _run_until(connection, date.max):
                _keep_tree(connection, row.policy_revision or "", lambda: policy_tree(policy()))
                _keep_tree(connection, row.data_revision or "", lambda: config_tree(config.directory))
            history.prune(connection, store.now(), instant(limit))
    except (IcaccessError, OSError):
        return


def _keep_tree(connection: Connection, revision: str, read: Callable[[], Tree]) -> None:
    if not history.has_content(connection, revision) and digest(tree := read()) == revision:
        packed = {name: base64.b64encode(content).decode() for name, content in tree.items()}
        history.keep_content(connection, revision, audit.canonical(packed))


def replay(store: Store, employee_id: str, day: date, policy: Path, data: Path) -> Replay:
    """Decide for one person as the last run for a day or before it did.

    `policy` and `data` are folders that are used where the store does not have the rules and these are they.
    `AuditError` says what is not kept.
    """
    with store.reading() as connection:
        row = _run_until(connection, day)
        if row is None:
            raise AuditError(f"no run for {day} or a day before it is in the record; give a later day")
        found = history.find(connection, employee_id, row.started_at)
        if found is None:
            raise AuditError(
                f"{employee_id}: nothing is kept of this id for {day}; it was not in the facts, or the "
                "years that it is kept for are over"
            )
        rules = _rules(connection, row.policy_revision, policy, policy_tree)
        values = _rules(connection, row.data_revision, data, config_tree)
    as_of = date.fromisoformat(row.as_of)
    with tempfile.TemporaryDirectory(prefix="icaccess-replay-") as work:
        folders = Path(work, "policy"), Path(work, "config")
        for folder, tree in zip(folders, (rules, values), strict=True):
            write_tree(tree, folder)
        with running_opa(*folders) as client:
            decision = next(client.decide_json([_record(found.facts)], as_of))
    return Replay(row.id, as_of, row.policy_revision, row.data_revision, found.decision, decision)


def _run_until(connection: Connection, day: date) -> Any:
    c = run_table.c
    query = select(run_table).where(c.kind == "apply", c.as_of <= day.isoformat())
    return connection.execute(query.order_by(c.as_of.desc(), c.id.desc()).limit(1)).first()


def check_rules(connection: Connection) -> None:
    """`StoreError` names the first kept policy or policy data that somebody changed."""
    c = run_table.c
    for revision in connection.scalars(union(select(c.policy_revision), select(c.data_revision))):
        tree = _kept_tree(connection, revision or "")
        if tree is not None and digest(tree) != revision:
            raise StoreError(f"what is kept of {revision[:12]} was changed; restore a backup")


def _kept_tree(connection: Connection, revision: str) -> Tree | None:
    kept = history.read_content(connection, revision)
    try:
        return None if kept is None else msgspec.json.decode(kept, type=dict[str, bytes])
    except msgspec.DecodeError:
        return {}  # has another digest


def _rules(connection: Connection, revision: str, folder: Path, read: Callable[[Path], Tree]) -> Tree:
    tree = _kept_tree(connection, revision)
    if tree is None:
        tree = read(folder) if folder.is_dir() else {}
    if not tree or digest(tree) != revision:
        raise AuditError(
            f"the rules with the revision {revision[:12]} are not kept; give the folder that has them with "
            "--policy or --config"
        )
    return tree


def _record(facts: dict[str, Any]) -> Record:
    if "problem" in facts:
        return msgspec.convert(facts, InvalidRecord)
    return msgspec.convert(facts, Employee)


def _text(value: object) -> str:
    return _encode(value).decode()
