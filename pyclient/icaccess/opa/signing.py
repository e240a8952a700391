"""Signed bundles for OPA in service, which refuses one without this key's signature and keeps the last."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

import msgspec

from icaccess.errors import EngineError, UsageError, file_errors
from icaccess.files import file_to_read
from icaccess.opa.bundles import build, checked_settings, config_tree, digest, policy_tree, shipped

ALGORITHM = "ES256"
"""ECDSA on P-256 with SHA-256; `config/opa/sidecar.yaml` names the same."""


class Published(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One bundle, as OPA loads it: its file, its revision, and the SHA-256 of the file."""

    file: str
    revision: str
    sha256: str


def publish(opa: Path, policy_dir: Path, config_dir: Path, key: Path, out: Path) -> list[Published]:
    """Build both bundles within their capabilities, sign them, and put them in `out` at once and complete.

    `key` is a PEM file with a private key for `ALGORITHM`. It replaces neither bundle unless it could build
    both. `UsageError` when the key is not one, `PolicyError` and `ConfigError` as when commands build them,
    `EngineError` when `out` cannot be written.
    """
    _check_key(key)
    policy, config = policy_tree(policy_dir), config_tree(config_dir)
    limits = shipped(config_dir, "capabilities.json")
    signing = ["--signing-alg", ALGORITHM, "--signing-key", str(key.resolve())]
    with file_errors(EngineError, f"{out}: the bundles cannot be put there", "name another folder"):
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".new-", dir=out) as work:
            built = Path(work, "policy.tar.gz"), Path(work, "config.tar.gz")
            checked = checked_settings(opa, policy, config, limits)
            build(opa, "policy", policy, built[0], limits, *signing, beside=checked)
            build(opa, "config", config, built[1], limits, *signing)
            return [_put(built[0], out, digest(policy)), _put(built[1], out, digest(config))]


def _put(built: Path, out: Path, revision: str) -> Published:
    built.chmod(0o644)  # the server that serves it is another user
    sha256 = hashlib.sha256(built.read_bytes()).hexdigest()
    return Published(str(built.replace(out / built.name)), revision, sha256)


def _check_key(key: Path) -> None:
    """Raise `UsageError` unless `key` holds a private key for `ALGORITHM`."""
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    with file_errors(
        UsageError, f"signing key {key}: cannot be read", "name a file with a private key in PEM"
    ):
        pem = file_to_read(key).read_bytes()
    try:
        loaded = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        raise UsageError(f"signing key {key}: is not a private key in PEM without a passphrase") from error
    if not isinstance(loaded, EllipticCurvePrivateKey) or not isinstance(loaded.curve, SECP256R1):
        raise UsageError(f"signing key {key}: {ALGORITHM} needs a key on the curve P-256 (prime256v1)")
