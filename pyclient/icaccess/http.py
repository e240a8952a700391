"""HTTP: one session, with one set of rules, for every server that the program calls.

    with HttpClient(Bearer(token=…), timeout=30, ca=Path("ca.pem")) as http:
        response = http.request("GET", "https://example.org/jobs", params={"limit": "500"})

- Nothing comes from the environment: no proxy, no `.netrc`, no certificates. The caller may name a proxy.
- A secret goes only over https or to this machine itself. A redirect is an error, unless the caller allows it
  and sends no secret.
- The session repeats a request that did not reach the server, and one answered 502, 503 or 504. `retry`
  changes that for a server whose other requests are safe to repeat: `RETRY.new(read=2, status_forcelist=…)`.
- `timeout` is the time for the whole answer, however slowly it comes; its size has a limit.
- Every failure is one `HttpError`: the URL without its secrets, the innermost cause, what to do.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.utils import parse_header_links
from urllib3.exceptions import InvalidHeader, ReadTimeoutError
from urllib3.util import Retry

from icaccess.config import Secret
from icaccess.config.auth import Auth, Bearer, OAuth2
from icaccess.config.secrets import shown_url
from icaccess.errors import HttpError, HttpSettingsError
from icaccess.http_errors import cause, http_error
from icaccess.pools import POOLS

Fields = Mapping[str, str] | None
"""Parameters of a query, or headers."""

CONNECT_SECONDS = 10.0
MAX_BYTES = 256 << 20
"""The size of the largest answer to read."""
_CHUNK = 1 << 18


class _Retry(Retry):
    """Repeats no request that was not answered in time, and waits no time that it cannot read."""

    def increment(self, *args: Any, **kwargs: Any) -> Self:
        if isinstance(kwargs.get("error"), ReadTimeoutError):
            raise kwargs["error"]
        return super().increment(*args, **kwargs)

    def parse_retry_after(self, retry_after: str) -> float:
        """The seconds to wait; 0, for the back-off alone, where it is none of RFC 9110 §10.2.3."""
        try:
            return super().parse_retry_after(retry_after)
        except (InvalidHeader, ValueError, OverflowError):
            return 0


RETRY = _Retry(
    total=4,
    connect=3,
    read=False,
    redirect=False,
    status=3,
    other=False,
    allowed_methods=None,
    status_forcelist=(502, 503, 504),
    backoff_factor=0.1,
    retry_after_max=120,
    raise_on_status=False,
)
"""What to repeat: requests that never reached the server, and those that a proxy in front of it answered."""


class Response(NamedTuple):
    """A complete answer; the names of `headers` ignore case."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def content_type(self) -> str:
        """The content type, or words that say that there is none."""
        return self.headers.get("Content-Type", "no content type")

    @property
    def next_url(self) -> str | None:
        """The address of the next page, which may be relative, if the answer links one (RFC 8288)."""
        for link in parse_header_links(self.headers.get("Link", "")):
            relations = (value for name, value in link.items() if name.lower() == "rel")
            if "next" in " ".join(relations).lower().split():
                return link["url"]
        return None


