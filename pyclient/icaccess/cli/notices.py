"""`icaccess notices`: who is told what, and was."""

from __future__ import annotations

from collections import Counter

import click
import msgspec

from icaccess.cli.options import BY, FORMAT, REASON, configured, deciding, given_consent, say_installed
from icaccess.cli.text import answer, say, show_value
from icaccess.errors import GuardStop, IcaccessError, NoticeError, NoticesFailed, UsageError
from icaccess.request import Request
from icaccess.text import how_many


@click.group()
def notices() -> None:
    """Show and send what people are told about their access."""


@notices.command()
@deciding
@FORMAT
def plan(request: Request, form: str) -> None:
    """Show what would go out now; send nothing."""
    from icaccess.notices.gather import gather
    from icaccess.notices.send import look, open_notices
    from icaccess.store.database import open_store

    with (
        open_store(request.store_url, read_only=True) as store,
        open_notices(request.settings) as (settings, channels, _),
    ):
        due = gather(request, settings)
        found = look(store, due, channels)
    stopped = found.over(settings.limit)
    shown = {name: (*groups, *found.unaddressed[name]) for name, groups in found.by_channel.items()}
    if form == "json":
        document = {
            "as_of": due.as_of,
            "digest": found.digest,
            "problem": due.problem or None,
            "stopped": stopped or None,
            "without_address": found.without_address,
            "notices": [
                {"channel": channel, **msgspec.structs.asdict(one)}
                for channel, groups in shown.items()
                for group in groups
                for one in group
            ],
        }
        show_value(document)
        return
    for channel, groups in shown.items():
        count = sum(map(len, groups))
        say(f"By {channel} ({count:,}):" if count else f"By {channel}: nothing is due.")
        for group in groups:
            for one in group:
                where = f" → {one.address or 'no e-mail address'}" if channel == "mail" else ""
                say(f"  {one.recipient}  {one.kind}  {one.fact}{where}")
    if due.problem:
        say(f"People and approvers are told nothing now: {due.problem}")
    if found.without_address:
        without = how_many(found.without_address, "recipient has", "recipients have")
        say(f"{without} no e-mail address in the facts.")
    if stopped:
        say(f"The limit stops this: {stopped}. To let it through: {found.option}")


@notices.command()
@deciding
@click.option("--to", metavar="ADDRESS", help="A trial: send everything that is due to this address alone.")
@click.option(
    "--allow", metavar="DIGEST", help="Let this one lot past the limit; it names the lot when it stops."
)
@BY
@REASON
@FORMAT
def send(
    request: Request, to: str | None, allow: str | None, by: str | None, reason: str | None, form: str
) -> None:
    """Send what is due and was not sent yet; record each notice before and after."""
    from icaccess.notices.send import notify

    say_installed(request, policy=False)
    if to is not None:
        if allow or by or reason:
            raise UsageError("--allow, --by and --reason are for a lot that goes out; leave them or --to out")
        count = _try(request, to)
        sent = f"Sent {how_many(count, 'message')} to {to} for a trial; nothing is recorded."
        answer(form, {"trial": count}, [sent])
        return
    due, told = notify(request, consent=given_consent("lot", allow, by, reason))
    failures = (*told.refusals, *told.problems)
    error: IcaccessError | None = None
    if told.stopped:
        error = GuardStop(f"stopped by the limit: {told.stopped}")
    elif due.problem:
        error = NoticeError(f"people and approvers are told nothing now: {due.problem}")
    elif failures:
        error = NoticesFailed(failures[-1])
    if form == "json":
        show_value({"counts": told.counts, "problems": (*failures, *told.warnings)})
    else:
        states = ", ".join(f"{count:,} {state}" for state, count in sorted(told.counts.items()))
        say(states or "Nothing is due.")
        # The last failure is the error that the command ends with, so it is not said here as well.
        said = failures[:-1] if isinstance(error, NoticesFailed) else failures
        for problem in (*told.warnings, *said):
            say(f"icaccess: {problem}", err=True)
    if error is not None:
        raise error


def _try(request: Request, to: str) -> int:
    """Send everything that is due to one address, record nothing, and give the number of messages."""
    from icaccess.notices.gather import gather
    from icaccess.notices.send import open_notices, send_trial
    from icaccess.notices.settings import is_address
    from icaccess.store.database import open_store

    if not is_address(to):
        raise UsageError(f"--to {to!r}: is no e-mail address; write NAME@DOMAIN")
    with (
        open_store(request.store_url, read_only=True) as store,
        open_notices(request.settings) as (settings, channels, words),
    ):
        mail = next((channel for channel in channels if channel.name == "mail"), None)
        if mail is None:
            raise UsageError("--to sends mail, and notices.mail is not set; set it")
        return send_trial(store, gather(request, settings), mail, words, to, settings.limit)


@notices.command()
@configured
@click.argument("recipient", metavar="ID")
@FORMAT
def show(request: Request, recipient: str, form: str) -> None:
    """Show what one person was told, by employee id or by an operator's address."""
    from icaccess.store import notices as recorded
    from icaccess.store.database import open_kept

    with open_kept(request.store_url) as store, store.reading() as connection:
        found = recorded.of_recipient(connection, recipient)
    if form == "json":
        show_value(found)
        return
    if not found:
        raise UsageError(f"{recipient}: the store holds no notice to this id")
    for one in found:
        when = one.settled_at or one.intended_at
        note = f" ({one.note})" if one.note else ""
        say(f"{when}  {one.state} by {one.channel} to {one.address or 'nobody'}: {one.subject}{note}")
        for line in one.text.splitlines():
            say(f"    {line}")
    counts = Counter(one.state for one in found)
    say(", ".join(f"{count} {state}" for state, count in sorted(counts.items())))
