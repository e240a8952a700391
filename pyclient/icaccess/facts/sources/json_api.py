"""A client for JSON APIs: one session, credentials, retries where safe, and plain words for failures."""

from __future__ import annotations

import hashlib
import json
import os
import re
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import requests
from authlib.common.errors import AuthlibBaseError  # type: ignore[import-untyped]  # has no annotations
from authlib.integrations.requests_client import OAuth2Session  # type: ignore[import-untyped]  # likewise
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from icaccess.errors import FactsError
from icaccess.facts.settings import Basic, Bearer, OAuth2

_RETRIES = 5
_LONGEST_WAIT_SECONDS = 120


class Answer(NamedTuple):
    """What a server said: the JSON (None for an empty answer), headers, and the next page's URL if named."""

    body: Any
    headers: dict[str, str]
    next_url: str | None


class JsonApi:
    """Gets JSON from one server; a context manager, which closes its connections at the end.

    Requests are repeated after connection errors, 429, 502, 503 and 504, as late as the server asks for
    (`Retry-After`, at most two minutes) or else with growing pauses. An expired token is renewed once.
    """

    def __init__(
        self,
        auth: Bearer | Basic | OAuth2 | None,
        timeout: float,
        ca_file: Path | None = None,
        cache: Path | None = None,
    ) -> None:
        self._auth = auth
        self._timeout = timeout
        self._cache = cache
        self._session = self._open(auth)
        # Given with each request: a session's own setting gives way to what the environment says.
        self._verify: str | bool = str(ca_file) if ca_file is not None else True
        retry = _CappedRetry(
            _RETRIES,
            connect=2,
            read=2,
            redirect=3,
            other=0,
            status_forcelist=(429, 502, 503, 504),
            allowed_methods={"GET"},
            backoff_factor=0.1,
        )
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=retry))
        self._session.headers["Accept"] = "application/json"

    def __enter__(self) -> JsonApi:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def get(self, url: str, parameters: dict[str, str] | None = None) -> Answer:
        """The answer to one request; `FactsError` says in one line why there is none."""
        try:
            address = requests.Request("GET", url, params=parameters).prepare().url or url
        except requests.exceptions.RequestException as error:
            raise FactsError(f"{plain(url)}: is no URL; write https://HOST/PATH") from error
        kept = self._kept(address)
        response = self._send(address, kept)
        if response.status_code == 304 and kept is not None:
            return Answer(kept["body"], kept["headers"], kept["next_url"])
        answer = Answer(_json(response, address), _told(response), response.links.get("next", {}).get("url"))
        self._keep(address, response, answer)
        return answer

    def _open(self, auth: Bearer | Basic | OAuth2 | None) -> requests.Session:
        if isinstance(auth, OAuth2):
            session: requests.Session = OAuth2Session(
                auth.client_id, auth.client_secret.reveal(), scope=auth.scope, grant_type="client_credentials"
            )
            return session
        session = requests.Session()
        if isinstance(auth, Bearer):
            session.headers["Authorization"] = f"Bearer {auth.token.reveal()}"
        elif isinstance(auth, Basic):
            session.auth = (auth.username, auth.password.reveal())
        return session

    def _send(self, address: str, kept: dict[str, Any] | None) -> requests.Response:
        conditions = {} if kept is None else kept["conditions"]
        if isinstance(self._auth, OAuth2) and not getattr(self._session, "token", None):
            self._fetch_token(self._auth)
        response = self._once(address, conditions)
        if response.status_code in (401, 403) and isinstance(self._auth, OAuth2):
            self._fetch_token(self._auth)
            response = self._once(address, conditions)
        if response.status_code in (401, 403):
            raise FactsError(
                f"{plain(address)}: refuses the credentials ({response.status_code}); renew or correct them"
            )
        if response.status_code >= 400:
            raise FactsError(f"{plain(address)}: answered {response.status_code}{_said(response)}")
        return response

    def _once(self, address: str, headers: dict[str, str]) -> requests.Response:
        try:
            return self._session.get(address, headers=headers, timeout=self._timeout, verify=self._verify)
        except requests.exceptions.SSLError as error:
            raise FactsError(
                f"{plain(address)}: its certificate does not verify; correct it, or set `ca_file`"
            ) from error
        except requests.exceptions.Timeout as error:
            raise FactsError(
                f"{plain(address)}: gave no answer within {self._timeout:g} s; try again"
            ) from error
        except (requests.exceptions.RequestException, AuthlibBaseError) as error:
            raise FactsError(f"{plain(address)}: cannot be reached: {_short(error)}") from error

    def _fetch_token(self, auth: OAuth2) -> None:
        try:
            session: Any = self._session
            session.fetch_token(auth.token_url.reveal(), timeout=self._timeout, verify=self._verify)
        except requests.exceptions.SSLError as error:
            raise FactsError(
                f"{plain(auth.token_url.reveal())}: its certificate does not verify; set `ca_file`"
            ) from error
        except (requests.exceptions.RequestException, AuthlibBaseError, ValueError) as error:
            raise FactsError(f"{plain(auth.token_url.reveal())}: gives no token: {_short(error)}") from error

    def _kept(self, address: str) -> dict[str, Any] | None:
        if self._cache is None:
            return None
        try:
            kept = json.loads(_kept_file(self._cache, address).read_bytes())
        except (OSError, ValueError):
            return None
        return kept if isinstance(kept, dict) else None

    def _keep(self, address: str, response: requests.Response, answer: Answer) -> None:
        conditions = {
            condition: response.headers[name]
            for name, condition in (("ETag", "If-None-Match"), ("Last-Modified", "If-Modified-Since"))
            if name in response.headers
        }
        if self._cache is None or not conditions or response.status_code != 200:
            return
        self._cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = _kept_file(self._cache, address)
        partial = file.with_suffix(f".{os.getpid()}")
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
            json.dump({**answer._asdict(), "conditions": conditions}, stream)
        partial.replace(file)


