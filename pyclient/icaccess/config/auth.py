"""The `auth` settings of a server: how a source, a target or a webhook learns who the caller is.

Each except `OAuth2` signs one request, as `requests` expects from an `auth`; `icaccess.http` takes all of
them.
"""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Literal

import msgspec

from icaccess.config import Secret, SecretUrl, Section
from icaccess.models import Text

if TYPE_CHECKING:  # takes its time to import, and many commands ask no server
    import requests


class Bearer(Section, frozen=True, kw_only=True, tag_field="type", tag="bearer"):
    """A token that stays the same (RFC 6750)."""

    token: Secret

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign a request."""
        request.headers["Authorization"] = f"Bearer {self.token.reveal()}"
        return request


class Basic(Section, frozen=True, kw_only=True, tag_field="type", tag="basic"):
    """A user's name and password (RFC 7617, in UTF-8)."""

    username: Text
    password: Secret

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign a request."""
        pair = f"{self.username}:{self.password.reveal()}".encode()
        request.headers["Authorization"] = f"Basic {b64encode(pair).decode()}"
        return request


class ApiKey(Section, frozen=True, kw_only=True, tag_field="type", tag="api_key"):
    """A key in a header, or in a parameter of the query, as OpenAPI's `apiKey` describes them."""

    key: Secret
    name: Text = "X-API-Key"
    in_: Literal["header", "query"] = msgspec.field(name="in", default="header")

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign a request."""
        if self.in_ == "header":
            request.headers[self.name] = self.key.reveal()
        else:
            request.prepare_url(request.url, {self.name: self.key.reveal()})
        return request


class OAuth2(Section, frozen=True, kw_only=True, tag_field="type", tag="oauth2"):
    """Client credentials (RFC 6749 §4.4), exchanged for a token that is renewed when it expires.

    `credentials` says where the token service expects them: in the header (`basic`) or in the form (§2.3.1).
    """

    token_url: SecretUrl
    client_id: Text
    client_secret: Secret
    scope: Text | None = None
    credentials: Literal["basic", "form"] = "basic"


Auth = Bearer | Basic | ApiKey | OAuth2
