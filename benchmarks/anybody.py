"""For how many subtle changes of policy and policy data `icaccess impact --anybody` finds somebody.

Each change is made to a copy of the folders, one at a time, and searched for. The table says how many were
found, after how many seconds, and how many facts the smallest person has.

    python benchmarks/anybody.py                     # with the cases and the example people as seeds
    python benchmarks/anybody.py --without-seeds     # with neither
    python benchmarks/anybody.py --only summer --limit 60
    python benchmarks/anybody.py --rate              # decisions a second, against OPA alone
"""

from __future__ import annotations

import argparse
import re
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from icaccess.http import HttpClient
from icaccess.opa.program import find_opa
from icaccess.review.search.anybody import Search, Tried
from icaccess.review.search.compare import Anybody, compare_for_anybody
from icaccess.review.search.facts import employee_shape
from icaccess.review.search.judge import VersionJudge, judging, question
from icaccess.review.search.words import vocabulary
from icaccess.review.source import PolicySource
from icaccess.review.versions import checkout

ROOT = Path(__file__).parents[1]
REQUIREMENTS = "config/requirements/data.yaml"
ACCESS = "policy/access.rego"
APPROVAL = "policy/lib/approval.rego"
ASSIGNMENT = "policy/lib/assignment.rego"
CALENDAR = "policy/lib/calendar.rego"
DATES = "policy/lib/dates.rego"
EVIDENCE = "policy/evidence.rego"
GRANTING = "policy/granting.rego"
SHELF_LIFE = "policy/shelf_life.rego"


class Subtle(NamedTuple):
    """A change of one text in one file, which some single person can show."""

    file: str
    old: str
    new: str


