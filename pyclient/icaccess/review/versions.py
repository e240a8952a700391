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
from icaccess.errors import ConfigError, EngineError, IcaccessError, PolicyError, UsageError
from icaccess.opa.client import AccessClient
from icaccess.opa.engine import running_opa


class Version(msgspec.Struct, frozen=True):
    """One side of a comparison: what it was called, the commit if it is one, and the digests that decided."""

    name: str
    commit: str | None
    policy_revision: str
    data_revision: str


@contextmanager
def running_version(
    side: str, spec: str | None, policy: Path, config: Path
) -> Iterator[tuple[Version, AccessClient]]:
    """An OPA on one version, stopped at the end. Without `spec` that is the two folders as they are.

    A `spec` that is a folder must hold `policy` and `config`. Any other is a git ref of the repository that
    `policy` is in; policy and policy data are taken from it where they stand now. Every error begins with
    `side`, such as `--base`, so that a user knows which of the two is wrong.
    """
    if spec == "":  # as a variable is that nobody set, and as a folder would be the one compared
        raise UsageError(f"{side}: is empty; name a folder or a git ref")
    name = f"{side} {spec}" if spec else f"{side} (the folders as they are)"
    with ExitStack() as stack:
        work = stack.enter_context(tempfile.TemporaryDirectory(prefix="icaccess-version-"))
        try:
            commit = None
            if spec is not None and Path(spec).is_dir():
                policy, config = _in_folder(Path(spec))
            elif spec is not None:
                commit, policy, config = _checked_out(spec, policy, config, Path(work))
            load_policy_data(config)
            client = stack.enter_context(running_opa(policy, config))
        except IcaccessError as error:
            text = str(error).replace(f"{work}/", "")
            raise type(error)(f"{name}: {text}") from error
        revisions = client.revisions()
        yield Version(spec or "working folders", commit, revisions.policy, revisions.data), client


def _in_folder(folder: Path) -> tuple[Path, Path]:
    policy, config = folder / "policy", folder / "config"
    if not policy.is_dir():
        raise PolicyError(
            f"the folder has no policy/ in it; give one that holds policy/ and config/ ({folder})"
        )
    if not config.is_dir():
        raise ConfigError(
            f"the folder has no config/ in it; give one that holds policy/ and config/ ({folder})"
        )
    return policy, config


def _checked_out(spec: str, policy: Path, config: Path, work: Path) -> tuple[str, Path, Path]:
    """The commit, and the two folders as they are in it, written under `work`."""
    at = policy.resolve()
    found = _git(at, "rev-parse", "--show-toplevel")
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
    try:
        return subprocess.run(["git", "-C", folder, *arguments], capture_output=True, check=False)
    except OSError as error:
        raise EngineError(f"git cannot be run ({error.strerror}); give a folder instead of a ref") from error
