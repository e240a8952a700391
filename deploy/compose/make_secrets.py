"""Makes the secrets of docker-compose.yml on the first start; what is there already is left as it is.

Each part of the system gets a volume of its own, and so sees no secret but its own: OPA has the digests of
the tokens and the public key, and neither a token nor the key that signs.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
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
    kept = load_pem_private_key(_keep(root / "signing" / "bundle.pem", _private(key)), password=None)
    public = kept.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    _write(root / "opa" / "bundle.pub", public)

    audit = ed25519.Ed25519PrivateKey.generate()
    _keep(root / "client" / "audit.pem", _private(audit))

    _write(root / "client" / "opa.pem", _certificate(root / "opa"))

    password = _keep(root / "database" / "password", secrets.token_urlsafe(32).encode())
    _write(root / "client" / "pgpass", b"postgres:5432:icaccess:icaccess:" + password + b"\n")


def _certificate(folder: Path) -> bytes:
    """OPA's certificate by its name in the network of the containers, made where there was none."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "opa")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=3650))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("opa")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    if not (folder / "tls.pem").exists():
        _write(folder / "tls.key", _private(key))
    return _keep(folder / "tls.pem", made.public_bytes(Encoding.PEM))


def _private(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


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