RULES = [
    # operators
    Subtle(ACCESS, "completions; done <= day]", "completions; done < day]"),
    Subtle(ACCESS, "done >= min(walk_in)]", "done > min(walk_in)]"),
    Subtle(ACCESS, "done >= min(walk_in)]", "done >= max(walk_in)]"),
    Subtle(ACCESS, "denial.decided_on >= record.decided_on", "denial.decided_on > record.decided_on"),
    Subtle(ACCESS, "record.decided_on >= from\n", "record.decided_on > from\n"),
    Subtle(
        ACCESS,
        "from < data.requirements.job_change_rule_from",
        "from <= data.requirements.job_change_rule_from",
    ),
    Subtle(ACCESS, "period.start < found.employed.from", "period.start <= found.employed.from"),
    Subtle(ACCESS, "opening(removal) > completed_on", "opening(removal) >= completed_on"),
    Subtle(ACCESS, "max(counting))", "min(counting))"),
    Subtle(ACCESS, "\tlast < day\n", "\tlast <= day\n"),
    Subtle(ACCESS, "\topens <= day\n", "\topens < day\n"),
    Subtle(ACCESS, "from := max([job_start, found.employed.from])", "from := job_start"),
    Subtle(ACCESS, "from := max([job_start, found.employed.from])", "from := found.employed.from"),
    Subtle(ASSIGNMENT, "job.end >= from; job.end < day]", "job.end > from; job.end < day]"),
    Subtle(ASSIGNMENT, "dates.last_day(job) > in_summer.through", "dates.last_day(job) >= in_summer.through"),
    Subtle(
        ASSIGNMENT,
        "held_from(job, assignments) >= in_summer.from",
        "held_from(job, assignments) > in_summer.from",
    ),
    Subtle(ASSIGNMENT, "held_from(job, assignments) >= in_summer.from", "job.start >= in_summer.from"),
    Subtle(ASSIGNMENT, "\tday <= through\n", "\tday < through\n"),
    Subtle(ASSIGNMENT, "between_assignments_days + 1)", "between_assignments_days + 2)"),
    Subtle(DATES, "record.start <= start", "record.start < start"),
    Subtle(DATES, "(0 - days_between) - 1)", "(0 - days_between) - 2)"),
    Subtle(DATES, "record.end < day", "record.end <= day"),
    Subtle(APPROVAL, "job.start <= approval.decided_on]", "job.start < approval.decided_on]"),
    Subtle(CALENDAR, "due <= data.calendar.covers.through", "due < data.calendar.covers.through"),
    Subtle(GRANTING, "grant_due_by < found.as_of", "grant_due_by <= found.as_of"),
    Subtle(GRANTING, "done) >= found.as_of])", "done) > found.as_of])"),
    # constants and words
    Subtle(ACCESS, 'record.decision != "approved"', 'record.decision == "denied"'),
    Subtle(ACCESS, "substring(data.requirements.validity.first_removal, 4, -1)", '"-06-29"'),
    Subtle(ASSIGNMENT, "is_boolean(assignment.school_based)", "assignment.school_based"),
    Subtle(CALENDAR, '"Friday": [3, 4', '"Friday": [2, 4'),
    # near misses of words
    Subtle(
        ACCESS,
        "job.role in data.requirements.roles",
        "lower(job.role) in {lower(role) | some role in data.requirements.roles}",
    ),
    Subtle(
        ACCESS,
        '"name": names.required, "completed_on": done} in completions; done <= day]',
        '"name": n, "completed_on": done} in completions; done <= day; startswith(n, names.required)]',
    ),
    Subtle(
        APPROVAL,
        "role in data.requirements.approver_roles",
        "some listed in data.requirements.approver_roles\n\tendswith(role, listed)",
    ),
    # fields left out
    Subtle(APPROVAL, '["role", "location"]', '["role"]'),
    Subtle(APPROVAL, '["role", "location"]', '["location"]'),
    Subtle(ACCESS, "\trecord.location == job.location\n", ""),
    Subtle(ACCESS, "\trecord.role == job.role\n", ""),
    Subtle(ASSIGNMENT, "; other.location == assignment.location", ""),
    Subtle(ASSIGNMENT, "other.role == assignment.role; ", ""),
    Subtle(
        EVIDENCE, '\trecord.decided_on == basis.approval.decided_on\n}\n\n_shown("job"', '}\n\n_shown("job"'
    ),
    Subtle(EVIDENCE, "\tjob.location == basis.location\n", ""),
    # rules taken out or weakened
    Subtle(ACCESS, "\tnot _departed_since(record.decided_on, found)\n", ""),
    Subtle(ACCESS, "\tapproval.names(denial, job)\n}", "}"),
    Subtle(
        APPROVAL,
        "authorised(approval, employee_id) if {\n\tapproval.approver != employee_id\n",
        "authorised(approval, employee_id) if {\n\temployee_id\n",
    ),
    Subtle(APPROVAL, "\tnot _has_jobs(approval)\n", ""),
    Subtle(ASSIGNMENT, "\tnot _began_to_last(in_summer, assignments)\n", ""),
    Subtle(ASSIGNMENT, "\tnot _says_itself(assignment)\n\tdata", "\tdata"),
    Subtle(EVIDENCE, "\tnot dates.ended_before(found.as_of, job)\n", ""),
    Subtle(EVIDENCE, "\tdates.ended_before(found.as_of, period)\n", ""),
    Subtle(EVIDENCE, "job.start > basis.job_start", "job.start >= basis.job_start"),
    Subtle(EVIDENCE, "period.end >= basis.employment_start", "period.end > basis.employment_start"),
    Subtle(EVIDENCE, "found.authorised, found.denials)", "found.authorised, [])"),
    Subtle(EVIDENCE, "\tfound.access.held\n", ""),
    Subtle(EVIDENCE, ', "certification_expired"}', "}"),
    Subtle(
        EVIDENCE, '"approver_not_authorized", "approval_not_for_current_job"}', '"approver_not_authorized"}'
    ),
    Subtle(
        EVIDENCE, 'unsure := {"unknown_location", "approver_unverified"}', 'unsure := {"approver_unverified"}'
    ),
    Subtle(GRANTING, "max([met_on, _cleared_on(found.as_of)])", "met_on"),
    Subtle(GRANTING, "max([from, elementary, first[0]])", "max([elementary, first[0]])"),
    Subtle(GRANTING, "; not found.access.held],", "],"),
    Subtle(GRANTING, '["role", "location"]) != {}', '["role"]) != {}'),
    Subtle(SHELF_LIFE, "between_assignments_days + 2)", "between_assignments_days + 1)"),
    # entries added to lists
    Subtle(REQUIREMENTS, "School Counselor]", "School Counselor, Registrar]"),
    Subtle(REQUIREMENTS, "[Principal, Manager]", "[Principal, Manager, Dean]"),
    Subtle(REQUIREMENTS, "[school] ", "[school, office] "),
    Subtle("config/calendar/data.yaml", '  - "2024-07-04"\n', '  - "2024-07-04"\n  - "2024-07-05"\n'),
    Subtle("config/locations/data.yaml", "School D, type: school", "School D, type: office"),
]


def constants(text: str) -> Iterator[Subtle]:
    """Each number and each day of the requirements, one more and one less."""
    for line in text.splitlines():
        if line.lstrip().startswith(("#", "phone", "hours", "self", "address")):
            continue
        code = line.partition("#")[0]
        for found in re.finditer(r'(?<=: )\d+(?=\s|$)|(?<=-)\d\d(?=")', code):
            for step in (1, -1):
                value = int(found[0]) + step
                if value < 1 and len(found[0]) == 2:
                    continue
                new = f"{value:02d}" if found.start() and line[found.start() - 1] == "-" else str(value)
                if ('opens: "01-01"' in code and step < 0) or value < 0:
                    continue
                changed = line[: found.start()] + new + line[found.end() :]
                if '"06-31"' in changed or '-06-31"' in changed:
                    changed = line.replace("06-30", "07-01")
                yield Subtle(REQUIREMENTS, line, changed)


