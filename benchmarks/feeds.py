"""Damages every feed of the example district and counts who would lose access; all sample data.

    python benchmarks/feeds.py

Everybody whom the policy allows holds access, and the evidence of each decision is remembered, as after
a good run. Then each feed is damaged in each way, one at a time, and OPA decides everybody again.
A case ends in one of these ways, the first that fits:

- refused: the run stops, because a source is not believed;
- asked: a revocation waits for a person's consent, or a holder is listed as undecided or without a record;
- kept: everybody keeps access.

`revoked` counts the people who would lose access without a consent, whatever the guard says. `moved` counts
the cases in which somebody keeps access for fewer locations, which the plan lists.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import msgspec
from damage import damages

from icaccess.config import load_config
from icaccess.errors import FactsError
from icaccess.facts import open_facts
from icaccess.gather import with_access
from icaccess.models import Access, Decision, Record, SourceSize
from icaccess.opa.client import AccessClient
from icaccess.opa.engine import running_engine

ROOT = Path(__file__).parents[1]
AT = date(2027, 6, 29)
"""The day for which the example district was made."""
ENDS = ("refused", "asked", "kept")
_encode = msgspec.json.Encoder().encode


@dataclass
class Case:
    """One damaged feed, and what became of it: a refusal, or the records and the size of each source."""

    feed: str
    way: str
    detail: str
    refused: str = ""
    records: dict[str, Record] = field(default_factory=dict)
    sizes: dict[str, SourceSize] = field(default_factory=dict)


@dataclass
class Format:
    """The example district in one format: a configuration folder, `--facts`, and the feeds to damage."""

    name: str
    folder: Path
    feeds: list[Path]
    facts: tuple[Path, ...] = ()

    def read(self, sizes: dict[str, SourceSize]) -> tuple[dict[str, Record], dict[str, SourceSize]]:
        """Everybody's record, and the size of each source; `FactsError` when a source is not believed."""
        facts = open_facts(load_config(self.folder), self.facts, remembered=sizes)
        records = {record.id: record for record in facts.records()}
        return records, {report.name: report.size for report in facts.reports()}


class District:
    """Who holds access after a good run on one format, and what becomes of them in later runs."""

    def __init__(self, client: AccessClient, form: Format) -> None:
        self._client, self._form = client, form
        self._decided: dict[bytes, Decision] = {}
        self.held: dict[str, Access] = {}
        first = Case("", "", "")
        first.records, first.sizes = form.read({})
        self.decide([first.records])
        self.remember(first)

    def run(self, feed: str, way: str, detail: str) -> Case:
        """One run on the files as they are now, up to the decisions."""
        case = Case(feed, way, detail)
        try:
            case.records, case.sizes = self._form.read(self.sizes)
        except FactsError as error:
            case.refused = str(error)
        return case

    def decide(self, populations: Sequence[dict[str, Record]]) -> None:
        """Decide every record that was not decided yet; those of many cases together."""
        new: dict[str, dict[bytes, Record]] = {}
        for records in populations:
            for identifier in self.held or records:
                if (record := records.get(identifier)) is not None:
                    record = self._joined(record)
                    if (key := _encode(record)) not in self._decided:
                        new.setdefault(identifier, {})[key] = record
        while new:  # a request holds each person once
            some = [variants.popitem() for variants in new.values()]
            decisions = self._client.decide_many([record for _, record in some], AT)
            self._decided |= {key: one for (key, _), one in zip(some, decisions, strict=True)}
            new = {identifier: variants for identifier, variants in new.items() if variants}

    def remember(self, case: Case) -> None:
        """Remember the sizes and the evidence of a good run."""
        self.sizes = case.sizes
        known = [record for record in case.records.values() if not self.held or record.id in self.held]
        for one in [self._decision(record) for record in known]:
            if one.outcome == "allow" and one.basis is not None:
                self.held[one.employee_id] = Access(held=True, locations=one.locations, basis=one.basis)

    def outcome(self, case: Case) -> tuple[str, list[str], list[str]]:
        """How a case ends, whose access it revokes without a consent, and who keeps fewer locations."""
        if case.refused:
            return "refused", [], []
        asked = False
        revoked: list[str] = []
        moved: list[str] = []
        for identifier, access in self.held.items():
            record = case.records.get(identifier)
            found = None if record is None else self._decision(record)
            if found is None or found.outcome == "undecided":
                asked = True
            elif found.action == "revoke":
                asked = asked or found.needs_consent
                if not found.needs_consent:
                    revoked.append(f"{identifier} {', '.join(reason.code for reason in found.reasons)}")
            elif set(access.locations or ()) - set(found.locations):
                moved.append(identifier)
        return "asked" if asked else "kept", revoked, moved

    def _joined(self, record: Record) -> Record:
        return with_access(record, self.held.get(record.id))

    def _decision(self, record: Record) -> Decision:
        return self._decided[_encode(self._joined(record))]