class _CappedRetry(Retry):
    """Obeys `Retry-After`, but not for ever."""

    def get_retry_after(self, response: Any) -> float | None:
        wait = super().get_retry_after(response)
        return None if wait is None else min(wait, _LONGEST_WAIT_SECONDS)


def plain(url: str) -> str:
    """A URL as it may be shown: without user, password and query, any of which may be secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def same_origin(one: str, other: str) -> bool:
    """Whether two URLs are of one server, so that credentials for the one may go to the other."""
    origins = [(parts.scheme, parts.hostname, parts.port) for parts in (urlsplit(one), urlsplit(other))]
    return origins[0] == origins[1]


def page_digest(items: list[Any]) -> bytes:
    """By what a page is told from others, so that one that comes again is noticed."""
    return hashlib.sha256(json.dumps(items, sort_keys=True).encode()).digest()


def _kept_file(cache: Path, address: str) -> Path:
    return cache / f"{hashlib.sha256(address.encode()).hexdigest()}.json"


def _told(response: requests.Response) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items() if name.lower() in _TOLD}


_TOLD = {"x-total-count", "last-modified"}


def _json(response: requests.Response, address: str) -> Any:
    if response.status_code == 204 or not response.content.strip():
        return None
    if "html" in response.headers.get("Content-Type", "") or response.content.lstrip().startswith(b"<"):
        raise FactsError(
            f"{plain(address)}: answered with a web page where JSON was due; is it a log-in page?"
        )
    try:
        return json.loads(response.content)
    except (ValueError, RecursionError) as error:
        raise FactsError(
            f"{plain(address)}: answered with something that is no JSON, or cut short"
        ) from error


def _said(response: requests.Response) -> str:
    """The error in the answer's own words: flat, or nested in `imsx_StatusInfo`, keys in either case."""
    try:
        body = {key.lower(): value for key, value in response.json().items()}
        nested = body.get("imsx_statusinfo", body)
        inner = {key.lower(): value for key, value in nested.items()}
    except (ValueError, AttributeError):
        return ""
    text = inner.get("imsx_description") or inner.get("message") or inner.get("error")
    return f": {str(text)[:200]}" if text else ""


def _short(error: Exception) -> str:
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return re.sub(r"\?\S*", "?…", str(reason or error))[:200]


def as_of(headers: dict[str, str]) -> Any:
    """When the answer was last changed, where the server says so."""
    try:
        return parsedate_to_datetime(headers["last-modified"])
    except (KeyError, ValueError):
        return None
