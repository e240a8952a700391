"""`icaccess impact`: whose decision differs between two versions of the policy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import TYPE_CHECKING

import click

from icaccess.cli.options import EXAMPLES, IDS, Day, TimeLimit, comparing, formats, say_installed
from icaccess.cli.progress import showing
from icaccess.cli.text import Rendered, say, show
from icaccess.errors import UsageError
from icaccess.files import installed
from icaccess.request import Request
from icaccess.text import how_many

if TYPE_CHECKING:
    from icaccess.review.impact import Impact
    from icaccess.review.search.compare import Anybody

TOO_MUCH = 2
"""The exit code when the impact is more than `--fail-on` and `--max-changes` allow."""
NOT_REACHED = 3
"""The exit code when `--anybody` finds nobody, and nobody that it tried reaches some differing line."""


@click.command("impact")
@IDS
@click.option("--base", required=True, metavar="REF|DIR", help="The version to compare with.")
@click.option("--head", metavar="REF|DIR", help="The version that would ship [default: the current folders].")
@comparing
@click.option("--until", type=Day(), metavar="DATE", help="Compare on every day from --at through this one.")
@formats("markdown", "json", "csv", note="; markdown fits a pull request's comment")
@EXAMPLES
@click.option(
    "--fail-on",
    type=click.Choice(["revoke", "grant", "loses", "gains"]),
    multiple=True,
    help="Exit 2 when anybody's action becomes this one, or anybody loses or gains access; repeatable.",
)
@click.option(
    "--max-changes", type=click.IntRange(0), metavar="N", help="Exit 2 when more than N people change."
)
@click.option(
    "--anybody",
    is_flag=True,
    help="Search made-up people for whom the versions decide differently, instead of a population.",
)
@click.option(
    "--limit",
    type=TimeLimit(),
    default="60s",
    show_default=True,
    metavar="TIME",
    help="How long --anybody searches, such as 60s or 5m.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="The seed of --anybody's random search.")
def impact(
    request: Request,
    ids: tuple[str, ...],
    base: str,
    head: str | None,
    until: date | None,
    form: str,
    examples: int,
    fail_on: tuple[str, ...],
    max_changes: int | None,
    anybody: bool,
    limit: float,
    seed: int,
) -> int:
    """Show whose decision differs between two versions of the policy, and what an apply would do.

    With IDs, compare only these people. With --anybody, read nobody's facts: show the smallest made-up person
    for each way in which decisions differ. Then exit 3 says that the search found nobody and did not reach
    some differing line, and exit 1 that it ended early.
    """
    from icaccess.pipeline import start
    from icaccess.review import impact_render as render
    from icaccess.review.impact import compare
    from icaccess.review.versions import running_version
    from icaccess.tables import as_json

    last = until or request.day
    if last < request.day:
        raise UsageError(f"--until {last} is before {request.day}, the first day; swap --at and --until")
    say_installed(request)
    if anybody:
        if ids or until or max_changes is not None or form == "csv":
            raise UsageError("--anybody takes no IDs, --until, --max-changes or --format csv: leave them out")
        return _anybody(request, (base, head), form, fail_on, limit, seed)
    folders = (request.policy_directory, request.config_directory)
    with (
        running_version("--base", base, *folders) as before,
        running_version("--head", head, *folders) as after,
        start(request, read_only=True) as run,
        showing(),
    ):
        found = compare(before, after, run.people.records(ids), request.day, last)
    forms: dict[str, Callable[[], Rendered]] = {
        "text": lambda: render.impact_text(found, examples),
        "markdown": lambda: render.impact_markdown(found, examples),
        "json": lambda: as_json(found),
        "csv": lambda: render.impact_csv(found),
    }
    show(forms[form](), form)
    problems = list(_exceeded(found, fail_on, max_changes))
    for problem in problems:
        say(problem, err=True)
    return TOO_MUCH if problems else 0


def _anybody(
    request: Request,
    versions: tuple[str, str | None],
    form: str,
    fail_on: tuple[str, ...],
    limit: float,
    seed: int,
) -> int:
    from icaccess.review.search import render
    from icaccess.review.search.compare import compare_for_anybody
    from icaccess.review.versions import checkout

    folders = (request.policy_directory, request.config_directory)
    base, head = versions
    with checkout("--base", base, *folders) as before, checkout("--head", head, *folders) as after:
        examples = request.facts or [installed("examples/facts")]
        found = compare_for_anybody(before, after, examples, limit=limit, seed=seed)
    forms: dict[str, Callable[[Anybody], Rendered]] = {
        "text": render.anybody_text,
        "markdown": render.anybody_markdown,
        "json": render.anybody_json,
    }
    show(forms[form](found), form)
    kinds = {one.kind for one in found.found}
    actions = {one.head.get("action") for one in found.found if "action" in one.fields}
    failed = [name for name in fail_on if name in kinds | actions]
    for name in failed:
        say(f"--fail-on {name}: the search found a made-up person for whom this is true", err=True)
    if found.problem:
        say(f"the search ended early: {found.problem}", err=True)
        return 1
    if failed:
        return TOO_MUCH
    return NOT_REACHED if not found.found and found.missed else 0


def _exceeded(found: Impact, fail_on: tuple[str, ...], max_changes: int | None) -> Iterator[str]:
    kinds = found.by_kind
    counts = {
        "revoke": (found.newly("revoke"), "would be revoked"),
        "grant": (found.newly("grant"), "would be granted access"),
        "loses": (kinds.get("loses", 0), "would no longer be allowed"),
        "gains": (kinds.get("gains", 0), "would newly be allowed"),
    }
    for name in fail_on:
        number, how = counts[name]
        if number:
            yield f"--fail-on {name}: {how_many(number, 'person', 'people')} {how}"
    changed = found.people_changed
    if max_changes is not None and changed > max_changes:
        yield f"--max-changes {max_changes}: {how_many(changed, 'person changes', 'people change')}"
