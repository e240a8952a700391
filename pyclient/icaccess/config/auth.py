"""The `auth` settings of a server: how a source, a target or a webhook learns who asks.

Each but `OAuth2` signs a request by its headers or the parameters of its query; `icaccess.http` takes all of
them.
"""

from __future__ import annotations

from base64 import b64encode
from typing import Literal

import msgspec

from icaccess.config import Secret, SecretUrl, Section
from icaccess.models import Text


class Bearer(Section, frozen=True, kw_only=True, tag_field="type", tag="bearer"):
    """A token that stays the same (RFC 6750)."""

    token: Secret

    def sign(self, headers: dict[str, str], params: dict[str, str]) -> None:  # noqa: ARG002 (as the others)
        """Sign a request."""
        headers["Authorization"] = f"Bearer {self.token.reveal()}"


class Basic(Section, frozen=True, kw_only=True, tag_field="type", tag="basic"):
    """A user's name and password (RFC 7617, in UTF-8)."""

    username: Text
    password: Secret

    def sign(self, headers: dict[str, str], params: dict[str, str]) -> None:  # noqa: ARG002 (as the others)
        """Sign a request."""
        pair = f"{self.username}:{self.password.reveal()}".encode()
        headers["Authorization"] = f"Basic {b64encode(pair).decode()}"


class ApiKey(Section, frozen=True, kw_only=True, tag_field="type", tag="api_key"):
    """A key in a header, or in a parameter of the query, as OpenAPI's `apiKey` describes them."""

    key: Secret
    name: Text = "X-API-Key"
    in_: Literal["header", "query"] = msgspec.field(name="in", default="header")

    def sign(self, headers: dict[str, str], params: dict[str, str]) -> None:
        """Sign a request."""
        (headers if self.in_ == "header" else params)[self.name] = self.key.reveal()


class OAuth2(Section, frozen=True, kw_only=True, tag_field="type", tag="oauth2"):
    """Client credentials (RFC 6749 §4.4), exchanged for a token that is renewed when it expires.

    `credentials` says where the token service wants them: in the header (`basic`) or in the form (§2.3.1).
    """

    token_url: SecretUrl
    client_id: Text
    client_secret: Secret
    scope: Text | None = None
    credentials: Literal["basic", "form"] = "basic"


Auth = Bearer | Basic | ApiKey | OAuth2