def formats(work: Path) -> list[Format]:
    """The example district in every format, in a configuration folder of its own."""
    examples = ROOT / "examples"
    for name in ("csv", "oneroster", "yaml", "json", "approvals"):
        if name != "approvals":
            shutil.copytree(ROOT / "config", work / name)
        part = "facts" if name == "yaml" else name
        where = work / name / part if name == "yaml" else work / name
        shutil.copytree(examples / part, where, dirs_exist_ok=True)
    source = {"type": "yaml", "name": "records", "path": "facts", "vouches_for_roles": True}
    (work / "yaml" / "icaccess.yaml").write_text(json.dumps({"sources": [source]}), encoding="utf-8")
    tables = sorted(file for file in (work / "csv").glob("*.csv") if file.name != "access.csv")
    return [
        Format("csv", work / "csv", tables),
        Format("oneroster", work / "oneroster", sorted((work / "oneroster" / "bundle").glob("*.csv"))),
        Format("approvals", work / "oneroster", sorted((work / "approvals").glob("*.yaml"))),
        Format("yaml", work / "yaml", sorted((work / "yaml" / "facts").glob("*.yaml"))),
        *(
            Format(file.suffix[1:], work / "json", [file], (file,))
            for file in sorted((work / "json").glob("district.*"))
        ),
    ]


@dataclass
class Result:
    """How many cases of one feed and way ended in each way, and what must not be."""

    cases: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    revoked: list[str] = field(default_factory=list)
    moved: int = 0


def examine(client: AccessClient, form: Format, every: int = 1) -> dict[tuple[str, str], Result]:
    """What becomes of each damage, or of one in `every`, by feed and way."""
    district = District(client, form)
    cases = []
    for number, (feed, way, detail, changed) in enumerate(damages(form.feeds)):
        if number % every:
            continue
        whole = feed.read_bytes()
        feed.write_text(changed, encoding="utf-8", newline="")
        cases.append(
            district.run(feed.name if feed.suffix != ".yaml" else f"{feed.parent.name}/*", way, detail)
        )
        feed.write_bytes(whole)
    district.decide([case.records for case in cases])
    results: dict[tuple[str, str], Result] = {}
    for case in cases:
        result = results.setdefault((case.feed, case.way), Result())
        end, revoked, moved = district.outcome(case)
        result.cases += 1
        result.ends[end] += 1
        place = f"{form.name} {case.feed}, {case.way}, {case.detail}"
        result.revoked += [f"{place}: {one}" for one in revoked]
        result.moved += bool(moved)
    return results


def lose_rows(client: AccessClient, form: Format, rows: int) -> dict[tuple[str, str], Result]:
    """What becomes of each table that loses some rows from its end in every run, until it is empty."""
    results: dict[tuple[str, str], Result] = {}
    for feed in form.feeds:
        whole, district = feed.read_bytes(), District(client, form)
        lines = feed.read_text(encoding="utf-8").splitlines(keepends=True)
        result = results[feed.name, f"{rows} rows less in each run"] = Result()
        while len(lines) > 1:
            lines = [lines[0], *lines[1:-rows]]
            feed.write_text("".join(lines), encoding="utf-8", newline="")
            case = district.run(feed.name, "", f"{len(lines)} lines")
            district.decide([case.records])
            end, revoked, moved = district.outcome(case)
            result.cases += 1
            result.ends[end] += 1
            result.revoked += [f"{form.name} {feed.name}, {len(lines)} lines: {one}" for one in revoked]
            result.moved += bool(moved)
            if end in ("asked", "kept"):
                district.remember(case)
        feed.write_bytes(whole)
    return results


def every_result(policy: Path, work: Path, every: int = 1) -> Iterator[tuple[str, str, str, Result]]:
    """The format, feed, way and result of all damages."""
    with running_engine(policy, ROOT / "config") as engine, AccessClient(engine.url, engine.token) as client:
        for form in formats(work):
            found = examine(client, form, every)
            if form.name == "csv":
                for rows in (2, 15):
                    found |= lose_rows(client, form, rows)
            for (feed, way), result in found.items():
                yield form.name, feed, way, result


def main() -> None:
    """Print the table, and what must not be."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--policy", type=Path, default=ROOT / "policy", metavar="DIR")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="Only every Nth damage.")
    given = parser.parse_args()
    total = Result()
    print("| format | feed | damage | cases | refused | asked | kept | moved | revoked |")
    print("|---|---|---|--:|--:|--:|--:|--:|--:|")
    with tempfile.TemporaryDirectory() as work:
        for name, feed, way, result in every_result(given.policy, Path(work), given.every):
            _print_row((name, feed, way), result)
            total.cases += result.cases
            total.ends += result.ends
            total.revoked += result.revoked
            total.moved += result.moved
    _print_row(("all", "", ""), total)
    if total.revoked:
        raise SystemExit("\n".join(total.revoked))


def _print_row(what: tuple[str, str, str], result: Result) -> None:
    counts = (result.cases, *(result.ends[end] for end in ENDS), result.moved, len(result.revoked))
    print("|", " | ".join([*what, *map(str, counts)]), "|", flush=True)


if __name__ == "__main__":
    main()
