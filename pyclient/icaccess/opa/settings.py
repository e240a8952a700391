"""The section `opa` of `icaccess.yaml`: which OPA decides, and how to reach it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from icaccess.config import Config, Secret, Section
from icaccess.errors import ConfigError, UsageError
from icaccess.opa.client import AccessClient


class OpaSettings(Section, frozen=True):
    """Where OPA answers; without `urls` each command starts its own on loopback.

    `timeout` is the seconds that one request may take. For https, `ca` is a file of trusted certificates;
    `cert` and `key` are the client's own, for mutual TLS. Paths are relative to the configuration folder.
    `releases` is where `icaccess opa install` downloads from, for a district with a mirror.
    """

    urls: tuple[str, ...] = ()
    token: Secret | None = None
    timeout: Annotated[float, Meta(gt=0, le=86_400)] = 30.0
    ca: str | None = None
    cert: str | None = None
    key: str | None = None
    releases: str | None = None


def connect(config: Config, urls: Sequence[str] = ()) -> AccessClient | None:
    """A client of the OPA at `urls`, else of the configured one; None without either.

    The token is `ICACCESS_OPA_TOKEN` in the environment, else the configured one.
    """
    settings = config.section("opa", OpaSettings)
    if not (urls or settings.urls):
        return None
    configured = settings.token.reveal() if settings.token else None
    token = os.environ.get("ICACCESS_OPA_TOKEN", "").rstrip("\r\n") or configured
    named = (settings.ca, settings.cert, settings.key)
    ca, cert, key = (str(config.path(name)) if name else None for name in named)
    pair = (cert, key or cert) if cert else None
    try:
        return AccessClient(urls or settings.urls, token, settings.timeout, ca=ca, cert=pair)
    except UsageError as error:
        argument, _, wrong = str(error).partition(": ")
        if argument == "url" and urls:
            raise UsageError(f"--opa-url: {wrong}") from error
        setting = {"url": "urls", "timeout": "timeout", "ca": "ca", "cert": "cert"}.get(argument)
        if setting is None:
            raise
        raise ConfigError(f"{config.file}: opa.{setting}: {wrong}") from error
