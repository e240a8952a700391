"""`icaccess policy bundle`: what OPA in service loads."""

from __future__ import annotations

from pathlib import Path

import click

from icaccess.cli.options import FORMAT, PathOption, ruled
from icaccess.cli.text import answer
from icaccess.errors import UsageError
from icaccess.request import Request


@click.command("bundle")
@ruled
@click.option(
    "--out",
    type=PathOption(path_type=Path, file_okay=False),
    required=True,
    metavar="DIR",
    help="The folder from which a server serves the bundles.",
)
@click.option(
    "--signing-key",
    type=PathOption(path_type=Path),
    envvar="ICACCESS_SIGNING_KEY",
    metavar="FILE",
    help="The private key, in PEM, that signs them.",
)
@FORMAT
def bundle(request: Request, out: Path, signing_key: Path | None, form: str) -> None:
    """Build and sign the bundles policy.tar.gz and config.tar.gz, which OPA in service loads.

    Show each bundle's revision, which every decision names, and the SHA-256 of its file.
    """
    from icaccess.config.policy_data import load_policy_data
    from icaccess.opa.program import find_opa
    from icaccess.opa.signing import publish

    if signing_key is None:
        raise UsageError(
            "no key to sign with: give --signing-key FILE or set ICACCESS_SIGNING_KEY; "
            "OPA in service refuses a bundle that is not signed"
        )
    load_policy_data(request.config_directory)
    made = publish(find_opa(), request.policy_directory, request.config_directory, signing_key, out)
    lines = (f"{one.file}  revision {one.revision}  sha256 {one.sha256}" for one in made)
    answer(form, {"bundles": made}, lines)
