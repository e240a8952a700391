"""`icaccess audit`: check, read and export the record that cannot be quietly changed."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import click
import msgspec

from icaccess.cli.options import configured
from icaccess.cli.text import say, say_all, show_json
from icaccess.errors import StoreError, UsageError
from icaccess.files import write_private
from icaccess.request import Request
from icaccess.store import audit as record
from icaccess.store.audit import Head
from icaccess.store.database import Store, open_store
from icaccess.story import story

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group()
def audit() -> None:
    """Verify, show and export the tamper-evident record."""


@audit.command()
@configured
@click.option(
    "--head", type=_FILE, metavar="FILE", help="An earlier export, or its last line, kept elsewhere."
)
def verify(request: Request, head: Path | None) -> None:
    """Check every entry against its hash, and the end against what was exported before."""
    against = None if head is None else _read_head(head)
    with _store(request) as store, store.reading() as connection:
        end = record.verify(connection, against)
    checked = f", and holds entry {against.seq} as it was exported" if against else ""
    say(f"The record is whole: {end.seq} entries{checked}.")
    if against is None:
        say(
            "Whether its end was cut off shows only against an earlier export: give it with --head.", err=True
        )


@audit.command()
@configured
@click.argument("employee_id", metavar="ID")
def show(request: Request, employee_id: str) -> None:
    """Tell one person's story in words."""
    with _store(request) as store, store.reading() as connection:
        found = list(record.entries(connection, employee_id))
        if not found:
            raise UsageError(f"{employee_id}: the record has no entry about this id")
        runs = record.starts(connection, {entry.run_id for entry in found if entry.run_id is not None})
    say_all(story(found, runs))


@audit.command()
@configured
@click.option("--out", type=_FILE, metavar="FILE", help="Write there [default: stdout].")
def export(request: Request, out: Path | None) -> None:
    """Write every entry as JSON Lines; the last line is the head, to be kept where the store is not."""
    with _store(request) as store, store.reading() as connection:
        end = record.verify(connection)
        lines = (record.canonical(one) + b"\n" for one in chain(record.entries(connection), [{"head": end}]))
        try:
            if out is None:
                for line in lines:
                    show_json(line)
            else:
                write_private(out, lines)
        except OSError as error:
            where = out or "stdout"
            raise UsageError(f"{where}: the export cannot be written there: {error.strerror}") from error


class _HeadLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    head: Head


def _read_head(path: Path) -> Head:
    try:
        lines = path.read_bytes().splitlines()
        return msgspec.json.decode(lines[-1], type=_HeadLine).head
    except OSError as error:
        raise UsageError(f"{path}: the export cannot be read: {error.strerror}") from error
    except (IndexError, msgspec.DecodeError) as error:
        raise UsageError(
            f"{path}: its last line is no head; give what `icaccess audit export` wrote"
        ) from error


def _store(request: Request) -> Store:
    store = open_store(request.store_url, read_only=True)
    if store.is_absent:
        store.close()
        raise StoreError(f"{store.name}: there is no store yet; give --store, or run `icaccess adopt` first")
    return store
