"""The `icaccess` command: options in, pipeline called, result rendered.

Every command has its own file and is imported only when it is called, so that `--help` and a single decision
start at once.
"""

from __future__ import annotations

import errno
import importlib
import io
import json
import os
import signal
import sys
from typing import NoReturn

import click

from icaccess import __version__
from icaccess.cli.text import QUIET, say
from icaccess.errors import ExtraMissingError, IcaccessError, UsageError
from icaccess.text import on_one_line

COMMANDS: dict[str, tuple[str, str]] = {
    "decide": ("decide:decide", "Decide who may have access, and explain one person's decision."),
    "facts": ("facts:facts", "Show the merged facts exactly as OPA receives them."),
    "plan": ("changes:plan", "Show what would change and why; change nothing."),
    "apply": ("changes:apply", "Carry out a plan, verify it, and record it."),
    "adopt": ("changes:adopt", "Take over who holds access now, once, on the first day."),
    "policy": ("policy:policy", "Check, test, trace and bundle the policy."),
    "impact": ("impact:impact", "Show whose decision differs between two versions of the policy."),
    "forecast": ("forecast:forecast", "Show what will fall due, by month and by location."),
    "report": ("report:report", "Write the reviewer's evidence as one page, with CSV and JSON."),
    "audit": ("audit:audit", "Verify, show and export the tamper-evident record."),
    "notices": ("notices:notices", "Show and send notices to people about their access."),
    "run": ("run:run", "Keep access correct as a service."),
    "opa": ("opa:opa", "Install, run and inspect the policy engine."),
    "doctor": ("doctor:doctor", "Check that everything a run needs is there and reachable."),
    "help": ("help:help_", "Show a page of the documentation."),
}
"""Each command: its module here and its name there, and its line in `--help`."""

_COMPLETION = "_ICACCESS_COMPLETE"
"""The variable with which a shell asks for completion, as click names it."""


def _quiet(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    ctx.meta[QUIET] = value


_QUIET = click.Option(
    ["--quiet"], is_flag=True, expose_value=False, callback=_quiet, help="Write only errors to stderr."
)


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        """The commands in the order of a working day."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 (click's signature)
        """The command, imported now; None when no command has that name."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command = getattr(importlib.import_module(f"icaccess.cli.{module}"), attribute)
        assert isinstance(command, click.Command)  # noqa: S101 (the table above is ours)
        _add_quiet(command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 (click's signature)
        """The list of commands in `--help`, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


def _add_quiet(command: click.Command) -> None:
    """Give every command `--quiet`; a group's own commands get it, and the group does not."""
    if isinstance(command, click.Group):
        for one in command.commands.values():
            _add_quiet(one)
    elif _QUIET not in command.params:
        command.params.append(_QUIET)


@click.group(cls=LazyGroup, invoke_without_command=True)
@click.version_option(__version__, prog_name="icaccess")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Access to Infinite Campus Elementary Scheduling, decided by policy as code."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main(args: list[str] | None = None) -> NoReturn:
    """Run the command line; ends with `SystemExit`, which has the exit code.

    Every error is one line on stderr: exit 1, or the code that the error owns. An interrupt ends with 130, a
    SIGTERM with 143, and a closed output pipe with 141, after the command has stopped everything that it
    started.
    """
    # A terminal whose encoding lacks a character gets an escape, not an error.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    if asked := os.environ.get(_COMPLETION):
        from click.shell_completion import shell_complete

        sys.exit(shell_complete(cli, {}, "icaccess", _COMPLETION, asked))
    code = _run(list(sys.argv[1:] if args is None else args))
    _drop_output()
    sys.exit(code)


def _run(args: list[str]) -> int:
    # Errors are JSON, like the answer, even where the rest of the command line is wrong.
    wants_json = any(f"--format{between}json" in " ".join(args) for between in "= ")
    fail = _fail_in_json if wants_json else _fail
    try:
        code = _invoke(args)
        sys.stdout.flush()
    except IcaccessError as error:
        return fail(error.code(), str(error), error.exit_code)
    except click.exceptions.NoArgsIsHelpError as error:
        command = error.ctx.command_path if error.ctx else "icaccess"
        return fail(_USAGE, f"{command} needs a subcommand. Try '{command} --help'.", 1)
    except click.ClickException as error:
        hint = ""
        if isinstance(error, click.UsageError) and error.ctx is not None:
            hint = f" Try '{error.ctx.command_path} --help'."
        said = error.format_message()
        return fail(_USAGE, f"{said}{'' if said.endswith(('.', '?)', '?')) else '.'}{hint}", 1)
    except (click.Abort, KeyboardInterrupt):
        return fail("interrupted", "interrupted; nothing more is done", 130)
    except BrokenPipeError:
        # The reader closed the pipe, as `head` does, and the command stopped early: a script that checks the
        # exit code must not read that as done, or as nothing to change.
        return 128 + signal.SIGPIPE
    except Exception as error:  # the last resort: a user gets one line, never a traceback
        if os.environ.get("ICACCESS_DEBUG"):
            raise
        return fail(*_unforeseen(error), 1)
    return code if isinstance(code, int) else 0


def _unforeseen(error: Exception) -> tuple[str, str]:
    """The code and the message of an error that no module of its own took care of."""
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return _USAGE, f"cannot write {error.filename or 'the output'}: {error.strerror}; free some space"
    if isinstance(error, PermissionError) and error.filename:
        return _USAGE, f"{error.filename}: {error.strerror}; give this user the right to it"
    said = f"unexpected {type(error).__name__}: {error}; set ICACCESS_DEBUG=1 to see where"
    return "unexpected", said


def _invoke(args: list[str]) -> object:
    """What the command returns; `ExtraMissingError` where it needs a package that is not installed."""
    try:
        # Not `cli.main`, which ends the process itself when the reader of the output goes away.
        with cli.make_context("icaccess", args.copy()) as context:
            return cli.invoke(context)
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except ModuleNotFoundError as error:
        raise ExtraMissingError.of(error) or error from error


def _drop_output() -> None:
    """Drop output that cannot be written: the error was reported, and Python would report it again."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


_USAGE = UsageError.code()


def _fail(_: str, message: str, exit_code: int) -> int:
    say(f"icaccess: {on_one_line(message)}", err=True)
    return exit_code


def _fail_in_json(code: str, message: str, exit_code: int) -> int:
    error = {"code": code, "message": on_one_line(message), "exit_code": exit_code}
    say(json.dumps({"error": error}, ensure_ascii=False), err=True)
    return exit_code
