"""Remembers what each allowing decision rests on, so that later decisions can say what has gone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

import msgspec

from icaccess.batches import batches
from icaccess.models import DecisionJson, Outcome
from icaccess.store import holders
from icaccess.store.holders import StoredBasis

if TYPE_CHECKING:
    from icaccess.diff import Subject
    from icaccess.opa.bundles import Revisions
    from icaccess.request import Opened
    from icaccess.store.lock import Lock

_TOGETHER = 1000
"""How many people one write remembers."""


def remember_bases(
    decided: Iterator[tuple[Subject, DecisionJson]],
    parts: Opened,
    day: date,
    revisions: Revisions,
    lock: Lock,
) -> Iterator[tuple[Subject, DecisionJson]]:
    """Pass the decisions on in order; remember the basis of each decision that allows what is held."""
    for batch in batches(decided, _TOGETHER):
        held = [(person, _allowed(answer)) for person, answer in batch if person.held is not None]
        allowed = [(person, answer) for person, answer in held if answer.outcome == "allow"]
        # A cached decision has no basis: the store has it; if the store lost it, the client asks OPA again.
        lost = [one for one, answer in allowed if not answer.is_whole and one.evidence is None]
        asked = parts.client.decide_json([one.record for one in lost], day, revisions=revisions)
        allowed += [(person, _allowed(answer)) for person, answer in zip(lost, asked, strict=True)]
        found = {
            person.account: basis
            for person, answer in allowed
            if answer.is_whole
            for basis in [_basis_of(answer, person.evidence, day)]
            if basis != person.evidence
        }
        if found:
            with lock.writing() as connection:
                holders.remember(connection, parts.store.now(), parts.target.identity, found)
        yield from batch


def _basis_of(answer: _Allowed, before: StoredBasis | None, day: date) -> StoredBasis:
    """What to remember of a decision; the first day on which its validity was noted stays."""
    through = answer.expiry.valid_through if answer.expiry else None
    noted = before.noted_on if before and before.valid_through == through else None
    return StoredBasis(bytes(answer.basis).decode(), through, noted or day.isoformat())


class _Validity(msgspec.Struct, frozen=True):
    valid_through: str


class _Allowed(msgspec.Struct, frozen=True):
    """The parts to remember of a decision that allows what is held."""

    outcome: Outcome
    basis: msgspec.Raw = msgspec.Raw(b"null")
    expiry: _Validity | None = None

    @property
    def is_whole(self) -> bool:
        """False for a cached decision, which is outcome and action alone."""
        return bytes(self.basis) != b"null"


_allowed = msgspec.json.Decoder(_Allowed).decode
