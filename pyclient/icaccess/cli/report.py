"""`icaccess report`: the reviewer's evidence."""

from __future__ import annotations

from pathlib import Path

import click

from icaccess.cli.options import FORMAT, IDS, PathOption, deciding
from icaccess.cli.progress import showing
from icaccess.cli.text import answer
from icaccess.request import Request


@click.command()
@deciding
@IDS
@click.option(
    "--out",
    type=PathOption(path_type=Path),
    metavar="DIR",
    default=Path("report"),
    show_default=True,
    help="Folder for report.html, report.csv and report.json.",
)
@click.option(
    "--since",
    type=PathOption(path_type=Path),
    metavar="FILE",
    help="The report.json of an earlier report: show what changed since.",
)
@click.option("--no-personal", is_flag=True, help="Leave out names, usernames and e-mail addresses.")
@FORMAT
def report(
    request: Request, ids: tuple[str, ...], out: Path, since: Path | None, form: str, *, no_personal: bool
) -> None:
    """Write the reviewer's evidence: one self-contained page, with CSV and JSON beside it.

    With IDs, the report covers only these people; its population is still everybody.
    """
    from icaccess.review import report_files, report_gather

    report_files.check_folder(out)
    earlier = None if since is None else report_files.read(since)
    with showing():
        gathered = report_gather.gather(request, earlier=earlier, personal=not no_personal)
    if ids:
        gathered = report_gather.select(gathered, ids)
    files = [str(path) for path in report_files.write(gathered, out)]
    answer(form, {"files": files}, files)
