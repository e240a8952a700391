"""The options that commands share, gathered into one frozen `Request`.

    @click.command()
    @deciding
    def plan(request: Request) -> None: …

gives a command all the options of the commands that decide; `configured` gives only `--config` and `--store`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from icaccess.cli.progress import passed
from icaccess.cli.text import say
from icaccess.errors import UsageError
from icaccess.models import FIRST_DAY, LAST_DAY, NO_SUCH_DAY
from icaccess.request import Request

if TYPE_CHECKING:  # `icaccess --help` needs no database
    from icaccess.review.source import PolicySource
    from icaccess.store.consents import Consent

Command = Callable[..., Any]


class Day(click.ParamType[date]):
    """A calendar day, written `YYYY-MM-DD`."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:  # noqa: ARG002 (click's)
        """The day; `UsageError` says what is wrong with it."""
        if isinstance(value, date):
            return value
        option = param.opts[0] if param else "date"
        day = _iso_day(value)
        if day is None:
            raise UsageError(f"{option} {value!r}: not a date; write it as YYYY-MM-DD")
        if not FIRST_DAY <= day <= LAST_DAY:
            raise UsageError(f"{option} {value} {NO_SUCH_DAY}")
        return day


def _iso_day(value: str) -> date | None:
    """The day in exactly this form: `fromisoformat` alone would take `20250910` too."""
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return None
    return day if day.isoformat() == value else None


class TimeLimit(click.ParamType[float]):
    """A time, written as seconds or with a unit: `90`, `60s`, `5m`."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:  # noqa: ARG002 (click's)
        """The seconds; `UsageError` unless they are more than zero."""
        found = re.fullmatch(r"(\d+(?:\.\d+)?)(s|m)?", str(value))
        seconds = float(found[1]) * (60 if found[2] == "m" else 1) if found else 0
        if not seconds:
            raise UsageError(f"--limit {value}: give a time above zero, such as 60s or 5m")
        return seconds


class StoreUrl(click.ParamType[str]):
    """The URL of a store; an empty one, as from an unset variable in a script, does not mean the default."""

    name = "URL"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ARG002 (click's)
        """The URL; `UsageError` when it is empty."""
        if not value:
            raise UsageError("--store: is empty; give a URL such as sqlite:///FILE, or leave the option out")
        return value


class PathOption(click.Path):
    """A path; an empty one, as from an unset variable in a script, does not mean "here"."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path; `UsageError` when it is empty."""
        if value == "":
            option = param.opts[0] if param else "path"
            option = option if option.startswith("-") else option.upper()
            raise UsageError(f"{option}: is empty; name a file or folder")
        return super().convert(value, param, ctx)


_PATH = PathOption(path_type=Path)
FILE = PathOption(path_type=Path, dir_okay=False)

CONFIG = click.option(
    "--config",
    type=_PATH,
    envvar="ICACCESS_CONFIG",
    help="Configuration folder [default: ./config, else the one installed].",
)
STORE = click.option(
    "--store",
    type=StoreUrl(),
    metavar="URL",
    envvar="ICACCESS_STORE",
    help="The store, as an SQLAlchemy URL [default: from config].",
)
POLICY = click.option(
    "--policy", type=_PATH, help="Policy folder [default: ./policy, else the one installed]."
)
FACTS = click.option(
    "--facts",
    type=_PATH,
    multiple=True,
    help="Facts file or folder, in place of the configured sources; repeatable.",
)
AT = click.option(
    "--at", type=Day(), metavar="DATE", help="Decide as of this day [default: today in the district's zone]."
)
OPA_URL = click.option(
    "--opa-url",
    metavar="URL",
    multiple=True,
    envvar="ICACCESS_OPA_URL",
    help="A running OPA sidecar; repeatable [default: start one on loopback and stop it after].",
)


def formats(*names: str, note: str = "") -> Callable[[Command], Command]:
    """The option `--format`, which takes text or one of these names; `note` says more in its help."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(["text", *names]),
        default="text",
        show_default=True,
        help=f"How to answer{note}.",
    )


FORMAT = formats("json")
IDS = click.argument("ids", metavar="[ID]...", nargs=-1)
EXAMPLES = click.option(
    "--examples", type=click.IntRange(0), default=5, show_default=True, help="People to show of each kind."
)


def _requesting(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """What gives a command these options, and its function the `request` that they make."""

    def give(command: Command) -> Command:
        @functools.wraps(command)
        def wrapper(**values: Any) -> Any:
            names = ("config", "store", "policy", "facts", "at", "opa_url")
            given = {name: values.pop(name) for name in names if name in values}
            return command(request=Request(**given, progress=passed), **values)

        gathered: Command = wrapper
        for option in reversed(options):
            gathered = option(gathered)
        return gathered

    return give


configured = _requesting(CONFIG, STORE)
ruled = _requesting(POLICY, CONFIG)
reading = _requesting(CONFIG, FACTS)
past = _requesting(CONFIG, POLICY, AT, STORE)
deciding = _requesting(CONFIG, POLICY, FACTS, AT, OPA_URL, STORE)
comparing = _requesting(CONFIG, POLICY, FACTS, AT, STORE)  # each version has an OPA of its own
serving = _requesting(CONFIG, POLICY, FACTS, OPA_URL, STORE)  # it decides day after day

BY = click.option("--by", metavar="NAME", help="With --allow: who gives this consent.")
REASON = click.option("--reason", metavar="TEXT", help="With --allow: why.")


def given_consent(
    what: str, allow: str | None, by: str | None, reason: str | None, people: tuple[str, ...] = ()
) -> Consent | None:
    """The consent that the options give to a plan or a lot; `UsageError` when a part of it is missing."""
    if allow is None and by is None and reason is None and not people:
        return None
    from icaccess.store.consents import Consent

    if not (allow and by and by.strip() and reason and reason.strip()):
        raise UsageError(
            f"a consent names the {what}, the person and a reason; give --allow, --by and --reason"
        )
    return Consent(plan=allow, by=by, reason=reason, people=people)


def installed_folders(request: Request, *, policy: bool = True) -> dict[str, Path]:
    """The installed folders that the command uses, because none was named and none is here."""
    folders = {"config": (request.config, request.config_directory)}
    if policy:
        folders = {"policy": (request.policy, request.policy_directory), **folders}
    return {name: used for name, (given, used) in folders.items() if not given and used != Path(name)}


def say_installed(request: Request, *, policy: bool = True) -> None:
    """Say on stderr which installed folders the command uses, because none was named and none is here.

    Without this, a gate in the wrong folder would pass unnoticed with the policy that came with icaccess, and
    an apply there would grant access to the people of the sample district. `policy=False` leaves the policy
    out.
    """
    if installed := installed_folders(request, policy=policy):
        taken = " and ".join(map(str, installed.values()))
        absent = " or ".join(f"{name}/" for name in installed)
        options = " and ".join(f"--{name}" for name in installed)
        say(f"icaccess: using {taken}, because no {absent} is here; name others with {options}", err=True)


def policy_source(request: Request) -> PolicySource:
    """The policy and the policy data that a review command reads, and the OPA that it asks."""
    from icaccess.config.policy_data import load_policy_data
    from icaccess.opa.program import find_opa
    from icaccess.review.source import PolicySource

    say_installed(request)
    load_policy_data(request.config_directory)
    return PolicySource(find_opa(), request.policy_directory, request.config_directory)
