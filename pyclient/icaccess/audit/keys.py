"""The key that signs the audit record: Ed25519, in a file that is kept apart from the store."""

from __future__ import annotations

import base64
import binascii
import hashlib
import stat
from collections.abc import Callable
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from icaccess.errors import ConfigError, file_errors
from icaccess.files import file_to_read, write_private_once

_MAKE = "restore it from a backup; for a new record: openssl genpkey -algorithm ed25519 -out FILE"
_MAY_WRITE = "let this user write to its folder, or name another file under audit.key"
_WRITE = "write one with: icaccess audit key"


class PublicKey:
    """Checks what the record's key signed. `id` is the SHA-256 of the key's 32 bytes, shortened."""

    def __init__(self, key: Ed25519PublicKey) -> None:
        self._public = key
        raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.id = hashlib.sha256(raw).hexdigest()[:16]

    def signed(self, message: bytes, signature: str) -> bool:
        """Whether `signature`, in Base64, is this key's over the message."""
        try:
            self._public.verify(base64.b64decode(signature, validate=True), message)
        except (InvalidSignature, binascii.Error):
            return False
        return True

    @property
    def pem(self) -> str:
        """The public key as PEM, for those who verify."""
        return self._public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


class SigningKey(PublicKey):
    """Signs entries and heads of the record."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        super().__init__(key.public_key())
        self._private = key
        raw = key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        self.secret = hashlib.blake2b(raw, digest_size=32, person=b"icaccess seal").digest()

    def sign(self, message: bytes) -> str:
        """The signature over the message, in Base64."""
        return base64.b64encode(self._private.sign(message)).decode()


def signing_key(path: Path, *, make: bool) -> SigningKey:
    """The private key in a PEM file; with `make`, a file that is missing is made.

    `ConfigError` is raised for a file that cannot be read, holds another kind of key, or can be written by
    other users.
    """
    if make and not path.exists():
        key = Ed25519PrivateKey.generate()
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        with file_errors(ConfigError, f"{path}: the audit key cannot be made", _MAY_WRITE):
            write_private_once(path, [pem])  # of two services that start together, one makes the key
    loaded = _load(path, lambda pem: load_pem_private_key(pem, password=None), _MAKE)
    if not isinstance(loaded, Ed25519PrivateKey):
        raise ConfigError(f"{path}: is not an Ed25519 private key; {_MAKE}")
    if path.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise ConfigError(f"{path}: other users can write this audit key; make it private: chmod 600")
    return SigningKey(loaded)


def public_key(path: Path) -> PublicKey:
    """The public key in a PEM file; `ConfigError` when it is none."""
    loaded = _load(path, load_pem_public_key, _WRITE)
    if not isinstance(loaded, Ed25519PublicKey):
        raise ConfigError(f"{path}: is not an Ed25519 public key; {_WRITE}")
    return PublicKey(loaded)


def _load(path: Path, load: Callable[[bytes], object], advice: str) -> object:
    try:
        pem = file_to_read(path, piped=True).read_bytes()
    except OSError as error:
        # A key that is there must not be made anew: the record so far is signed with it.
        advice = "let this user read it" if isinstance(error, PermissionError) else advice
        raise ConfigError(f"{path}: the audit key cannot be read: {error.strerror}; {advice}") from error
    try:
        return load(pem)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ConfigError(f"{path}: is not an unencrypted PEM key; {advice}") from error
