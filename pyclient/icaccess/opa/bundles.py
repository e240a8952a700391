"""Bundles: what OPA loads, built from `policy/` and `config/` and named by the digest of what decides.

Policy and policy data are two bundles, so that each has its own revision. Only files that affect decisions go
in: tests, schemas and `icaccess.yaml` stay out, and do not change a digest.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from icaccess.errors import ConfigError, EngineError, IcaccessError, PolicyError, file_errors
from icaccess.files import file_to_read, installed

Tree = dict[str, bytes]
"""The files of a bundle: relative path to content."""

_DATA_FILES = ("data.yaml", "data.yml", "data.json")
_LEFT_OUT = {"tests", "schemas", "opa"}
_LET_READ = "let this user read it, or take it out of the folder"
_CHECKED = "lib/checked.rego"
"""The file that a build replaces with the digest of the checked policy data."""


class Revisions(msgspec.Struct, frozen=True):
    """Which policy and which policy data decided: the revisions of OPA's bundles, empty when it has none."""

    policy: str
    data: str


class Bundles(msgspec.Struct, frozen=True):
    """Two built bundles, and the revisions that OPA will name with each answer."""

    policy: Path
    config: Path
    revisions: Revisions


def policy_tree(folder: Path) -> Tree:
    """The relevant files of the policy in `folder`: its rules, its data and its manifest.

    Raises `PolicyError` when the folder is not there or holds no rules.
    """
    if not folder.is_dir():
        raise PolicyError(f"no policy folder {folder}: give one with --policy")
    tree = _read(
        folder, PolicyError, lambda name: name == ".manifest" or name in _DATA_FILES or _is_rule(name)
    )
    if not any(_is_rule(name) for name in tree):
        raise PolicyError(f"{folder} holds no Rego rules: give the policy folder with --policy")
    if ".manifest" not in tree:
        raise PolicyError(f"{folder} has no .manifest: it must declare the roots of the policy's bundle")
    return tree


def config_tree(folder: Path) -> Tree:
    """The relevant files of the policy data in `folder`: each `<name>/data.yaml`, with `<name>` as a root.

    Raises `ConfigError` when the folder is not there or holds no policy data.
    """
    if not folder.is_dir():
        raise ConfigError(f"no config folder {folder}: give one with --config")
    tree = _read(folder, ConfigError, lambda name: name in _DATA_FILES)
    roots = sorted({path.partition("/")[0] for path in tree if "/" in path})
    if not roots:
        raise ConfigError(f"{folder} holds no policy data, such as requirements/data.yaml")
    tree = {path: content for path, content in tree.items() if "/" in path}
    tree[".manifest"] = msgspec.json.encode({"rego_version": 1, "roots": roots})
    return tree


def digest(tree: Tree) -> str:
    """The SHA-256 of all names and contents, as 64 hexadecimal digits: the bundle's revision."""
    total = hashlib.sha256()
    for path in sorted(tree):
        total.update(f"{len(path.encode())} {path} {len(tree[path])} ".encode())
        total.update(tree[path])
    return total.hexdigest()


def shipped(config_dir: Path, name: str) -> Path:
    """A file that limits OPA itself, such as `capabilities.json`: the config's own, else the installed one.

    Raises `EngineError` when both are missing: nothing would limit the policy or close OPA.
    """
    for place in (config_dir, installed("config")):
        if (file := place / "opa" / name).is_file():
            return file
    raise EngineError(f"{config_dir / 'opa' / name} is missing: OPA does not start without it")


def build_bundles(opa: Path, policy_dir: Path, config_dir: Path, cache: Path) -> Bundles:
    """Both bundles, built with `opa` once for each content and kept under `cache`.

    Raises `PolicyError` when the policy does not compile within its capabilities, and `ConfigError` when OPA
    cannot read the policy data, or the policy finds it unusable.
    """
    policy, config = policy_tree(policy_dir), config_tree(config_dir)
    limits = shipped(config_dir, "capabilities.json")
    revisions = Revisions(digest(policy), digest(config))
    within = hashlib.sha256(limits.read_bytes()).hexdigest()[:8]

    def make_policy(out: Path) -> None:
        with _folder_named("policy", policy_dir):
            build(opa, "policy", policy, out, limits, beside=checked_settings(opa, policy, config, limits))

    def make_config(out: Path) -> None:
        with _folder_named("config", config_dir):
            build(opa, "config", config, out, limits)

    data = revisions.data[:32]
    try:
        return Bundles(
            config=_cached(cache / f"{data}-{within}", "config", make_config),
            policy=_cached(cache / f"{revisions.policy[:32]}-{data}-{within}", "policy", make_policy),
            revisions=revisions,
        )
    except OSError as error:
        raise EngineError(
            f"cannot build OPA's bundles in {cache}: {error.strerror or error}; "
            "set XDG_CACHE_HOME to a folder with space that this user may write to"
        ) from error


