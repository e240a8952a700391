"""Fills a report: facts and target as a plan takes them, OPA's decisions, and what the store remembers."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from icaccess import __version__
from icaccess.config import Config
from icaccess.config.policy_data import load_policy_data
from icaccess.errors import EngineError, PolicyError, unknown_ids
from icaccess.facts.interface import Facts
from icaccess.facts.merge import MergedFacts
from icaccess.models import Record
from icaccess.notices.proof import foretold_removals
from icaccess.opa.bundles import config_tree, digest, policy_tree
from icaccess.opa.client import AccessClient
from icaccess.pipeline import Run, start
from icaccess.recovery import look
from icaccess.request import Request
from icaccess.review.campaign import campaign
from icaccess.review.forecast import forecast
from icaccess.review.report_clauses import read_clauses, traced_clauses
from icaccess.review.report_data import (
    Coming,
    Month,
    Outlook,
    Population,
    Report,
    ReportedPerson,
    ReportedSource,
    ReportEvidence,
    Since,
    Standing,
    StandingChange,
    UnderWay,
)
from icaccess.review.report_people import Collected, held_by_records
from icaccess.review.report_store import History, audit_end
from icaccess.timeline import Timeline, timelines

_DAY, _A_YEAR = timedelta(days=1), timedelta(days=365)


def gather(request: Request, *, earlier: Report | None, personal: bool) -> Report:
    """The report for a request; nothing is changed and nothing written.

    It holds everybody in memory. Errors are those of the facts, the engine, the target and the store; a part
    that is merely not there is null in the report, which says why.
    """
    policy, config = request.policy_directory, request.config_directory
    policy_data = load_policy_data(config)
    clauses = read_clauses(policy, policy_data.requirements)
    with start(request, read_only=True) as run:
        report = draw(run, request.settings.zone, personal=personal, settings=request.settings)
        sources = tuple(_sources(request.facts, run.parts.facts, request.settings.zone, personal=personal))
    absent = dict(report.absent)
    traced = None
    if (digest(policy_tree(policy)), digest(config_tree(config))) != (
        report.evidence.policy_revision,
        report.evidence.data_revision,
    ):
        clauses = None
        other = f"OPA decides by another policy or policy data than {policy} and {config} hold."
        absent.update(clauses=other, trace=other)
    else:
        if clauses is None:
            absent["clauses"] = f"{policy} holds no clauses.yaml."
        try:
            traced = traced_clauses(policy, config)
        except (EngineError, PolicyError) as error:
            absent["trace"] = f"The policy was not traced: {error}."
    if earlier is None:
        absent["since"] = "No earlier report was given; give the report.json of one with --since."
    return replace(
        report,
        places={one: place.name for one, place in policy_data.locations.items() if place.name},
        population=replace(report.population, sources=sources),
        clauses=clauses,
        trace=traced,
        since=None if earlier is None else compare(earlier, report.people),
        absent=absent,
    )


def draw(run: Run, zone: ZoneInfo, *, personal: bool = True, settings: Config | None = None) -> Report:
    """The parts of a report that come from facts, policy, target and store.

    Before the ledger's first day, when nobody was adopted into it, who holds access is what the records say.
    """
    as_of, store, target, client = run.day, run.parts.store, run.parts.target, run.parts.client
    history = History(store, target, zone)
    if target.is_store and history.is_empty:
        current, listing = dict(held_by_records(run.parts.facts.records())), None
    else:
        listing = look(store, target)
        current = listing.held
    collected = Collected(current, target.match, personal=personal)
    revisions = client.revisions()
    plan = run.compare(
        current, revisions, lambda people: collected.taking(run.decide(people, revisions, full=True)), listing
    )
    due_since = plan.export_due_since
    people = collected.everybody(plan, history.given(), history.waiting)
    outlook, found = ahead(client, collected.joined, people, as_of)
    recertification = campaign(found, as_of, outlook.through - _DAY, collected.approver)
    absent: dict[str, str] = {}
    elsewhere = removals = audit = drift = None
    try:
        elsewhere = tuple(collected.elsewhere(client, as_of))
    except EngineError as error:  # of an older policy, which knows no such question
        absent["elsewhere"] = f"OPA did not say: {error}."
    if not history.is_empty:
        told = {(one.employee_id, one.run_id): one.told for one in foretold_removals(store, target.identity)}
        removals = history.removals(collected.last_days(), told)
        if not personal:
            removals = tuple(replace(one, note="") for one in removals)
        audit = audit_end(store, settings)
    else:
        why = f"The store {store.name} holds no run for the target {target.identity} yet."
        absent.update(removals=why, audit=why)
    if target.is_store:
        absent["drift"] = (
            "The target is the ledger, which this system keeps itself: nothing else could differ."
        )
    elif history.is_empty:
        absent["drift"] = f"Nothing was given or adopted at the target {target.identity} yet."
    else:
        drift = tuple(collected.drift(plan))
    return Report(
        as_of=as_of,
        created_at=datetime.now(zone).isoformat(timespec="seconds"),
        personal=personal,
        evidence=ReportEvidence(
            policy_revision=plan.policy_revision,
            data_revision=plan.data_revision,
            opa_version=client.status()[0].version or "unknown",
            icaccess_version=__version__,
            target="" if target.is_store and history.is_empty else target.identity,
        ),
        population=Population(
            records=plan.people,
            answered=len(collected.joined),
            unreadable=collected.unreadable,
            without_record=len(people) - plan.people,
            facts_digest=plan.facts_digest,
            leaning=plan.leaning,
        ),
        people=people,
        places={},
        expiries=expiries(people, as_of),
        outlook=outlook,
        campaign=replace(recertification, people=()) if recertification.people else None,
        elsewhere=elsewhere,
        drift=drift,
        removals=removals,
        under_way=UnderWay(
            pending=len(plan.pending),
            overdue=plan.overdue,
            export_due_since=due_since.astimezone(zone).isoformat(timespec="seconds") if due_since else None,
        ),
        audit=audit,
        absent=absent,
    )


def select(report: Report, ids: Iterable[str]) -> Report:
    """The report on only the people asked for; `UsageError` names those who are not in it.

    Its population is still everybody.
    """
    wanted = list(dict.fromkeys(ids))
    known = {person.id: person for person in report.people}
    unknown = [one for one in wanted if one not in known]
    if unknown:
        raise unknown_ids(unknown)
    people = tuple(known[one] for one in wanted)
    report = replace(report, people=people, expiries=expiries(people, report.as_of))
    for name in ("elsewhere", "drift", "removals"):
        if (part := getattr(report, name)) is not None:
            report = replace(report, **{name: tuple(one for one in part if one.id in wanted)})
    if report.since is not None:
        turned = tuple(one for one in report.since.changes if one.id in wanted)
        report = replace(report, since=replace(report.since, changes=turned))
    return report


def compare(earlier: Report, people: Iterable[ReportedPerson]) -> Since:
    """Who stands differently than in an earlier report: outcome, access held, or the codes of the reasons."""
    before = {person.id: _standing(person) for person in earlier.people}
    now = {person.id: _standing(person) for person in people}
    return Since(
        as_of=earlier.as_of,
        created_at=earlier.created_at,
        policy_revision=earlier.evidence.policy_revision,
        data_revision=earlier.evidence.data_revision,
        facts_digest=earlier.population.facts_digest,
        records=earlier.population.records,
        changes=tuple(
            StandingChange(id=one, before=before.get(one), after=now.get(one))
            for one in [*now, *(one for one in before if one not in now)]
            if before.get(one) != now.get(one)
        ),
    )


def expiries(people: Iterable[ReportedPerson], as_of: date) -> tuple[Month, ...]:
    """How many certifications of people who are allowed end in each month, from the month of `as_of` on."""
    expiring = [one.expiry for one in people if one.outcome == "allow" and one.expiry is not None]
    ends = Counter((f"{one.valid_through:%Y-%m}", one.state == "recertify") for one in expiring)
    last = max((name for name, _ in ends), default="")
    found = []
    year, month = as_of.year, as_of.month
    while (name := f"{year:04}-{month:02}") <= last:
        found.append(Month(month=name, valid=ends[name, False], recertify=ends[name, True]))
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    return tuple(found)


def ahead(
    client: AccessClient, records: Iterable[Record], people: Iterable[ReportedPerson], day: date
) -> tuple[Outlook, list[Timeline]]:
    """What comes after `day`, through the day after the next removal of somebody who is allowed.

    Where nobody is allowed it is looked ahead for a year. `records` hold the access that the target shows.
    With it come the timelines that it was counted in.
    """
    ends = [one.expiry.valid_through for one in people if one.outcome == "allow" and one.expiry]
    through = min(ends) + _DAY if ends else day + _A_YEAR
    found = timelines(client, records, day, through)
    coming = forecast(client, found, day, through)
    outlook = Outlook(
        through=through,
        allowed_now=coming.allowed_first,
        allowed_then=coming.allowed_last,
        months=tuple(Coming(month=month, **counts) for month, counts in coming.by_month.items()),
        by_role=coming.by_role,
        by_location=coming.by_location,
    )
    return outlook, found


def _standing(person: ReportedPerson) -> Standing:
    return Standing(
        outcome=person.outcome,
        held=person.held is not None,
        reasons=tuple(reason.code for reason in person.reasons),
    )


def _sources(
    paths: Iterable[Path], facts: Facts, zone: ZoneInfo, *, personal: bool
) -> Iterator[ReportedSource]:
    """What the facts came from: the files named, by digest, or each configured source and its rows."""
    if isinstance(facts, MergedFacts):
        for count in facts.reports():
            failure = count.failure and (count.failure if personal else "It could not be read.")
            yield ReportedSource(
                name=count.name,
                rows=count.rows,
                used=count.used,
                repeated=count.repeated,
                unmatched=count.unmatched,
                rejected=count.rejected,
                declared=count.declared,
                as_of=count.as_of.astimezone(zone).isoformat(timespec="minutes") if count.as_of else None,
                problem=failure or "",
            )
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file():
                yield ReportedSource(name=str(file), digest=hashlib.sha256(file.read_bytes()).hexdigest())
