"""HTTP: one session for every server that the program asks, with one set of rules.

    with HttpClient(Bearer(token=…), timeout=30, ca=Path("ca.pem")) as http:
        response = http.request("GET", "https://example.org/jobs", params={"limit": "500"})

- Nothing comes from the environment: no proxy, no `.netrc`, no certificates. The caller may name a proxy.
- A secret goes over https, or to this machine itself, and nowhere else. A redirect is an error; one is
  followed only where the caller asks for it and sends no secret.
- A request that did not reach the server is sent again, as is one answered 502, 503 or 504. `retry` changes
  that for a server whose other requests are safe to repeat: `RETRY.new(read=2, status_forcelist=…)`.
- `timeout` is the time for the whole answer, however slowly it comes; its size has a limit.
- Whatever goes wrong is one `HttpError`: the URL without its secrets, the innermost cause, what to do.
"""

from __future__ import annotations

import ipaddress
import re
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlencode, urlsplit

import msgspec
from urllib3 import BaseHTTPResponse, PoolManager, ProxyManager, Retry, Timeout, exceptions
from urllib3.util import make_headers, parse_url

from icaccess.config import Secret
from icaccess.config.auth import ApiKey, Auth, Basic, Bearer, OAuth2
from icaccess.config.secrets import shown_url
from icaccess.errors import HttpError, HttpSettingsError
from icaccess.http_errors import http_error
from icaccess.pools import POOLS
from icaccess.text import quoted

Fields = Mapping[str, str] | None
"""Parameters of a query, or headers."""

CONNECT_SECONDS = 10.0
MAX_BYTES = 256 << 20
"""The largest answer that is read."""
_CHUNK = 1 << 18
_REDIRECTS = 5
_LEEWAY = 10
"""A token is renewed this many seconds before it expires."""