class HttpClient(AbstractContextManager["HttpClient"]):
    """A session with one or more servers that take the same credentials; safe to share between threads.

    `timeout` is in seconds. `ca` is a file of trusted certificates in place of the usual ones, and `cert` the
    client's own certificate and key; `ca_setting` is what the messages call the former. It keeps
    `connections` open and sends `headers` with every request. It reads no answer of more than `max_bytes`.
    `HttpSettingsError` when `ca` is a folder.
    """

    def __init__(
        self,
        auth: Auth | None = None,
        *,
        timeout: float = 30.0,
        ca: str | Path | None = None,
        cert: tuple[str, str] | None = None,
        proxy: str | None = None,
        headers: Mapping[str, str] | None = None,
        retry: Retry = RETRY,
        connections: int = 10,
        max_bytes: int = MAX_BYTES,
        follow_redirects: bool = False,
        ca_setting: str = "ca",
    ) -> None:
        if follow_redirects and (auth is not None or cert is not None):
            raise ValueError("redirects are followed only where no secret is sent")
        if ca is not None and Path(ca).is_dir():
            raise HttpSettingsError(f"{ca_setting}: {ca} is a folder; name a file of certificates in PEM")
        self._auth = auth
        self._timeout = timeout
        self._max_bytes = max_bytes
        self._ca_setting = ca_setting
        self._session = _session(auth)
        self._session.trust_env = False
        self._session.max_redirects = 5 if follow_redirects else 0
        self._session.verify = str(ca) if ca is not None else True
        self._session.cert = cert
        if proxy is not None:
            self._session.proxies = {"http": proxy, "https": proxy}
        self._session.headers.update(headers or {})
        adapter = _Adapter(
            (min(CONNECT_SECONDS, timeout), timeout), retry, connections, secret=auth is not None
        )
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, adapter)

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def request(
        self, method: str, url: str, params: Fields = None, headers: Fields = None, body: bytes | None = None
    ) -> Response:
        """The answer to one request, whatever its status; `HttpError` when no complete one comes in time.

        With OAuth2 it first fetches a token, and another one when the server refuses the first.
        """
        response = self.send(self.prepare(method, url, params, headers), body)
        if isinstance(self._auth, OAuth2) and response.status in (401, 403):
            self._fetch_token(self._auth)
            response = self.send(self.prepare(method, url, params, headers), body)
        return response

    def prepare(
        self, method: str, url: str, params: Fields = None, headers: Fields = None
    ) -> requests.PreparedRequest:
        """A request ready to send any number of times; preparing takes as long as sending."""
        auth = self._auth
        if isinstance(auth, OAuth2):
            auth = self._bearer(auth)
        try:
            prepared = self._session.prepare_request(
                requests.Request(method, url, params=params, headers=headers, auth=auth)
            )
        except (requests.RequestException, ValueError) as error:
            raise self._error(url, error) from error
        for name, value in prepared.headers.items():
            if not (value.isascii() and value.isprintable()):
                raise HttpSettingsError(
                    f"{shown_url(url)}: is not asked, since the header {name} holds a character that HTTP "
                    "cannot carry; correct the secret or setting"
                )
        return prepared

    def send(self, prepared: requests.PreparedRequest, body: bytes | None = None) -> Response:
        """The answer to a prepared request with this body; like `request`, but without its second try."""
        if body is not None:
            prepared = prepared.copy()
            prepared.prepare_body(body, None)
        try:
            with self._session.send(prepared, stream=True) as response:
                content = self._content(response)
        except (requests.RequestException, OSError, ValueError) as error:
            raise self._error(prepared.url or "", error) from error
        return Response(response.status_code, response.headers, content)

    def _content(self, response: requests.Response) -> bytes:
        content = bytearray()
        for chunk in response.iter_content(_CHUNK):
            content += chunk
            if len(content) > self._max_bytes:
                raise HttpError(
                    f"{shown_url(response.url)}: answers with more than {self._max_bytes:,} bytes; "
                    "ask for less at a time"
                )
        return bytes(content)

    def _bearer(self, auth: OAuth2) -> Bearer:
        session: Any = self._session
        if not session.token or session.token.is_expired(leeway=10):
            self._fetch_token(auth)
        return Bearer(token=Secret(session.token["access_token"]))

    def _fetch_token(self, auth: OAuth2) -> None:
        from authlib.common.errors import AuthlibBaseError  # type: ignore[import-untyped]  # no annotations

        url = auth.token_url.reveal()
        session: Any = self._session
        try:
            if not isinstance(session.fetch_token(url).get("access_token"), str):
                raise _no_token(url, "its answer has no `access_token`")
        except requests.HTTPError as error:
            raise _no_token(url, f"HTTP {error.response.status_code}") from error
        except (AuthlibBaseError, ValueError) as error:
            raise _no_token(url, repr(cause(error))) from error
        except (requests.RequestException, OSError) as error:
            raise self._error(url, error) from error

    def _error(self, url: str, error: Exception) -> HttpError:
        return http_error(url, error, self._timeout, self._ca_setting)


def is_loopback(url: str) -> bool:
    """Whether a URL leads to this machine itself, where nobody else can read the traffic."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def same_origin(one: str, other: str) -> bool:
    """Whether two URLs lead to one server, so that credentials for one may go to the other."""
    parts = [urlsplit(url) for url in (one, other)]
    return len({(part.scheme, part.hostname, part.port) for part in parts}) == 1


def _no_token(url: str, why: str) -> HttpError:
    return HttpError(f"{shown_url(url)}: gives no token: {why}; check the client's id, secret and scope")


def _session(auth: Auth | None) -> requests.Session:
    if not isinstance(auth, OAuth2):
        return requests.Session()
    from authlib.integrations.requests_client import OAuth2Session  # type: ignore[import-untyped]  # as above

    session: requests.Session = OAuth2Session(
        auth.client_id,
        auth.client_secret.reveal(),
        token_endpoint_auth_method=f"client_secret_{'post' if auth.credentials == 'form' else 'basic'}",
        scope=auth.scope,
        grant_type="client_credentials",
    )
    return session


class _Adapter(HTTPAdapter):
    """Gives every request its timeout, and keeps secrets off the open network, whatever sends it."""

    def __init__(self, timeout: tuple[float, float], retry: Retry, connections: int, *, secret: bool) -> None:
        self._timeout = timeout
        self._secret = secret
        super().__init__(pool_connections=connections, pool_maxsize=connections, max_retries=retry)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = POOLS
        return manager

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        url = request.url or ""
        open_ = not url.startswith("https:") and (kwargs.get("proxies") or not is_loopback(url))
        if open_ and (self._secret or "Authorization" in request.headers):
            raise HttpSettingsError(
                f"{shown_url(url)}: is not asked, since a secret would go there unencrypted; write https://"
            )
        return super().send(request, *args, **{**kwargs, "timeout": self._timeout})


def lower_names(found: Any) -> dict[str, Any]:
    """A JSON object with its names in lower case, since servers differ in these; empty for anything else."""
    return {name.lower(): value for name, value in found.items()} if isinstance(found, dict) else {}