def searched(subtle: Subtle, *, seeds: bool, limit: float, seed: int, quiet: float) -> Anybody:
    """What the search finds for one change."""
    with tempfile.TemporaryDirectory(prefix="icaccess-anybody-") as work:
        for side in ("base", "head"):
            for name in ("policy", "config"):
                shutil.copytree(ROOT / name, Path(work, side, name))
            if not seeds:
                shutil.rmtree(Path(work, side, "policy/tests/cases"))
        file = Path(work, "head", subtle.file)
        text = file.read_text("utf-8")
        if subtle.old not in text:
            raise SystemExit(f"{subtle.file} has no {subtle.old!r}: bring the list in step with the policy")
        file.write_text(text.replace(subtle.old, subtle.new, 1), "utf-8")
        folders = (Path(work, "policy"), Path(work, "config"))
        with (
            checkout("--base", f"{work}/base", *folders) as base,
            checkout("--head", f"{work}/head", *folders) as head,
        ):
            examples = [ROOT / "examples" / "facts"] if seeds else []
            return compare_for_anybody(base, head, examples, limit=limit, seed=seed, quiet=quiet)


class Recording(VersionJudge):
    """Decides as a version does, and keeps what it was asked."""

    def decide(self, people: Sequence[tuple[str, bytes]], by: bytes | None = None) -> list[bytes]:
        """What the version decides."""
        ASKED.append((self, question(people, by)))
        return super().decide(people, by)


ASKED: list[tuple[Recording, bytes]] = []


def ratio(limit: float, seed: int) -> float:
    """The decisions a second of a search of two versions, as a share of those of OPA asked the same again."""
    folders = (ROOT / "policy", ROOT / "config")
    with ExitStack() as stack:
        sides = [stack.enter_context(checkout(side, None, *folders)) for side in ("--base", "--head")]
        judges = [stack.enter_context(judging(side))[1] for side in sides]
        source = PolicySource(find_opa(), *folders)
        tried = Tried(seed=seed, limit=limit)
        search = Search(employee_shape(folders[0]), vocabulary([source], []), [], tried)
        started = time.monotonic()
        search.run(*(Recording(one.url, one.http) for one in judges))
        took = time.monotonic() - started

        def again(http: HttpClient, url: str, bodies: list[bytes]) -> None:
            for body in bodies:
                http.request("POST", f"{url}/v1/data/system/authz/decisions", body=body)

        started = time.monotonic()
        with ThreadPoolExecutor(4) as pool:
            parts = []
            for one in judges:
                bodies = [body for judge, body in ASKED if judge.url == one.url]
                # Two at once, as the search asks.
                parts += [pool.submit(again, one.http, one.url, bodies[start::2]) for start in (0, 1)]
            for part in parts:
                part.result()
        return (time.monotonic() - started) / took


def main() -> int:
    """Search for each change and print a table; 1 when one is not found."""
    as_written = argparse.RawDescriptionHelpFormatter
    options = argparse.ArgumentParser(description=__doc__, formatter_class=as_written)
    options.add_argument("--without-seeds", action="store_true", help="take cases and example people away")
    options.add_argument("--limit", type=float, default=60, help="seconds for each change")
    after = "seconds to go on after the latest way to differ"
    options.add_argument("--quiet", type=float, default=0, help=after)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--only", default="", help="only changes whose text has this in it")
    options.add_argument("--rate", action="store_true", help="measure decisions a second alone")
    options.add_argument("--part", default="0/1", help="every Nth change, from the Kth: K/N")
    chosen = options.parse_args()
    if chosen.rate:
        print(f"{ratio(chosen.limit, chosen.seed):.2f} of the decisions a second of OPA alone")
        return 0
    changes = [*RULES, *constants((ROOT / REQUIREMENTS).read_text("utf-8"))]
    part, of = map(int, chosen.part.split("/"))
    changes = [one for one in changes if chosen.only in f"{one.file} {one.old} {one.new}"][part::of]
    found, seconds, facts, tried = 0, [], [], []
    for subtle in changes:
        started = time.monotonic()
        seeds, limits = not chosen.without_seeds, {"limit": chosen.limit, "quiet": chosen.quiet}
        result = searched(subtle, seeds=seeds, seed=chosen.seed, **limits)
        took = time.monotonic() - started
        old, new = " ".join(subtle.old.split()), " ".join(subtle.new.split())
        words = f"{subtle.file.rpartition('/')[2]}: {old} -> {new}"
        if result.found and result.tried:
            found += 1
            seconds.append(result.tried.first_after or 0)
            facts.append(result.found[0].facts)
            tried.append(result.tried.first_tried or 0)
            print(
                f"found {seconds[-1]:6.1f} s  {took:6.1f} s in all  {tried[-1]:6,} tried  "
                f"{facts[-1]:2} facts  {result.found[0].kind:12} {words}",
                flush=True,
            )
        else:
            why = result.problem or (f"{result.tried.people} people" if result.tried else "the same rules")
            print(f"NOT   {took:6.1f} s  {why}  {words}", flush=True)
    print(f"found {found} of {len(changes)}", end="")
    if found:
        print(
            f"; first after {statistics.median(seconds):.1f} s (median), {max(seconds):.1f} s (most); "
            f"{statistics.median(tried):,.0f} people tried (median), {max(tried):,} (most); "
            f"facts {statistics.median(facts):.0f} (median), {max(facts)} (most)",
            end="",
        )
    print()
    return int(found < len(changes))


if __name__ == "__main__":
    sys.exit(main())
