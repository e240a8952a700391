"""`icaccess audit`: verifies, shows and exports the tamper-evident record."""

from __future__ import annotations

from contextlib import closing
from datetime import date
from itertools import chain
from pathlib import Path

import click
import msgspec

from icaccess.audit.heads import (
    WitnessedHeads,
    check_heads,
    check_receipts,
    check_record,
    newest,
    read_heads,
    record_key,
)
from icaccess.audit.keys import PublicKey, public_key
from icaccess.audit.render import as_text, is_of_runs, runs_as_text
from icaccess.audit.replay import Replay, check_rules
from icaccess.cli.options import FILE, FORMAT, configured, past
from icaccess.cli.text import answer, say, say_all, show_json, show_value
from icaccess.errors import AuditError, UsageError, file_errors
from icaccess.files import file_to_read, write_private
from icaccess.models import Decision
from icaccess.request import Request
from icaccess.store import audit as record
from icaccess.store.audit import Head
from icaccess.store.database import open_kept
from icaccess.store.verify import verify as verify_record
from icaccess.text import how_many, printable_json

_SHOWN = 5


@click.group()
def audit() -> None:
    """Verify, show and export the tamper-evident record."""


@audit.command()
@configured
@click.option("--heads", type=FILE, metavar="FILE", help="The heads that a witness keeps, one on each line.")
@click.option(
    "--head", type=FILE, metavar="FILE", help="An earlier export, or its last line, kept elsewhere."
)
@click.option(
    "--public-key",
    "public",
    type=FILE,
    metavar="FILE",
    help="The record's public key, PEM [default: that of audit.key].",
)
@FORMAT
def verify(request: Request, heads: Path | None, head: Path | None, public: Path | None, form: str) -> None:
    """Check the record, every row that it tells of, and that it only grew since its heads."""
    key = record_key(request.settings, request.store_url) if public is None else public_key(public)
    against = None if head is None else _read_head(head)
    found = WitnessedHeads([], []) if heads is None else _read_heads(heads, key)
    witnessed = found.heads
    with open_kept(request.store_url) as store, store.reading() as connection:
        if key is None and record.is_signed(connection):
            raise AuditError(
                "the record is signed, and its key is not here; give the public key with --public-key"
            )
        end = verify_record(connection, against, key)
        check_rules(connection)
        check_record(connection, witnessed)
        check_receipts(connection, request.settings)
        own, signed = newest(connection), record.is_signed(connection)
    if found.other_lines:
        numbers = ", ".join(map(str, found.other_lines[:_SHOWN])) + ", …" * (len(found.other_lines) > _SHOWN)
        say(f"{heads}: no head on line {numbers}; look there, unless this is a log of others too.", err=True)
    if key is not None and end.seq and not signed:
        say("No entry is signed, though the record has a key: somebody may have written all of it.", err=True)
    if form == "json":
        last_head = max((one.size for one in witnessed), default=None)
        shown = {"head": end, "earlier": against, "heads": len(witnessed), "witnessed": last_head}
        show_value({**shown, "other_lines": found.other_lines})
        return
    checked = f", and holds entry {against.seq} as it was exported" if against else ""
    say(f"The record is whole: {how_many(end.seq, 'entry', 'entries')}{checked}.")
    if witnessed:
        last = max(witnessed, key=lambda one: one.size)
        heads_ = how_many(len(witnessed), "head")
        say(f"It only grew since each of {heads_}, the newest of {last.at}, entry {last.size}.")
        if own is not None and own.size > last.size:
            say(f"The witness lacks the newest head, of {own.at}, entry {own.size}.", err=True)
    elif against is None:
        say(
            "Only a witness's heads or an earlier export show whether it was rewritten or cut off: "
            "give --heads or --head.",
            err=True,
        )


@audit.command()
@configured
@click.argument("employee_id", metavar="ID")
@FORMAT
def show(request: Request, employee_id: str, form: str) -> None:
    """Show in words what the record says about one person."""
    with open_kept(request.store_url) as store, store.reading() as connection:
        found = list(record.entries(connection, employee_id))
        if not found:
            raise UsageError(f"{employee_id}: the record has no entry about this id")
        runs = record.starts(connection, {entry.run_id for entry in found if entry.run_id is not None})
    answer(form, found, as_text(found, runs))


