"""`icaccess opa install|run|status`: the engine."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from icaccess.cli.options import CONFIG, FORMAT, OPA_URL, ruled
from icaccess.cli.text import answer, say, show_value
from icaccess.errors import EngineError, UsageError
from icaccess.request import Request


@click.group("opa")
def opa() -> None:
    """Install, run and inspect Open Policy Agent, the engine that decides."""


@opa.command("install")
@click.option("--from", "releases", metavar="URL", help="A mirror of OPA's releases.")
@CONFIG
@FORMAT
def install(releases: str | None, config: Path | None, form: str) -> None:
    """Install the pinned OPA into the cache, and check it against the published checksum."""
    from icaccess.opa.install import RELEASES, install_opa
    from icaccess.opa.program import VERSION
    from icaccess.opa.settings import OpaSettings

    releases = releases or Request(config=config).settings.section("opa", OpaSettings).releases
    program = install_opa(lambda line: say(line, err=True), releases=releases or RELEASES)
    answer(form, {"program": str(program), "version": VERSION}, [str(program)])


@opa.command("run")
@ruled
@click.option("--address", default="127.0.0.1:8181", show_default=True, metavar="HOST:PORT")
@FORMAT
def run(request: Request, address: str, form: str) -> None:
    """Run OPA in the foreground on the policy and the policy data.

    The token is ICACCESS_OPA_TOKEN if that is set, else a new one. Token and URL are printed as shell
    variables, or as one line of JSON.
    """
    from icaccess.http import is_loopback
    from icaccess.opa.engine import running_engine
    from icaccess.service.settings import parse_address

    parse_address(address, "--address")
    if not is_loopback(f"http://{address}"):
        raise UsageError(
            f"--address {address!r}: other machines would send their token here unencrypted; "
            "give an address of this machine itself, such as 127.0.0.1:8181"
        )
    given = os.environ.get("ICACCESS_OPA_TOKEN")
    folders = request.policy_directory, request.config_directory
    with running_engine(*folders, token=given, address=address) as engine:
        variables = {"URL": engine.url} | ({} if given else {"TOKEN": engine.token})
        lines = (f"export ICACCESS_OPA_{name}={value}" for name, value in variables.items())
        answer(form, {"url": engine.url, "token": engine.token}, lines)
        sys.stdout.flush()  # a script reads the address before OPA ends
        try:
            say(f"OPA decides with policy {engine.bundles.revisions.policy}", err=True)
            code = engine.process.wait()
        except KeyboardInterrupt:
            return
    raise EngineError(f"OPA ended by itself, with exit code {code}")


@opa.command("status")
@OPA_URL
@CONFIG
@FORMAT
def status(opa_url: tuple[str, ...], config: Path | None, form: str) -> None:
    """Show each OPA's version, and the revisions of the policy and policy data that it decides with."""
    from icaccess.opa.program import NEEDED, VERSION, find_opa, opa_version
    from icaccess.opa.settings import connect

    client = connect(Request(config=config).settings, opa_url)
    program = find_opa() if client is None else None
    version = program and opa_version(program)
    sidecars = []
    if client is not None:
        with client:
            sidecars = client.status()
    if form == "json":
        about = {"program": program and str(program), "version": version}
        show_value({**about, "tried_with": VERSION, "needed": NEEDED, "sidecars": sidecars})
    elif program is not None:
        say(f"no URL is set: commands start {program}, version {version}")
        say(f"tested with {VERSION}; {NEEDED} is needed")
    for sidecar in sidecars if form == "text" else ():
        say(f"{sidecar.url}: {'ready' if sidecar.ready else 'not ready'}")
        if sidecar.revisions is not None:
            say(f"  version  {sidecar.version}")
            say(f"  policy   {sidecar.revisions.policy or 'without a revision'}")
            say(f"  data     {sidecar.revisions.data or 'without a revision'}")
    problems = [sidecar.problem for sidecar in sidecars if sidecar.problem is not None]
    if problems:
        raise EngineError("; ".join(problems))
    if len({sidecar.revisions for sidecar in sidecars}) > 1:
        raise EngineError("the sidecars hold different policies: load the same bundles into all of them")
