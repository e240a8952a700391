"""Makes the secrets of docker-compose.yml on the first start; what is there already is left as it is.

Each part of the system gets a volume of its own, and so sees no secret but its own: OPA has the digests of
the tokens and the public key, and neither a token nor the key that signs.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)


def main(root: Path = Path("/secrets")) -> None:
    """Make what is missing below `root`."""
    token = _keep(root / "client" / "opa-token", secrets.token_urlsafe(32).encode())
    scraper = _keep(root / "client" / "metrics-token", secrets.token_urlsafe(32).encode())
    clients = {_digest(token): ["decide"], _digest(scraper): ["metrics"]}
    _write(root / "opa" / "clients.json", json.dumps({"system": {"clients": clients}}).encode())

    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    kept = load_pem_private_key(_keep(root / "signing" / "bundle.pem", pem), password=None)
    public = kept.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    _write(root / "opa" / "bundle.pub", public)

    password = _keep(root / "database" / "password", secrets.token_urlsafe(32).encode())
    _write(root / "client" / "pgpass", b"postgres:5432:icaccess:icaccess:" + password + b"\n")


def _keep(path: Path, made: bytes) -> bytes:
    """The content of `path`, which is `made` where there was none."""
    if not path.exists():
        _write(path, made)
    return path.read_bytes()


def _write(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, at once and whole."""
    beside = path.with_name(f".{path.name}.new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    beside.replace(path)


def _digest(token: bytes) -> str:
    return hashlib.sha256(token).hexdigest()


if __name__ == "__main__":
    main()
