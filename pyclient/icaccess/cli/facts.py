"""`icaccess facts`: the merged facts exactly as OPA receives them, and a snapshot of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import click
import msgspec

from icaccess.cli.options import reading
from icaccess.cli.progress import counting
from icaccess.cli.text import printable, say, show_json
from icaccess.errors import FactsError, UsageError
from icaccess.facts.interface import FactsSource
from icaccess.files import write_private
from icaccess.models import Employee, InvalidRecord, Record
from icaccess.request import Request

_FILE = click.Path(path_type=Path, dir_okay=False)
_SHOWN_ISSUES = 5


@click.command()
@reading
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--out", type=_FILE, metavar="FILE", help="Save a snapshot (.jsonl), which --facts takes back.")
@click.option("--issues", type=_FILE, metavar="FILE", help="List every row that was not used, and why.")
@click.option(
    "--locations", type=_FILE, metavar="FILE", help="Write the places that a source gives as policy data."
)
def facts(
    request: Request, ids: tuple[str, ...], out: Path | None, issues: Path | None, locations: Path | None
) -> None:
    """Show the merged facts exactly as OPA receives them, one employee a line."""
    if ids and out is not None:
        raise UsageError("a snapshot holds everybody; give either IDs or --out")
    if out is not None and out.suffix.lower() != ".jsonl":
        raise UsageError(f"--out {out}: a snapshot is JSON Lines; name a file that ends in .jsonl")
    if locations is not None:
        from icaccess.facts.places import write_places

        say(f"{write_places(request.settings, locations)} locations in {locations}", err=True)
        return
    source = request.source
    if out is not None:
        _save(source, out)
    else:
        with counting(source.records(), "people") as records:
            _show(records, ids)
    _account(source, issues)


def _save(source: FactsSource, out: Path) -> None:
    from icaccess.facts.snapshot import write_snapshot

    with counting(source.traced(), "people") as traced:
        written = write_snapshot(out, traced, source.names)
    say(f"{out}: {written.records} records, sha256:{written.sha256}")


def _show(records: Iterable[Record], ids: tuple[str, ...]) -> None:
    wanted, encode = set(ids), msgspec.json.Encoder().encode
    for record in records:
        if ids and record.id not in wanted:
            continue
        wanted.discard(record.id)
        if isinstance(record, Employee):
            show_json(encode(record) + b"\n")
        else:
            _undecided(record)
    if wanted:
        raise UsageError(f"no employee has the id {', '.join(sorted(wanted))}; ids are those of the facts")


def _undecided(record: InvalidRecord) -> None:
    say(f"{record.id} is undecided: {record.problem}", err=True)


def _account(source: FactsSource, issues: Path | None) -> None:
    """What became of every row of every feed, on stderr; nothing for facts that are read from files."""
    from icaccess.facts.merge import MergedFacts

    if not isinstance(source, MergedFacts):
        if issues is not None:
            raise UsageError("--issues tells of the sources in icaccess.yaml; --facts reads whole records")
        return
    for count in source.counts():
        told = (
            count.failure
            or f"{count.rows} rows: {count.used} used, {count.repeated} repeated, "
            f"{count.unmatched} of nobody known, {count.rejected} rejected"
        )
        say(f"{count.name}: {told}", err=True)
    if source.normalised:
        say(f"{source.normalised} keys were changed as `facts.keys` declares", err=True)
    if issues is not None:
        _write_issues(source.issue_lines(), issues)
        return
    number = 0
    for number, line in enumerate(source.issue_lines(), 1):
        if number <= _SHOWN_ISSUES:
            say(line, err=True)
    if number > _SHOWN_ISSUES:
        say(f"… {number - _SHOWN_ISSUES} more to look at; list them with --issues FILE", err=True)


def _write_issues(lines: Iterator[str], file: Path) -> None:
    number = 0

    def counted() -> Iterator[bytes]:
        nonlocal number
        for line in lines:
            number += 1
            yield f"{printable(line)}\n".encode()

    try:
        write_private(file, counted())
    except OSError as error:
        raise FactsError(f"{file}: cannot be written: {error.strerror}") from error
    say(f"{number} to look at, listed in {file}", err=True)
