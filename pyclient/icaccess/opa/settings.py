"""The section `opa` of `icaccess.yaml`: which OPA decides, and how it is reached."""

from __future__ import annotations

from icaccess.config import Secret, Section


class OpaSettings(Section, frozen=True):
    """Where OPA answers; without `urls` each command starts one of its own on loopback.

    `timeout` is the seconds that one request may take. For https, `ca` is a file of trusted certificates;
    `cert` and `key` are the client's own, for mutual TLS. Paths are relative to the configuration folder.
    `releases` is where `icaccess opa install` downloads from, for a district with a mirror.
    """

    urls: tuple[str, ...] = ()
    token: Secret | None = None
    timeout: float = 30.0
    ca: str | None = None
    cert: str | None = None
    key: str | None = None
    releases: str | None = None
