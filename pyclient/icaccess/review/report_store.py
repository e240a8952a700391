"""What the store remembers, for the report: what gave access and took it, and where the audit record ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection, Row, select

from icaccess.audit.heads import record_key, witness_state
from icaccess.audit.render import sentence
from icaccess.config import Config
from icaccess.errors import AuditError, StoreError
from icaccess.models import BasisApproval
from icaccess.notices.proof import Telling
from icaccess.review.report_data import Audit, Given, Removal
from icaccess.store import audit, consents, past_runs
from icaccess.store.database import Store
from icaccess.store.schema import audit as audit_table
from icaccess.store.schema import change, run
from icaccess.store.verify import verify
from icaccess.targets.interface import Target


class _Reason(msgspec.Struct, frozen=True):
    code: str


class _Basis(msgspec.Struct, frozen=True):
    approval: BasisApproval


class _Intent(msgspec.Struct, frozen=True):
    """The part of an audit entry about an intent that tells what a change rested on.

    It reads no more than the report needs: an entry of an older store lacks some fields of today's basis.
    """

    n: int
    target: str
    reasons: tuple[_Reason, ...] = ()
    basis: _Basis | None = None


class History:
    """What runs at one target did, by the journal and the audit record; days are in the district's zone."""

    def __init__(self, store: Store, target: Target, zone: ZoneInfo) -> None:
        self._zone = zone
        with store.reading() as connection:
            runs = connection.execute(select(run).where(run.c.target == target.identity)).all()
            self._runs = {row.id: past_runs.run_day(row.id, row.as_of) for row in runs}
            changes = select(change).where(change.c.target == target.identity)
            self._changes = connection.execute(changes.order_by(change.c.run_id.desc(), change.c.n)).all()
            for row in self._changes:
                if row.run_id not in self._runs:
                    raise StoreError(
                        f"change {row.n} of run {row.run_id} is of no run: the store was edited; restore a "
                        "backup, and see `icaccess audit verify`"
                    )
            self._intents = dict(self._read_intents(connection, target.identity))
            adopted = select(audit_table.c.run_id, audit_table.c.employee_id)
            self.waiting = consents.waiting(connection, target.identity)
            """Since which day a revocation waits for a consent, by employee id."""
            self._adopted = connection.execute(adopted.where(audit_table.c.kind == "adopted")).all()

    @property
    def is_empty(self) -> bool:
        """Whether no run, not even an adoption, was ever made."""
        return not self._runs

    def given(self) -> dict[str, Given]:
        """What last gave each employee access, by id."""
        found = {
            row.employee_id: Given(run=row.run_id, how="adopted", on=self._runs[row.run_id])
            for row in self._adopted
            if row.run_id in self._runs
        }
        for row in reversed(self._changes):
            if row.action == "grant" and row.state == "verified" and row.settled_at:
                basis = self._intent(row).basis
                found[row.employee_id] = Given(
                    run=row.run_id,
                    how="granted",
                    on=self._here(row.settled_at).date(),
                    approval=basis.approval if basis else None,
                )
        return found

    def removals(
        self,
        last_days: Mapping[str, Sequence[date]],
        told: Mapping[tuple[str, int], Sequence[Telling]],
    ) -> tuple[Removal, ...]:
        """Every removal, newest first.

        `told` has the notices that came before each removal that a date foretold, by employee id and run.
        `last_days` gives the last days of people's employments by id. A departure belongs to a removal where
        the policy's own reason for it was `not_employed`: the last one before the day of that decision.
        """
        found = []
        for row in self._changes:
            if row.action != "revoke":
                continue
            why = tuple(reason.code for reason in self._intent(row).reasons)
            asked_on = self._runs[row.run_id]
            settled_on = self._here(row.settled_at).date() if row.settled_at else None
            ends = [day for day in last_days.get(row.employee_id, ()) if day < asked_on]
            departed_on = max(ends) if ends and "not_employed" in why else None
            days = None
            if row.state == "verified" and settled_on is not None and departed_on is not None:
                days = (settled_on - departed_on).days
            before = told.get((row.employee_id, row.run_id))
            notices = None if before is None else tuple(map(self._here_told, before))
            found.append(
                Removal(
                    id=row.employee_id,
                    run=row.run_id,
                    reasons=why,
                    asked_on=asked_on,
                    state=row.state,
                    settled_on=settled_on,
                    departed_on=departed_on,
                    days=days,
                    told=notices,
                    note=row.note,
                )
            )
        return tuple(found)

    def _intent(self, row: Row[Any]) -> _Intent:
        """What a change rested on; nothing, where the audit record does not tell any more."""
        return self._intents.get((row.run_id, row.n), _Intent(n=row.n, target=""))

    def _read_intents(self, connection: Connection, target: str) -> Iterator[tuple[tuple[int, int], _Intent]]:
        decode = msgspec.json.Decoder(_Intent).decode
        query = select(audit_table.c.run_id, audit_table.c.body).where(audit_table.c.kind == "intent")
        for run_id, body in connection.execute(query.execution_options(yield_per=1000)):
            try:
                intent = decode(body)
            except msgspec.DecodeError:
                continue  # it was edited, which checking the chain tells
            if intent.target == target:
                yield (run_id, intent.n), intent

    def _here_told(self, notice: Telling) -> Telling:
        """The same with its instant in the district's zone."""
        return replace(notice, told_at=self._here(notice.told_at).isoformat(timespec="seconds"))

    def _here(self, instant: str) -> datetime:
        return datetime.fromisoformat(instant).astimezone(self._zone)


def audit_end(store: Store, settings: Config | None) -> Audit:
    """Where the audit record ends, checked with its rows and its key; what is wrong is in `problem`.

    With it come its witnesses' state, and each consent and each stop of the guard in words.
    """
    with store.reading() as connection:
        problem = ""
        try:
            url = store.url.render_as_string(hide_password=False)
            verify(connection, key=record_key(settings, url) if settings else None)
        except (StoreError, AuditError) as error:
            problem = str(error)
        end = audit.head(connection)
        state = None if settings is None else witness_state(connection, settings)
        kinds = ("consent", "guard_stopped")
        events = sorted(
            (entry for kind in kinds for entry in audit.entries(connection, kind=kind)),
            key=lambda entry: entry.seq,
        )
        return Audit(
            entries=end.seq,
            head=end.hash,
            problem=problem,
            witnessed=state is not None and state.good,
            witness=state.text if state else "Nobody asked which witnesses have the audit record's head.",
            events=tuple(f"{entry.at}: {sentence(entry)}" for entry in events),
        )
