"""JSON from a server: cached if it has not changed, refused if it is something else."""

from __future__ import annotations

import hashlib
import json
from array import array
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, NamedTuple

from icaccess.config import Config
from icaccess.config.secrets import shown_url
from icaccess.errors import FactsError, HttpError
from icaccess.facts.settings import ApiSettings, HttpSettings
from icaccess.files import write_private
from icaccess.http import RETRY, HttpClient, Response, lower_names
from icaccess.text import how_many, quoted

_RETRY = RETRY.new(total=5, connect=2, read=2, status=5, status_forcelist=(429, 502, 503, 504))
"""Reading twice changes nothing, so retry a broken connection, and wait out a rate limit."""
_KEPT = ("x-total-count", "last-modified")
_FEW = 2
"""How many rows may come again: those added while the pages are read move others to the next page."""
_PARTS = 16
_WHOLE = (200, 203, 204, 206)
"""The answers that may hold rows; one like 202 says that they come later. 206 holds a part of them."""


class Page(NamedTuple):
    """A server's answer: the JSON (None for an empty answer), headers, and the next page's URL if named."""

    body: Any
    headers: dict[str, str]
    next_url: str | None
    is_part: bool = False
    """Whether the server says that the answer holds a part of what there is (206)."""

    @property
    def as_of(self) -> datetime | None:
        """When the answer last changed, if the server says so."""
        try:
            changed = parsedate_to_datetime(self.headers["last-modified"])
        except (KeyError, ValueError):
            return None
        return changed if changed.tzinfo else changed.replace(tzinfo=UTC)  # HTTP's times are all UTC


class JsonApi(AbstractContextManager["JsonApi"]):
    """Gets JSON from one server; a context manager, which closes its connections at the end."""

    def __init__(self, config: Config, settings: ApiSettings) -> None:
        cache = settings.cache if isinstance(settings, HttpSettings) else None
        self._cache = config.path(cache) if cache else None
        self._http = HttpClient(
            settings.auth,
            timeout=settings.timeout_seconds,
            ca=config.path(settings.ca_file) if settings.ca_file else None,
            proxy=settings.proxy.reveal() if settings.proxy else None,
            headers={"Accept": "application/json"},
            retry=_RETRY,
            ca_setting="ca_file",
        )

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def get(self, url: str, parameters: dict[str, str] | None = None) -> Page:
        """The answer to one request; `FactsError` says in one line why there is none."""
        kept = self._kept(url, parameters)
        conditions = kept["conditions"] if kept else {}
        try:
            response = self._http.request("GET", url, params=parameters, headers=conditions)
        except HttpError as error:
            raise FactsError(str(error)) from error
        if response.status == 304 and kept is not None:
            return Page(kept["body"], kept["headers"], kept["next_url"])
        if response.status in (401, 403):
            raise FactsError(
                f"{shown_url(url)}: refuses the credentials ({response.status}); renew or correct them"
            )
        if response.status not in _WHOLE:
            raise FactsError(
                f"{shown_url(url)}: answered {response.status}{_said(response)}; correct the URL, or try "
                "again"
            )
        headers = {name: response.headers[name] for name in _KEPT if name in response.headers}
        page = Page(_json(response, url), headers, response.next_url, response.status == 206)
        self._keep(url, parameters, response, page)
        return page

    def _kept(self, url: str, parameters: dict[str, str] | None) -> dict[str, Any] | None:
        try:
            kept = json.loads(self._file(url, parameters).read_bytes()) if self._cache else None
        except (OSError, ValueError):
            return None
        return kept if isinstance(kept, dict) else None

    def _keep(self, url: str, parameters: dict[str, str] | None, response: Response, page: Page) -> None:
        conditions = {
            condition: response.headers[name]
            for name, condition in (("ETag", "If-None-Match"), ("Last-Modified", "If-Modified-Since"))
            if name in response.headers
        }
        if self._cache is not None and conditions and response.status == 200:
            kept = json.dumps({**page._asdict(), "conditions": conditions}).encode()
            write_private(self._file(url, parameters), [kept])

    def _file(self, url: str, parameters: dict[str, str] | None) -> Path:
        assert self._cache is not None  # noqa: S101 — the callers look
        address = json.dumps([url, parameters], sort_keys=True)
        return self._cache / f"{hashlib.sha256(address.encode()).hexdigest()}.json"


