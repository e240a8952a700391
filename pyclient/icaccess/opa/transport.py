"""HTTP to OPA sidecars: one pooled session, deadlines, retries only where they are safe, errors of one line.

Decisions are pure, so a request that never reached OPA, or that a proxy answered for it (502, 503, 504), is
asked again. Everything else is an error at once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

import msgspec
import requests
from msgspec import UNSET, UnsetType
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from icaccess.errors import EngineError

MAJOR = "1"
"""The major version of OPA whose answers are understood."""

_CONNECT_SECONDS = 3.05
_CHUNK = 1 << 18
_QUERY = "?provenance=true&strict-builtin-errors=true"
_NO_OPA = "check that the URL is OPA's"

T = TypeVar("T")


class UnreachableError(EngineError):
    """One sidecar is not there, or went away; another one may answer the same question."""


class EvaluationError(EngineError):
    """OPA is well, and failed to evaluate the policy on this one input."""


class Revisions(msgspec.Struct, frozen=True):
    """Which policy and which policy data decided: the revisions of OPA's bundles, empty when it has none."""

    policy: str
    data: str


class _Bundle(msgspec.Struct, frozen=True):
    revision: str = ""


class Provenance(msgspec.Struct, frozen=True):
    """What OPA says of itself beside an answer: its version and the bundles that it decided with."""

    version: str
    bundles: dict[str, _Bundle] = {}

    @property
    def revisions(self) -> Revisions:
        """The revisions of the bundles `policy` and `config`, by which names OPA's configuration knows them.

        OPA names a bundle that was given on its command line by its path; the last part counts then. Bundles
        that were cut otherwise stand, all together, for both.
        """
        named = {
            name.rpartition("/")[2].removesuffix(".tar.gz"): b.revision for name, b in self.bundles.items()
        }
        if "policy" in named and "config" in named:
            return Revisions(named["policy"], named["config"])
        together = " ".join(sorted(filter(None, named.values())))
        return Revisions(together, together)


class _Answer(msgspec.Struct, Generic[T]):
    provenance: Provenance
    result: T | UnsetType = UNSET
    warning: Any = None


class _Detail(msgspec.Struct):
    code: str = ""
    message: str = ""


class _Failure(msgspec.Struct):
    code: str
    message: str = ""
    errors: list[_Detail] = []


