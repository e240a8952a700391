"""`icaccess policy mutate`: which changes of the policy its tests let pass."""

from __future__ import annotations

import click

from icaccess.cli.options import FORMAT, policy_source, ruled
from icaccess.cli.text import answer, say_all
from icaccess.errors import UsageError
from icaccess.request import Request

_SAMPLE = 60
"""How many mutants are judged unless all are, or another number is given."""


@click.command("mutate")
@ruled
@click.option("--all", "every", is_flag=True, help="Judge every mutant instead of a sample.")
@click.option(
    "--sample", type=click.IntRange(1), metavar="N", help=f"How many to judge; {_SAMPLE} if not given."
)
@click.option("--seed", type=int, default=1, show_default=True, help="What draws the sample.")
@click.option(
    "--limit",
    type=click.FloatRange(0),
    default=2.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to search for somebody who shows a survivor; 0 leaves the search out.",
)
@click.option(
    "--fail-on-survivors",
    is_flag=True,
    help="Exit 2 when the tests let a mutant pass that decides otherwise for somebody.",
)
@FORMAT
def mutate(
    request: Request,
    every: bool,
    sample: int | None,
    seed: int,
    limit: float,
    fail_on_survivors: bool,
    form: str,
) -> int:
    """Change the policy one line at a time, and show which changes its tests let pass."""
    from icaccess.review import mutate as review
    from icaccess.review.mutants import mutants
    from icaccess.review.mutants import sample as some_of
    from icaccess.review.suite import passing_suite

    if not limit >= 0:  # as `nan` is not, which passes every comparison of click's
        raise UsageError(f"--limit {limit}: give a number of seconds, 0 for no search")
    if every and sample is not None:
        raise UsageError("--all judges every mutant; leave it or --sample out")
    source = policy_source(request)
    passing_suite(source)
    made = mutants(source.texts)
    counts = dict.fromkeys(("caught", "survives", "no policy"), 0)
    survivors = []
    for one in review.judged(source, made if every else some_of(made, sample or _SAMPLE, seed), limit):
        counts[one.fate] += 1
        if one.fate == "survives":
            survivors.append(one)
            if form == "text":  # at once: a whole search takes minutes
                say_all([f"survives: {one.mutant}", review.shown(one, limit)])
    said = (
        f"{counts['caught']:,} caught, {counts['survives']:,} survived, "
        f"{counts['no policy']:,} did not compile; {sum(counts.values()):,} of {len(made):,} mutants judged"
    )
    answer(form, {"mutants": len(made), "counts": counts, "survivors": survivors}, [said])
    holes = any(one.shown_by is not None or not limit for one in survivors)
    return 2 if fail_on_survivors and holes else 0
