"""The OPA sidecars of one client: which one to ask, and what makes an answer valid for this policy."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
from requests import PreparedRequest

from icaccess.errors import EngineError, HttpError, HttpSettingsError, HttpTimeoutError
from icaccess.http import HttpClient, Response
from icaccess.opa.bundles import Revisions
from icaccess.opa.program import NEEDED, is_usable
from icaccess.text import quoted

_QUERY = "?provenance=true&strict-builtin-errors=true"
_NO_OPA = "check that the URL is OPA's"
_ENVELOPE = frozenset(("provenance", "result", "warning", "bundles", "revision", "version"))


class UnreachableError(EngineError):
    """One sidecar is missing or went away; another one may answer the same request."""


class EvaluationError(EngineError):
    """OPA is healthy, but failed to evaluate the policy on this one input."""


class TooSlowError(EvaluationError):
    """OPA is healthy, but did not answer this one input in time."""


class SidecarStatus(msgspec.Struct, frozen=True):
    """What one sidecar says of itself; `problem` is null when it decides as it should."""

    url: str
    ready: bool
    version: str | None
    revisions: Revisions | None
    problem: str | None


class _Bundle(msgspec.Struct, frozen=True):
    revision: str = ""


class Provenance(msgspec.Struct, frozen=True):
    """What OPA says about itself with an answer: its version and the bundles that it decided with."""

    version: str
    bundles: dict[str, _Bundle] = {}

    @property
    def revisions(self) -> Revisions:
        """The revisions of the bundles `policy` and `config`, as OPA's configuration names them.

        OPA names a bundle from its command line by its path, and the last part counts. Bundles with other
        names count together for both.
        """
        named = {
            name.rpartition("/")[2].removesuffix(".tar.gz"): b.revision for name, b in self.bundles.items()
        }
        if "policy" in named and "config" in named:
            return Revisions(named["policy"], named["config"])
        together = " ".join(sorted(filter(None, named.values())))
        return Revisions(together, together)


class Answer(msgspec.Struct, frozen=True):
    """OPA's result (empty without one), the revisions that decided, and OPA's warning."""

    provenance: Provenance
    result: msgspec.Raw = msgspec.Raw()
    warning: Any = None


_decode = msgspec.json.Decoder(Answer).decode


class _Detail(msgspec.Struct):
    code: str = ""
    message: str = ""


class _Failure(msgspec.Struct):
    code: str
    message: str = ""
    errors: list[_Detail] = []


class Sidecars:
    """The OPA sidecars of one client: those that answer share the work, least busy first."""

    def __init__(self, urls: Sequence[str], http: HttpClient) -> None:
        self.urls = tuple(url.rstrip("/") for url in urls)
        self._http = http
        self._busy = dict.fromkeys(self.urls, 0)
        self._down: set[str] = set()
        self._lock = threading.Lock()
        self._prepared: dict[str, PreparedRequest] = {}

    def refresh(self) -> None:
        """Check again which of several sidecars are ready: only these get work."""
        if len(self.urls) > 1:
            down = {url for url in self.urls if not self.healthy(url)}
            with self._lock:
                self._down = set() if len(down) == len(self.urls) else down

    def ask(self, path: str, body: bytes) -> Answer:
        """OPA's answer to `POST /v1/data/<path>`.

        A sidecar that cannot be reached gets no more work, and the request goes to the others.
        Raises `EvaluationError` when OPA failed on this very input, `EngineError` for everything else.
        """
        while True:
            url = self._acquire()
            try:
                return self.ask_one(url, path, body)
            except UnreachableError:
                with self._lock:
                    self._down.add(url)
                    if len(self._down) == len(self.urls):
                        # The next request tries all of them again: they may be back.
                        self._down.clear()
                        raise
            finally:
                with self._lock:
                    self._busy[url] -= 1

    def ask_one(self, url: str, path: str, body: bytes) -> Answer:
        """The same as `ask`, of this one sidecar."""
        try:
            response = self._send("POST", f"{url}/v1/data/{path}{_QUERY}", body)
        except UnreachableError as error:
            if isinstance(error.__cause__, HttpTimeoutError) and self.healthy(url):
                raise TooSlowError(str(error)) from error
            raise
        if response.status != 200:
            raise _failure(url, response)
        try:
            answer = _decode(response.content)
        except msgspec.DecodeError as error:
            raise EngineError(
                f"{url} does not answer as OPA with this policy does (HTTP 200, {response.content_type}: "
                f"{error}): {_NO_OPA}"
            ) from error
        if not is_usable(answer.provenance.version):
            raise EngineError(f"OPA at {url} has version {answer.provenance.version}: {NEEDED} is needed")
        if answer.warning is not None:
            raise EngineError(f"OPA at {url} answered with a warning: {quoted(str(answer.warning))}")
        if repeated := _repeated_keys(response.content):
            if repeated & _ENVELOPE:
                raise EngineError(f"OPA at {url} answered with {min(repeated)!r} twice: {_NO_OPA}")
            raise EvaluationError(f"its answer has {min(repeated)!r} twice")
        if not bytes(answer.result):
            raise EngineError(
                f"OPA at {url} has no result for {path}: it has another policy loaded, or none; "
                "load this project's bundles"
            )
        return answer

    def healthy(self, url: str) -> bool:
        """Whether this sidecar reports that its bundles are loaded."""
        try:
            answer = self._send("GET", f"{url}/health?bundles=true", None)
            return answer.status == 200 and answer.content.startswith(b"{")  # and no page of a proxy
        except EngineError:
            return False

    def _acquire(self) -> str:
        with self._lock:
            url = min((u for u in self.urls if u not in self._down), key=self._busy.__getitem__)
            self._busy[url] += 1
            return url

    def _send(self, method: str, url: str, body: bytes | None) -> Response:
        try:
            prepared = self._prepared.get(url)
            if prepared is None:
                prepared = self._prepared[url] = self._http.prepare(method, url)
            return self._http.send(prepared, body)
        except HttpSettingsError as error:
            raise EngineError(f"OPA at {error}") from error
        except HttpError as error:
            raise UnreachableError(f"OPA at {error}") from error


def _repeated_keys(content: bytes) -> set[str]:
    """The keys that some object in this JSON has twice; decoders keep one and drop the other."""
    # JSON without such a key, as compact as OPA's, has the same length when written again.
    if len(msgspec.json.encode(msgspec.json.decode(content))) == len(content.rstrip()):
        return set()
    repeated: set[str] = set()

    def look(pairs: list[tuple[str, object]]) -> None:
        counts = Counter(key for key, _ in pairs)
        repeated.update(key for key, count in counts.items() if count > 1)

    json.loads(content, object_pairs_hook=look)
    return repeated


def _failure(url: str, response: Response) -> EngineError:
    """The error that an answer other than 200 means."""
    status, kind = response.status, response.content_type
    try:
        failure = msgspec.json.decode(response.content, type=_Failure)
    except msgspec.DecodeError:
        if status in (502, 503, 504):
            return UnreachableError(f"the proxy in front of OPA at {url} does not reach it (HTTP {status})")
        if status in (401, 403):
            return EngineError(f"{url} refused the request (HTTP {status}, {kind}): {_NO_OPA}")
        return EngineError(f"{url} does not answer as OPA does (HTTP {status}, {kind}): {_NO_OPA}")
    if status in (401, 403):
        return EngineError(
            f"OPA at {url} refused the token (HTTP {status}): give the token, or the client's certificate, "
            "that it was set up with"
        )
    if status == 500 and failure.errors:
        first = failure.errors[0]
        return EvaluationError(f"{first.code}: {first.message}")
    if status in (502, 503, 504):
        return UnreachableError(f"OPA at {url} is not ready (HTTP {status}): {quoted(failure.message)}")
    return EngineError(f"OPA at {url} answered HTTP {status}, {failure.code}: {quoted(failure.message)}")
