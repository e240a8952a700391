"""`icaccess facts`: the merged facts exactly as OPA receives them, and a snapshot of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import click
import msgspec

from icaccess.batches import counted
from icaccess.cli.options import FILE, FORMAT, IDS, reading
from icaccess.cli.progress import passed, show_issues, showing
from icaccess.cli.text import answer, say, show_json
from icaccess.config import Config
from icaccess.errors import ConfigError, FactsError, UsageError, file_errors, unknown_ids
from icaccess.facts.interface import Facts, Source
from icaccess.files import write_private
from icaccess.models import Employee, Record
from icaccess.request import Request
from icaccess.text import how_many, printable


@click.command()
@reading
@IDS
@click.option("--out", type=FILE, metavar="FILE", help="Save a snapshot (.jsonl), which --facts takes back.")
@click.option("--issues", type=FILE, metavar="FILE", help="List every row that was not used, and why.")
@click.option("--locations", type=FILE, metavar="FILE", help="Write the sources' locations as policy data.")
@FORMAT
def facts(
    request: Request,
    ids: tuple[str, ...],
    out: Path | None,
    issues: Path | None,
    locations: Path | None,
    form: str,
) -> None:
    """Show the merged facts exactly as OPA receives them, one employee on each line."""
    if ids and out is not None:
        raise UsageError("a snapshot holds everybody; give either IDs or --out")
    if out is not None and out.suffix.lower() != ".jsonl":
        raise UsageError(f"--out {out}: a snapshot is JSON Lines; name a file that ends in .jsonl")
    if locations is not None:
        count = how_many(_write_locations(request.settings, locations), "location")
        say(f"{count} in {locations}", err=True)
        return
    source = request.source
    if out is not None:
        _save(source, out, form)
    else:
        with showing():
            _show(counted(source.records(), passed), ids)
    _account(source, issues, told=not request.facts)


def _save(source: Facts, out: Path, form: str) -> None:
    from icaccess.facts.snapshot import write_snapshot

    with showing():
        written = write_snapshot(out, counted(source.traced(), passed), source.names)
    value = {"file": str(out), "records": written.records, "sha256": written.sha256}
    answer(form, value, [f"{out}: {how_many(written.records, 'record')}, sha256:{written.sha256}"])


def _show(records: Iterable[Record], ids: tuple[str, ...]) -> None:
    wanted, encode = set(ids), msgspec.json.Encoder().encode
    for record in records:
        if ids and record.id not in wanted:
            continue
        wanted.discard(record.id)
        if isinstance(record, Employee):
            show_json(encode(record) + b"\n")
        else:
            say(f"{record.id} is undecided: {record.problem}", err=True)
    if wanted:
        raise unknown_ids(wanted)


def _account(source: Facts, issues: Path | None, *, told: bool) -> None:
    """What needs a person's attention, in a file or on stderr; with `told`, also what became of all rows."""
    for report in source.reports() if told else []:
        say(report.text(), err=True)
        for note in report.notes:
            say(f"{report.name}: {note}", err=True)
    if issues is not None:
        _write_issues(source.issues(), issues)
        return
    if told:
        show_issues(source.issues(), "--issues FILE", err=True)


def _write_issues(lines: Iterator[str], file: Path) -> None:
    number = 0

    def counted() -> Iterator[bytes]:
        nonlocal number
        for line in lines:
            number += 1
            yield f"{printable(line)}\n".encode()

    with file_errors(FactsError, f"{file}: cannot be written", "name another file"):
        write_private(file, counted())
    say(f"{number} to look at, listed in {file}", err=True)


def _write_locations(config: Config, file: Path) -> int:
    """Write the places that the sources give into `file`, and give their number.

    `ConfigError` when no source gives any, `FactsError` when one gives an id to two locations.
    """
    import yaml

    from icaccess.facts.sources import open_sources

    sources = open_sources(config, locations=True)
    if not sources:
        raise ConfigError(f"{config.file}: no source has `gives: locations`; add one")
    places = places_of(sources)
    text = "".join(
        yaml.safe_dump({key: places[key]}, default_flow_style=None, allow_unicode=True, width=500)
        for key in sorted(places)
    )
    with file_errors(FactsError, f"{file}: cannot be written", "name another file"):
        file.write_text("# Locations as the sources give them (data.locations).\n" + text, encoding="utf-8")
    return len(places)


def places_of(sources: Iterable[Source]) -> dict[str, dict[str, str]]:
    """Every location by its id; `FactsError` when a source is not credible, or gives two locations one id."""
    from icaccess.facts.kinds import Place

    places: dict[str, dict[str, str]] = {}
    for source in sources:
        for row in source.rows():
            fact = row.fact
            if not isinstance(fact, Place):
                raise FactsError(f"{row.reason}; correct the source, so that no location is left out")
            place = {"name": fact.name, "type": fact.type} if fact.name else {"type": fact.type}
            if places.setdefault(fact.id, place) != place:
                raise FactsError(
                    f"{source.settings.name} row {row.row}: location {fact.id!r} is given twice; correct "
                    "one of them"
                )
    return places
