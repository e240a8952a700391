"""`icaccess doctor`: whether everything that a run needs is there and reachable."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from icaccess.cli.options import FORMAT, deciding
from icaccess.cli.text import say, say_all, show_value
from icaccess.errors import ConfigError, EngineError, ExtraMissingError, IcaccessError
from icaccess.request import Request
from icaccess.text import how_many

if TYPE_CHECKING:
    from icaccess.facts.interface import ParsedRow, Source

_SAMPLES = 2
_PERSONAL = {"people": {"id", "name", "email", "username"}, "approvals": {"approver"}}
_MASK = "***"
Check = tuple[str, Callable[[], Iterator[str]]]


@click.command()
@deciding
@FORMAT
def doctor(request: Request, form: str) -> int:
    """Check that everything a run needs is there and reachable; exit 1 when something is not."""
    found: list[dict[str, Any]] = []
    for name, check in _checks(request):
        try:
            found.append({"name": name, "ok": True, "lines": list(check())})
        except (IcaccessError, ModuleNotFoundError) as error:
            missing = ExtraMissingError.of(error) if isinstance(error, ModuleNotFoundError) else None
            why = str(missing or error).removeprefix(f"{name.removeprefix('source ')}: ")
            found.append({"name": name, "ok": False, "lines": [why]})
        if form == "text":
            say_all(_as_text(**found[-1]))
    if form == "json":
        show_value({"checks": found})
    failed = sum(not one["ok"] for one in found)
    if failed:
        say(f"{failed} of the checks failed", err=True)
    return 1 if failed else 0


def _as_text(name: str, lines: list[str], *, ok: bool) -> Iterator[str]:
    yield f"{'ok   ' if ok else 'FAIL '} {name}: {lines[0]}"
    yield from (f"      {line}" for line in lines[1:])


def _checks(request: Request) -> Iterator[Check]:
    yield "settings", partial(_settings, request)
    yield "policy data", partial(_policy_data, request)
    yield "engine", partial(_engine, request)
    yield "target", partial(_target, request)
    yield "audit record", partial(_audit, request)
    yield "notices", partial(_notices, request)
    yield from _facts(request)


def _settings(request: Request) -> Iterator[str]:
    request.settings.check()
    file = request.settings.file
    where = str(file) if file.exists() else f"there is no {file}, so every setting has its default"
    yield f"{where}, zone {request.settings.zone}"
    for file in request.settings.readable_secrets():
        yield f"every user of this machine can read the secret in {file}; make it private: chmod 600"


def _policy_data(request: Request) -> Iterator[str]:
    from icaccess.config.policy_data import load_policy_data

    data = load_policy_data(request.config_directory)
    covers = data.calendar.covers
    locations = how_many(len(data.locations), "location")
    yield f"{locations}, calendar from {covers.from_} through {covers.through}"
    if not covers.from_ <= request.day <= covers.through:
        yield f"the calendar does not cover {request.day}: grants have no due day until it does"


def _engine(request: Request) -> Iterator[str]:
    with request.open() as opened:
        for sidecar in opened.client.status():
            if sidecar.problem is not None or not sidecar.ready:
                raise EngineError(f"{sidecar.url}: {sidecar.problem or 'is not ready; look at its log'}")
            yield f"OPA {sidecar.version} decides"


def _target(request: Request) -> Iterator[str]:
    from icaccess.recovery import look
    from icaccess.store.database import check_place

    with request.open(read_only=True) as opened:
        store, target = opened.store, opened.target
        if store.is_absent:
            check_place(store)
        listing = look(store, target)
        yield f"{target.identity}: {how_many(len(listing.held), 'holds', 'hold')} access"
        yield f"known to be everybody: {listing.proof}"
        for member in listing.unnamed:
            yield f"{member.member} in {', '.join(member.groups)} has no account: {member.why}"
        if store.is_absent:
            yield f"there is no store yet at {store.name}; the first `icaccess adopt` or `apply` makes it"


def _audit(request: Request) -> Iterator[str]:
    from icaccess.audit.heads import check_key, key_file, witness_state

    file = key_file(request.settings, request.store_url)
    with request.open(read_only=True) as opened:
        if file is None:
            yield "is not signed; name a file for its key under audit.key"
        else:
            check_key(file, opened.store)
            yield f"signed with the key in {file}{'' if file.exists() else ', which the first run makes'}"
        with opened.store.reading() as connection:
            yield witness_state(connection, request.settings).text


def _notices(request: Request) -> Iterator[str]:
    from icaccess.notices.send import open_notices
    from icaccess.notices.settings import is_configured

    if not is_configured(request.settings):
        yield "nobody is told anything: the settings name neither mail nor webhook"
        return
    with open_notices(request.settings) as (_, channels, _):
        yield from (channel.check() for channel in channels)


def _facts(request: Request) -> Iterator[Check]:
    if request.facts:
        yield "facts", partial(_files, request)
        return
    from icaccess.facts.sources import open_sources

    try:
        sources = open_sources(request.settings) + open_sources(request.settings, locations=True)
        if not sources:
            raise ConfigError(f"{request.settings.file}: lists no sources; add some, or give --facts")
    except IcaccessError as error:
        yield "sources", partial(_raise, error)
        return
    for source in sources:
        yield f"source {source.settings.name}", partial(_source, source)
    yield "facts", partial(_merged, request)


def _raise(error: IcaccessError) -> Iterator[str]:
    raise error


def _files(request: Request) -> Iterator[str]:
    from icaccess.models import InvalidRecord

    source = request.source
    records = invalid = 0
    for record in source.records():
        records += 1
        invalid += isinstance(record, InvalidRecord)
    files = how_many(len(source.names), "file")
    yield f"{how_many(records, 'record')} in {files}, {invalid:,} of them invalid"


def _merged(request: Request) -> Iterator[str]:
    """All sources together: whether their keys and names match each other and policy data."""
    facts = request.source
    people = how_many(sum(1 for _ in facts.records()), "person", "people")
    yield f"{people} from {how_many(len(facts.names), 'source')}"
    for report in facts.reports():
        yield report.text()
        yield from (f"{report.name}: {note}" for note in report.notes)


def _source(source: Source) -> Iterator[str]:
    """One source by itself: how many rows and how old, and some rows without personal data."""
    samples: list[str] = []
    rejected = 0
    for row in source.rows():
        rejected += row.fact is None
        if row.fact is not None and len(samples) < _SAMPLES:
            samples.append(_masked(row))
    age = ""
    if source.as_of is not None:
        age = f", {(datetime.now(UTC) - source.as_of).total_seconds() / 3600:.0f} hours old"
    optional = ", optional" if source.settings.optional else ""
    yield f"{how_many(source.read, 'row')}, {rejected:,} of them unusable{age}{optional}"
    yield from samples


def _masked(row: ParsedRow) -> str:
    """A row as icaccess understood it, without anything that tells who it is about."""
    import msgspec

    fact: dict[str, object] = msgspec.to_builtins(row.fact)
    personal = _PERSONAL.get(row.kind, set())
    shown = {key: _MASK if key in personal else value for key, value in fact.items()}
    return msgspec.json.encode({row.key_kind: _MASK, **shown}).decode()
