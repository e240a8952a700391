"""Versions of policy and policy data to compare: a git ref, or a folder that holds both."""

from __future__ import annotations

import io
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from icaccess.config.policy_data import load_policy_data
from icaccess.errors import ConfigError, EngineError, IcaccessError, PolicyError, UsageError, file_errors
from icaccess.opa.client import AccessClient
from icaccess.opa.engine import Engine, running_engine


class Version(msgspec.Struct, frozen=True):
    """One side of a comparison: what it was called, the commit if it is one, and the digests that decided."""

    name: str
    commit: str | None
    policy_revision: str
    data_revision: str


class Checkout(msgspec.Struct, frozen=True):
    """The folders of one version; `side` is what names it in errors, such as `--base v1`."""

    side: str
    name: str
    commit: str | None
    policy: Path
    config: Path
    work: Path


@contextmanager
def checkout(side: str, spec: str | None, policy: Path, config: Path) -> Iterator[Checkout]:
    """The folders of one version, removed at the end if they were made; without `spec` the two given.

    A `spec` that is a folder must hold `policy` and `config`. Any other is a git ref of the repository that
    `policy` is in; policy and policy data are taken from it where they are now. Every error begins with
    `side`, such as `--base`, so that a user knows which of the two is wrong.
    """
    if spec == "":  # as a variable is that nobody set, and as a folder would be the one compared
        raise UsageError(f"{side}: is empty; name a folder or a git ref")
    name = f"{side} {spec}" if spec else f"{side} (the folders as they are)"
    with tempfile.TemporaryDirectory(prefix="icaccess-version-") as work:
        with naming(name, Path(work)):
            commit = None
            if spec is not None and Path(spec).is_dir():
                policy, config = _in_folder(Path(spec))
            elif spec is not None:
                commit, policy, config = _checked_out(spec, policy, config, Path(work))
            load_policy_data(config)
        yield Checkout(name, spec or "working folders", commit, policy, config, Path(work))


@contextmanager
def running(place: Checkout, rules: Path | None = None) -> Iterator[tuple[Version, Engine]]:
    """An OPA that decides by one version, stopped at the end; errors begin with the version's side.

    `rules` say who may ask it what, in place of those beside the policy data.
    """
    with ExitStack() as stack:
        with naming(place.side, place.work):
            engine = stack.enter_context(running_engine(place.policy, place.config, rules=rules))
        revisions = engine.bundles.revisions
        yield Version(place.name, place.commit, revisions.policy, revisions.data), engine


@contextmanager
def running_version(
    side: str, spec: str | None, policy: Path, config: Path
) -> Iterator[tuple[Version, AccessClient]]:
    """A client of an OPA on one version, as `checkout` and `running` make it."""
    with (
        checkout(side, spec, policy, config) as place,
        running(place) as (version, engine),
        AccessClient(engine.url, engine.token) as client,
    ):
        yield version, client


@contextmanager
def naming(side: str, work: Path) -> Iterator[None]:
    """Put the side before each error, and leave the folder out that nobody knows."""
    try:
        yield
    except IcaccessError as error:
        text = str(error).replace(f"{work}/", "")
        raise type(error)(f"{side}: {text}") from error


def _in_folder(folder: Path) -> tuple[Path, Path]:
    policy, config = folder / "policy", folder / "config"
    for part, error in ((policy, PolicyError), (config, ConfigError)):
        if not part.is_dir():
            raise error(f"the folder has no {part.name}/ in it; give one that holds policy/ and config/")
    return policy, config


def _checked_out(spec: str, policy: Path, config: Path, work: Path) -> tuple[str, Path, Path]:
    """The commit, and the two folders as they are in it, written under `work`."""
    at = policy.resolve()
    found = _git(at, "rev-parse", "--show-toplevel")
    if b"dubious ownership" in found.stderr:
        raise UsageError(
            f"git refuses the repository of {policy}, since another user owns it; "
            f"run: git config --global --add safe.directory {at.parent}"
        )
    if found.returncode != 0:
        raise UsageError(f"no such folder, and {policy} is in no git repository in which it could be a ref")
    top = Path(found.stdout.decode().strip())
    resolved = _git(top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{spec}^{{commit}}")
    if resolved.returncode != 0:
        raise UsageError("neither a folder nor a git ref; in CI, fetch it first (fetch-depth: 0)")
    commit = resolved.stdout.decode().strip()
    parts = []
    for folder in (policy, config):
        if not folder.resolve().is_relative_to(top):
            raise UsageError(f"{folder} is not in the git repository {top}, so no ref tells how it was")
        parts.append(folder.resolve().relative_to(top))
    for part in parts:
        archive = _git(top, "archive", "--format=tar", commit, "--", part.as_posix())
        if archive.returncode != 0:
            raise PolicyError(f"that commit has no {part}/; choose one that has it")
        with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
            tar.extractall(work, filter="data")
    return commit, work / parts[0], work / parts[1]


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    with file_errors(EngineError, "git cannot be run", "give a folder instead of a ref"):
        return subprocess.run(["git", "-C", folder, *arguments], capture_output=True, check=False)