class Sidecars:
    """The OPA sidecars of one client: those that answer share the work, the least busy first."""

    def __init__(
        self,
        urls: Sequence[str],
        token: str | None,
        timeout: float,
        connections: int,
        verify: str | bool = True,
        cert: tuple[str, str] | None = None,
    ) -> None:
        self.urls = tuple(url.rstrip("/") for url in urls)
        self.timeout = timeout
        self._busy = dict.fromkeys(self.urls, 0)
        self._down: set[str] = set()
        self._lock = threading.Lock()
        self._session = requests.Session()
        # A proxy or a .netrc from the environment must never see the sidecar's token.
        self._session.trust_env = False
        self._session.verify = verify
        self._session.cert = cert
        self._session.headers.update(
            {
                "Content-Type": "application/json",
                "Accept": "application/json",
                # A sidecar is near: to have OPA compress its answers costs more than to carry them.
                "Accept-Encoding": "identity",
            }
        )
        if token is not None:
            self._session.headers["Authorization"] = f"Bearer {token}"
        retry = Retry(
            total=4,
            connect=3,
            read=False,
            redirect=0,
            status=3,
            other=0,
            backoff_factor=0.1,
            status_forcelist=(502, 503, 504),
            allowed_methods=("GET", "POST"),
            raise_on_status=False,
            respect_retry_after_header=False,
        )
        # Room for two sets of questions that are asked side by side.
        adapter = HTTPAdapter(
            pool_connections=len(self.urls), pool_maxsize=2 * connections, max_retries=retry
        )
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def close(self) -> None:
        """Close the pooled connections."""
        self._session.close()

    def refresh(self) -> None:
        """Look anew which sidecars are ready, where there are several: only those get work."""
        if len(self.urls) > 1:
            down = {url for url in self.urls if not self.healthy(url)}
            with self._lock:
                self._down = set() if len(down) == len(self.urls) else down

    def ask(self, path: str, body: bytes, result: type[T]) -> tuple[T, Provenance]:
        """OPA's result for `POST /v1/data/<path>`, decoded as `result`, and what decided it.

        A sidecar that cannot be reached is left out from then on, and the question goes to the others.
        Raises `EvaluationError` when OPA failed on this very input, `EngineError` for everything else.
        """
        while True:
            url = self._acquire()
            try:
                return self.ask_one(url, path, body, result)
            except UnreachableError:
                with self._lock:
                    self._down.add(url)
                    if len(self._down) == len(self.urls):
                        # The next question tries all of them again: they may have come back.
                        self._down.clear()
                        raise
            finally:
                with self._lock:
                    self._busy[url] -= 1

    def ask_one(self, url: str, path: str, body: bytes, result: type[T]) -> tuple[T, Provenance]:
        """The same as `ask`, of one sidecar and no other."""
        status, kind, content = self._send("POST", url, f"/v1/data/{path}{_QUERY}", body)
        if status != 200:
            raise _failure(url, status, kind, content)
        try:
            answer = _decoder(result).decode(content)
        except msgspec.DecodeError as error:
            raise EngineError(
                f"{url} does not answer as OPA with this policy does (HTTP 200, {kind}: {error}): {_NO_OPA}"
            ) from error
        if answer.provenance.version.partition(".")[0] != MAJOR:
            raise EngineError(
                f"OPA at {url} has version {answer.provenance.version}: version {MAJOR}.x is needed"
            )
        if answer.warning is not None:
            raise EngineError(f"OPA at {url} answered with a warning: {answer.warning}")
        if isinstance(answer.result, UnsetType):
            raise EngineError(
                f"OPA at {url} has no result for {path}: it has another policy loaded, or none; "
                "load this project's bundles"
            )
        return answer.result, answer.provenance

    def healthy(self, url: str) -> bool:
        """Whether this sidecar says that its bundles are loaded."""
        try:
            return self._send("GET", url, "/health?bundles=true", None)[0] == 200
        except EngineError:
            return False

    def _acquire(self) -> str:
        with self._lock:
            url = min((u for u in self.urls if u not in self._down), key=self._busy.__getitem__)
            self._busy[url] += 1
            return url

    def _send(self, method: str, url: str, path: str, body: bytes | None) -> tuple[int, str, bytes]:
        """Status, content type and content, read within the deadline."""
        deadline = time.monotonic() + self.timeout
        try:
            with self._session.request(
                method,
                url + path,
                data=body,
                timeout=(min(_CONNECT_SECONDS, self.timeout), self.timeout),
                stream=True,
                allow_redirects=False,
            ) as response:
                kind = response.headers.get("Content-Type", "no content type")
                return response.status_code, kind, _read(response, deadline)
        except requests.exceptions.SSLError as error:
            raise UnreachableError(_tls_problem(url, error)) from error
        except requests.exceptions.ConnectTimeout as error:
            raise UnreachableError(
                f"nothing answers at {url}: check the address, and that OPA runs"
            ) from error
        except requests.Timeout as error:
            raise UnreachableError(
                f"OPA at {url} did not answer within {self.timeout:g} s: look at its load and its log"
            ) from error
        except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema) as error:
            raise EngineError(
                f"{url} is no URL of OPA: write http://HOST:PORT or https://HOST:PORT"
            ) from error
        except requests.exceptions.MissingSchema as error:
            raise EngineError(
                f"{url} is no URL of OPA: write http://HOST:PORT or https://HOST:PORT"
            ) from error
        except requests.RequestException as error:
            if "Failed to establish" in str(error) or "NameResolution" in str(error):
                raise UnreachableError(
                    f"nothing answers at {url}: check the address, and that OPA runs"
                ) from error
            raise UnreachableError(f"OPA at {url} went away in the middle: {_root(error)}") from error
        except OSError as error:  # requests looks for the files of TLS itself
            raise EngineError(
                f"OPA at {url} is not asked: {error}; correct `ca`, `cert` and `key`"
            ) from error


def _read(response: requests.Response, deadline: float) -> bytes:
    """The whole content; a server that trickles it out past the deadline is given up."""
    chunks = []
    for chunk in response.iter_content(_CHUNK):
        chunks.append(chunk)
        if time.monotonic() > deadline:
            raise requests.Timeout
    return b"".join(chunks)


def _failure(url: str, status: int, kind: str, content: bytes) -> EngineError:
    """The error that an answer other than 200 stands for."""
    try:
        failure = msgspec.json.decode(content, type=_Failure)
    except msgspec.DecodeError:
        if status in (502, 503, 504):
            return UnreachableError(f"OPA at {url} is not reached by the proxy before it (HTTP {status})")
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
        return UnreachableError(f"OPA at {url} is not ready (HTTP {status}): {failure.message}")
    return EngineError(f"OPA at {url} answered HTTP {status}, {failure.code}: {failure.message}")


def _tls_problem(url: str, error: BaseException) -> str:
    """What is wrong with TLS: OPA is not trusted, or, where it just hangs up, the client is not."""
    cause = _root(error)
    if "[X509" in cause or "[SSL] PEM" in cause:
        return f"OPA at {url} is not asked, since a file is wrong ({cause}): correct `ca`, `cert` and `key`"
    if "CERTIFICATE_VERIFY_FAILED" in cause:
        return f"OPA at {url} cannot be trusted ({cause}): name its authority's certificate as `ca`"
    return (
        f"OPA at {url} ended the TLS handshake ({cause}): see that it speaks TLS, and, where it asks for a "
        "certificate, that `cert` is one that it trusts and that has not expired"
    )


def _root(error: BaseException) -> str:
    """The innermost cause in the words of the library: what the network said."""
    inner: object = error
    while isinstance(inner, BaseException):
        error = inner
        inner = getattr(error, "reason", None) or (error.args[-1] if error.args else None)
    return str(error) or type(error).__name__


_decoders: dict[Any, msgspec.json.Decoder[Any]] = {}


def _decoder(result: type[T]) -> msgspec.json.Decoder[_Answer[T]]:
    decoder = _decoders.get(result)
    if decoder is None:
        decoder = _decoders[result] = msgspec.json.Decoder(_Answer[result])  # type: ignore[valid-type]  # made at run time
    return decoder