@audit.command()
@configured
@FORMAT
def runs(request: Request, form: str) -> None:
    """Show what each run did, who waits for a consent, stops, consents, and the heads that witnesses have."""
    with (
        open_kept(request.store_url) as store,
        store.reading() as connection,
        closing(record.entries(connection)) as entries,  # also where the reader of the output goes away
    ):
        if form == "json":
            show_value([one for one in entries if is_of_runs(one)])
        else:
            say_all(runs_as_text(entries))


@audit.command()
@configured
@click.option("--out", type=FILE, metavar="FILE", help="Write there [default: stdout].")
@FORMAT
def export(request: Request, out: Path | None, form: str) -> None:  # noqa: ARG001 (entries are JSON in both)
    """Write every entry as JSON Lines; the last line is the head, to be kept where the store is not."""
    with open_kept(request.store_url) as store, store.reading() as connection:
        end = verify_record(connection, key=record_key(request.settings, request.store_url))
        with closing(record.entries(connection)) as entries:
            lines = (record.canonical(one) + b"\n" for one in chain(entries, [{"head": end}]))
            if out is None:
                for line in lines:
                    show_json(line)
                return
            with file_errors(UsageError, f"{out}: the export cannot be written there", "name another file"):
                write_private(out, map(printable_json, lines))


@audit.command()
@past
@click.argument("employee_id", metavar="ID")
@FORMAT
def replay(request: Request, employee_id: str, form: str) -> None:
    """Make a past decision again from what it rested on then; exit 1 where the recorded one differs."""
    from icaccess.audit.replay import replay as decide_again

    folders = request.policy_directory, request.config_directory
    with open_kept(request.store_url) as store:
        found = decide_again(store, employee_id, request.day, *folders)
    if form == "json":
        show_value({**msgspec.structs.asdict(found), "differences": found.differences})
    else:
        _say_replay(found, employee_id, request.day)
    if found.differences:
        differences = "; ".join(found.differences)
        raise AuditError(f"{employee_id}: the recorded decision differs from this one: {differences}")
    if form == "text":
        say("This is the decision that was recorded.")


def _say_replay(found: Replay, employee_id: str, day: date) -> None:
    if found.as_of != day:
        say(f"No run was for {day}; the newest before it decided.")
    say(f"Run {found.run}, for {found.as_of}: policy {found.policy[:12]}, policy data {found.data[:12]}")
    decision = msgspec.json.decode(found.decision, type=Decision)
    where = ", ".join(decision.locations)
    say(f"  {employee_id}  {decision.outcome}, {decision.action}{f' ({where})' if where else ''}")
    for one in decision.reasons:
        say(f"    {one.code}{f' ({one.clause})' if one.clause else ''}: {one.message}")


@audit.command()
@configured
@FORMAT
def key(request: Request, form: str) -> None:
    """Print the public key that the record is signed with; the private one is made when it is missing."""
    found = record_key(request.settings, request.store_url, make=True)
    if found is None:
        raise UsageError(f"{request.settings.file}: names no audit.key, so the record is not signed; set one")
    answer(form, {"id": found.id, "public_key": found.pem}, found.pem.splitlines())


class ExportedHead(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The last line of `audit export`."""

    head: Head


def _read_head(path: Path) -> Head:
    with file_errors(UsageError, f"{path}: the export cannot be read", "give an export, or its last line"):
        lines = file_to_read(path, piped=True).read_bytes().splitlines()
    try:
        return msgspec.json.decode(lines[-1], type=ExportedHead).head
    except (IndexError, msgspec.DecodeError) as error:
        raise UsageError(
            f"{path}: its last line is no head; give what `icaccess audit export` wrote"
        ) from error


def _read_heads(path: Path, key: PublicKey | None) -> WitnessedHeads:
    if key is None:
        raise AuditError("the heads cannot be verified without the record's public key; give --public-key")
    found = read_heads(path)
    check_heads(found.heads, key)
    return found