def checked_settings(opa: Path, policy: Tree, config: Tree, limits: Path) -> Tree:
    """The file of the policy's bundle with the digest of the policy data that its rules have found sound.

    The rules check any other policy data at each request. A policy without this file gets none; neither does
    one that does not compile, which `build` reports. Raises `ConfigError` when the policy data is not sound.
    """
    if _CHECKED not in policy:
        return {}
    with tempfile.TemporaryDirectory(prefix="icaccess-") as work:
        write_tree(policy, Path(work, "policy"))
        write_tree(config, Path(work, "config"))
        loaded = ["--bundle", "policy", "--bundle", "config", "--capabilities", str(limits.resolve())]
        done = subprocess.run(
            [opa, "eval", *loaded, "data.lib.settings.checked"], cwd=work, capture_output=True, check=False
        )
    if done.returncode != 0:
        return {}
    found = msgspec.json.decode(done.stdout)["result"][0]["expressions"][0]["value"]
    if found is None:
        raise ConfigError("the policy finds this policy data unusable: correct what `icaccess doctor` names")
    return {_CHECKED: f'package lib.checked\n\nsettings := "{found}"\n'.encode()}


def build(
    opa: Path, name: str, tree: Tree, out: Path, limits: Path, *options: str, beside: Tree | None = None
) -> None:
    """Let `opa build` make the bundle `out` from `tree` and the files `beside` it, which take precedence.

    The revision is the digest of `tree` alone. `limits` is a file of capabilities, `options` are more options
    of OPA, such as a signing key. Raises `PolicyError` with OPA's first complaint, which calls the tree's
    root `name`.
    """
    with tempfile.TemporaryDirectory(prefix="icaccess-") as work:
        write_tree(tree | (beside or {}), Path(work, name))
        given = ["--bundle", name, "--revision", digest(tree), "--output", "out.tar.gz", *options]
        # OPA writes some of its errors to standard output.
        done = subprocess.run(
            [opa, "build", *given, "--capabilities", limits.resolve()],
            cwd=work,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise PolicyError(first_complaint(done.stdout))
        out.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(Path(work, "out.tar.gz"), out)


def first_complaint(output: str) -> str:
    """OPA's first error as one line, `file:line: what`, and how many more there are."""
    text = re.sub(
        r"^(error: |load error: |bundle load failed on |bundle \S+: |\d+ errors? occurred: ?\s*)+",
        "",
        output.strip(),
    )
    errors = re.findall(r"^\S+:\d+: .*", text, flags=re.MULTILINE)
    if not errors:
        return text
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"{errors[0]}{more}"


def _cached(place: Path, name: str, make: Callable[[Path], None]) -> Path:
    """The bundle in `place`, in a folder named after its own SHA-256; rebuilds one that differs."""
    for kept in place.glob(f"*/{name}.tar.gz"):
        if kept.parent.name == _sha256(kept):
            return kept
    place.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".new-", dir=place) as new:
        built = Path(new, f"{name}.tar.gz")
        make(built)
        kept = place / _sha256(built) / built.name
        kept.parent.mkdir(exist_ok=True)
        return built.replace(kept)


@contextmanager
def _folder_named(name: str, folder: Path) -> Iterator[None]:
    """Name the folder in an error, in place of the tree made from it."""
    try:
        yield
    except PolicyError as error:
        wrong = PolicyError if name == "policy" else ConfigError
        raise wrong(str(error).replace(f"{name}/", f"{folder}{os.sep}")) from error


def write_tree(tree: Tree, folder: Path) -> None:
    """Write the files of a bundle into a folder."""
    for path, content in tree.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _is_rule(name: str) -> bool:
    return name.endswith(".rego") and not name.endswith("_test.rego")


def _read(folder: Path, kind: type[IcaccessError], counts: Callable[[str], bool]) -> Tree:
    """The files that count; an error of `kind` when one, or a folder, cannot be read: a rule may be in it."""

    def fail(error: OSError) -> None:
        with file_errors(kind, f"{error.filename}: cannot be read", _LET_READ):
            raise error

    tree: Tree = {}
    for root, folders, names in os.walk(folder, onerror=fail, followlinks=True):
        folders[:] = sorted(f for f in folders if f not in _LEFT_OUT and not f.startswith("."))
        for name in names:
            path = Path(root, name)
            if counts(name):
                with file_errors(kind, f"{path}: cannot be read", _LET_READ):
                    tree[path.relative_to(folder).as_posix()] = file_to_read(path).read_bytes()
    return tree
