"""SCIM over `requests`: one session, retries with back-off, and a deadline for each answer."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from scim2_client.client import BaseSyncSCIMClient, ResponseHeaders
from scim2_client.errors import RequestNetworkException
from scim2_models import EnterpriseUser, Group, ResourceType, ScimProvider, User
from urllib3.util import Retry

RETRIES = 4
LONGEST_WAIT = 30
"""Seconds that a server's Retry-After is followed; one that asks for more is asked again by the next run."""

CONNECT_SECONDS = 10
DEADLINE_SECONDS = 60


class Answer(NamedTuple):
    """A whole answer, as scim2-client takes it."""

    status_code: int
    headers: ResponseHeaders
    text: str


class RequestsScimClient(BaseSyncSCIMClient):
    """scim2-client with `requests` as its engine.

    Every request that is sent is safe to repeat, PATCH included: adding a member twice and removing one twice
    leaves what doing it once leaves (RFC 7644 §3.5.2). So 429, 500, 502, 503, 504 and broken connections are
    tried again, after what Retry-After asks.
    """

    def __init__(
        self,
        base_url: str,
        token: str,
        *,
        ca: Path | None = None,
        deadline: float = DEADLINE_SECONDS,
        backoff: float = 0.5,
    ) -> None:
        provider = ScimProvider(
            models=[User, EnterpriseUser, Group],
            resource_types=[ResourceType.from_resource(model) for model in (User[EnterpriseUser], Group)],
        )
        super().__init__(provider=provider, check_response_content_type=False)
        self._base = base_url.rstrip("/")
        self._deadline = deadline
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {token}"
        self.session.headers["Accept"] = "application/scim+json"
        self.session.trust_env = False
        if ca is not None:
            self.session.verify = str(ca)
        retry = Retry(
            total=RETRIES,
            redirect=0,
            allowed_methods=None,
            status_forcelist=(429, 500, 502, 503, 504),
            backoff_factor=backoff,
            backoff_jitter=backoff,
            retry_after_max=LONGEST_WAIT,
            raise_on_status=False,
        )
        for scheme in ("http://", "https://"):
            self.session.mount(scheme, HTTPAdapter(max_retries=retry))

    def request(self, method: str, url: str, **kwargs: Any) -> Answer:
        """Send a request; `RequestNetworkException` when no whole answer comes in time."""
        deadline = time.monotonic() + self._deadline
        if "json" in kwargs:
            kwargs["headers"] = {**kwargs.get("headers", {}), "Content-Type": "application/scim+json"}
        try:
            response = self.session.request(
                method,
                self._base + "/" + url.lstrip("/"),
                timeout=(CONNECT_SECONDS, self._deadline),
                allow_redirects=False,
                stream=True,
                **kwargs,
            )
            # The time-out of `requests` is for each read; a server that drips would hold us for ever.
            content = bytearray()
            for piece in response.iter_content(65536):
                content += piece
                if time.monotonic() > deadline:
                    response.close()
                    raise requests.Timeout(f"no whole answer in {self._deadline:g} seconds")
        except requests.RequestException as error:
            raise RequestNetworkException from error
        return Answer(response.status_code, response.headers, content.decode("utf-8", errors="replace"))

    def close(self) -> None:
        """Close the connections."""
        self.session.close()

    def _stays_under_base_url(self, endpoint: str) -> bool:
        return super()._stays_under_base_url(endpoint) or endpoint.startswith(self._base + "/")


def is_loopback(url: str) -> bool:
    """Whether a URL leads to this machine, where nobody can listen in."""
    return urlsplit(url).hostname in ("127.0.0.1", "::1", "localhost")