class Pages:
    """Counts the pages of one collection; `FactsError` when they are not complete."""

    def __init__(self, url: str) -> None:
        self.rows = 0
        self.total: int | None = None
        """How many rows the server declares, once it does."""
        self._shown = shown_url(url)
        self._seen: set[bytes] = set()
        self._hashes = [array("q") for _ in range(_PARTS)]
        """A hash of each row of each page: eight bytes each, to compare at the end, a part at a time."""

    def take(self, items: list[Any], total: int | None) -> None:
        """Count one more page, with the total that came with it."""
        texts = [json.dumps(item, sort_keys=True) for item in items]
        digest = hashlib.sha256("\n".join(texts).encode()).digest()
        if items and digest in self._seen:
            raise FactsError(
                f"{self._shown}: the page at row {self.rows} repeats an earlier one; "
                "correct the paging, or try again"
            )
        if total is not None and self.total not in (None, total):
            raise FactsError(
                f"{self._shown}: changed from {self.total} rows to {total} while read; try again"
            )
        self._seen.add(digest)
        for one in set(map(hash, texts)):
            self._hashes[one % _PARTS].append(one)
        self.rows += len(items)
        self.total = self.total if total is None else total
        if self.total is not None and self.rows > self.total:
            raise FactsError(
                f"{self._shown}: gave {how_many(self.rows, 'row')} and more, but says that it holds "
                f"{self.total}; correct `total` or the paging, or try again"
            )

    def check_order(self) -> None:
        """`FactsError` when rows came on several pages: then the order changed, and others came on none."""
        repeated = sum(len(part) - len(set(part)) for part in self._hashes)
        if repeated > _FEW:
            raise FactsError(
                f"{self._shown}: {repeated} rows came again on a later page, and as many may have come on "
                "none; let the server sort by a field that tells all rows apart, or try again"
            )

    def check_whole(self) -> None:
        """`FactsError` when rows are missing at the end."""
        if self.total is not None and self.rows != self.total:
            raise FactsError(
                f"{self._shown}: gave {how_many(self.rows, 'row')} but says that it holds {self.total}; "
                "get it whole again"
            )


def _json(response: Response, url: str) -> Any:
    """The answer's JSON; None only where the server says that there is nothing (204)."""
    if response.status == 204:
        return None
    content = response.content.strip()
    if "html" in response.content_type or content.startswith(b"<"):
        raise FactsError(f"{shown_url(url)}: answered with a web page instead of JSON; is it a log-in page?")
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise FactsError(
            f"{shown_url(url)}: answered with something other than JSON, or cut short; correct the URL, "
            "or try again"
        ) from error
    if value is None:  # which is no list that has ended
        raise FactsError(f"{shown_url(url)}: answered with null; correct the URL, or try again")
    status = _status(value)
    if status.get("error") or status.get("errors") or status.get("imsx_codemajor") == "failure":
        raise FactsError(
            f"{shown_url(url)}: answered {response.status} with an error{_said(response)}; try again, or ask "
            "the server's owner"
        )
    return value


def _said(response: Response) -> str:
    """The error in the answer's words, quoted."""
    try:
        inner = _status(json.loads(response.content))
    except (ValueError, RecursionError):
        return ""
    text = inner.get("imsx_description") or inner.get("message") or inner.get("error") or inner.get("errors")
    return f": {quoted(str(text))}" if text else ""


def _status(body: Any) -> dict[str, Any]:
    """What an answer says about itself, flat or nested in `imsx_StatusInfo`, with keys in lower case."""
    fields = lower_names(body)
    nested = fields.get("imsx_statusinfo")
    return _status(nested) if isinstance(nested, dict) else fields