RETRY = Retry(
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
"""What is sent again: what never reached the server, and what a proxy before it answered."""
_FOLLOWING = RETRY.new(total=4 + _REDIRECTS, redirect=_REDIRECTS, raise_on_redirect=False)


class Prepared(NamedTuple):
    """A request without its body, ready to be sent as often as wanted."""

    method: str
    url: str
    headers: Mapping[str, str]


class Response(NamedTuple):
    """A whole answer; the names of `headers` have no case."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def content_type(self) -> str:
        """The content type, or words that say that there is none."""
        return self.headers.get("Content-Type", "no content type")

    @property
    def next_url(self) -> str | None:
        """The address of the next page, where the answer links one (RFC 8288)."""
        links = re.findall(r'<\s*([^>]*?)\s*>((?:[^,"]|"[^"]*")*)', self.headers.get("Link", ""))
        for url, parameters in links:
            relation = re.search(r';\s*rel\s*=\s*"?([^";,]*)', parameters, re.IGNORECASE)
            if relation and "next" in relation[1].lower().split():
                return str(url)
        return None


class _Token(msgspec.Struct):
    """What a token service answers (RFC 6749 §5)."""

    access_token: str = ""
    expires_in: float = float("inf")
    error: str = ""
    error_description: str = ""


class HttpClient(AbstractContextManager["HttpClient"]):
    """A session with one server or several that take the same credentials; safe to share between threads.

    `timeout` is in seconds. `ca` is a file of trusted certificates in place of the usual ones, and `cert` the
    client's own certificate and key; `ca_setting` is what the messages call the former. `connections` are
    kept open. `headers` go with every request. An answer of more than `max_bytes` is not read.
    `HttpSettingsError` is raised for a `proxy` that is no URL.
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
        self._auth = auth
        self._token: Bearer | None = None
        self._renew_at = 0.0
        self._timeout = timeout
        self._max_bytes = max_bytes
        self._ca_setting = ca_setting
        self._proxied = proxy is not None
        self._follow_redirects = follow_redirects
        self._headers = {"Accept": "*/*", "Accept-Encoding": "gzip, deflate", **(headers or {})}
        cert_file, key_file = cert or (None, None)
        options: dict[str, Any] = {
            "num_pools": connections,
            "maxsize": connections,
            "timeout": Timeout(connect=min(CONNECT_SECONDS, timeout), read=timeout),
            "retries": _FOLLOWING if follow_redirects else retry,
            "ca_certs": str(ca) if ca is not None else None,
            "cert_file": cert_file,
            "key_file": key_file,
        }
        self._pools = PoolManager(**options) if proxy is None else self._through(proxy, options)
        self._pools.pool_classes_by_scheme = POOLS

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._pools.clear()

    def request(
        self, method: str, url: str, params: Fields = None, headers: Fields = None, body: bytes | None = None
    ) -> Response:
        """The answer to one request, whatever its status; `HttpError` when no whole one comes in time.

        With OAuth2, a token is fetched first, and another one when the server refuses that.
        """
        response = self.send(self.prepare(method, url, params, headers), body)
        if isinstance(self._auth, OAuth2) and response.status in (401, 403):
            self._fetch_token(self._auth)
            response = self.send(self.prepare(method, url, params, headers), body)
        return response

    def prepare(self, method: str, url: str, params: Fields = None, headers: Fields = None) -> Prepared:
        """A request ready to be sent; `HttpSettingsError` when it must not be, or makes no sense."""
        auth = self._auth
        if isinstance(auth, OAuth2):
            if self._token is None or time.monotonic() > self._renew_at:
                self._fetch_token(auth)
            auth = self._token
        return self._prepare(method, url, params, headers, auth)

    def _prepare(
        self, method: str, url: str, params: Fields, headers: Fields, auth: Bearer | Basic | ApiKey | None
    ) -> Prepared:
        try:
            parts = parse_url(url)
        except exceptions.HTTPError as error:
            raise self._error(url, error) from error
        if parts.scheme not in ("http", "https") or not parts.host:
            raise self._error(url, ValueError("it does not start with http:// or https:// and a host"))
        if auth is None and parts.auth:
            user, _, password = map(unquote, parts.auth.partition(":"))
            auth = Basic(username=user, password=Secret(password))
        signed, query = {**self._headers, **(headers or {})}, dict(params or {})
        if auth is not None:
            auth.sign(signed, query)
        secret = self._auth is not None or "Authorization" in signed
        if secret and parts.scheme == "http" and (self._proxied or not is_loopback(url)):
            raise HttpSettingsError(
                f"{shown_url(url)}: is not asked, since a secret would go there unencrypted; write https://"
            )
        for name, value in signed.items():
            if not (value.isascii() and value.isprintable()):
                raise HttpSettingsError(
                    f"{shown_url(url)}: is not asked, since the header {name} holds a character that HTTP "
                    "cannot carry; correct the secret or setting"
                )
        asked = "&".join(filter(None, (parts.query, urlencode(query))))
        return Prepared(method, parts._replace(auth=None, query=asked or None, fragment=None).url, signed)

    def send(self, prepared: Prepared, body: bytes | None = None) -> Response:
        """The answer to a prepared request with this body; otherwise as `request`, without its second try."""
        method, url, headers = prepared
        try:
            response = self._pools.urlopen(
                method, url, self._follow_redirects, headers=headers, body=body, preload_content=False
            )
            try:
                content = self._content(url, response)
            except BaseException:
                response.close()
                raise
            response.release_conn()
        except (exceptions.HTTPError, OSError, ValueError) as error:
            raise self._error(url, error) from error
        if elsewhere := response.get_redirect_location():
            raise HttpError(
                f"{shown_url(url)}: redirects to {shown_url(elsewhere)!r}, which is not followed; "
                "set the URL that answers"
            )
        return Response(response.status, response.headers, content)

    def _content(self, url: str, response: BaseHTTPResponse) -> bytes:
        content = bytearray()
        for chunk in response.stream(_CHUNK, decode_content=True):
            content += chunk
            if len(content) > self._max_bytes:
                raise HttpError(f"{shown_url(url)}: answers with more than {self._max_bytes:,} bytes")
        return bytes(content)

    def _fetch_token(self, auth: OAuth2) -> None:
        """Take a new token; `HttpError` when the token service gives none."""
        url = auth.token_url.reveal()
        form = {"grant_type": "client_credentials"} | ({"scope": auth.scope} if auth.scope else {})
        client: Basic | None = Basic(username=auth.client_id, password=auth.client_secret)
        if auth.credentials == "form":
            form |= {"client_id": auth.client_id, "client_secret": auth.client_secret.reveal()}
            client = None
        headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
        response = self.send(self._prepare("POST", url, None, headers, client), urlencode(form).encode())
        try:
            token = msgspec.json.decode(response.content, type=_Token, strict=False)
        except msgspec.DecodeError as error:
            token = _Token(error="" if response.status >= 400 else str(error))
        if response.status >= 400 or not token.access_token:
            why = f"HTTP {response.status}" if response.status >= 400 else "its answer has no `access_token`"
            said = ": ".join(filter(None, (token.error, token.error_description)))
            raise HttpError(f"{shown_url(url)}: gives no token: {quoted(said) if said else why}")
        self._token = Bearer(token=Secret(token.access_token))
        self._renew_at = time.monotonic() + token.expires_in - _LEEWAY

    def _through(self, proxy: str, options: Mapping[str, Any]) -> PoolManager:
        try:
            url = parse_url(proxy if "://" in proxy else f"http://{proxy}")
            headers = make_headers(proxy_basic_auth=unquote(url.auth)) if url.auth else None
            return ProxyManager(url.url, proxy_headers=headers, **options)
        except (exceptions.HTTPError, ValueError) as error:
            raise self._error(proxy, error) from error

    def _error(self, url: str, error: Exception) -> HttpError:
        return http_error(url, error, self._timeout, self._ca_setting)


def is_loopback(url: str) -> bool:
    """Whether a URL leads to this machine itself, where nobody else reads along."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def same_origin(one: str, other: str) -> bool:
    """Whether two URLs are of one server, so that the credentials for one may go to the other."""
    parts = [urlsplit(url) for url in (one, other)]
    return len({(part.scheme, part.hostname, part.port) for part in parts}) == 1
