"""What the errors of requests, urllib3, TLS and the system mean, each in one line with what to do."""

from __future__ import annotations

import re

import requests
from requests import exceptions as errors
from urllib3.exceptions import NewConnectionError, ReadTimeoutError

from icaccess.config.secrets import shown_url
from icaccess.errors import HttpError, HttpSettingsError, HttpTimeoutError
from icaccess.text import clip

_NOT_TRUSTED = (
    "its certificate is not trusted ({why}); correct it, or name its authority's certificate as `{ca}`"
)
_BAD_FILE = "is not asked ({why}); correct the files of certificates"
_BAD_URL = "is not a URL that can be asked ({why}); write https://HOST/PATH"
_TOO_SLOW = "did not answer within {seconds:g} s; check the server's load and log"
_NO_TLS = "TLS failed ({why}); check that the server speaks TLS and accepts the client's certificate"
_REASONS: list[tuple[type[Exception] | tuple[type[Exception], ...], str]] = [
    (requests.TooManyRedirects, "redirects to {why!r}, which is not followed; set the URL that answers"),
    (errors.SSLError, _NO_TLS),
    (errors.ProxyError, "the proxy does not connect ({why!r}); check `proxy`"),
    (
        (NewConnectionError, requests.ConnectTimeout),
        "nothing answers there ({why}); check the address and the server",
    ),
    ((requests.Timeout, ReadTimeoutError, TimeoutError), _TOO_SLOW),
    (errors.ContentDecodingError, "its answer is damaged ({why!r}); try again, and check the server's log"),
    (
        (requests.ConnectionError, errors.ChunkedEncodingError),
        "ended the connection before its answer was complete ({why!r}); "
        "try again, and check the server's log",
    ),
    ((requests.RequestException, ValueError), _BAD_URL),
    (OSError, _BAD_FILE),
]
"""What the errors of the libraries mean; the first that fits counts, and quotes a server's words."""
_KINDS = {_BAD_FILE: HttpSettingsError, _BAD_URL: HttpSettingsError, _TOO_SLOW: HttpTimeoutError}


def http_error(url: str, error: Exception, seconds: float, ca_setting: str) -> HttpError:
    """What went wrong with a request to `url`, in one line.

    `seconds` is the time that it had, `ca_setting` the name of the setting for trusted certificates.
    """
    why, chain = cause(error), _chain(error)
    if isinstance(error, requests.TooManyRedirects) and error.response is not None:
        why = shown_url(error.response.headers["Location"])
    if "CERTIFICATE_VERIFY_FAILED" in why:
        text = _NOT_TRUSTED
    elif "[X509" in why or "[SSL] PEM" in why:
        text = _BAD_FILE
    else:
        text = next(text for kinds, text in _REASONS if any(isinstance(link, kinds) for link in chain))
    kind = _KINDS.get(text, HttpError)
    return kind(f"{shown_url(url)}: {text.format(why=why, seconds=seconds, ca=ca_setting)}")


def cause(error: BaseException) -> str:
    """The innermost cause, printable and at most 200 characters: it may hold a server's own words."""
    inner = _chain(error)[-1]
    said = re.sub(r"//\S*@", "//", str(inner) or type(inner).__name__)  # a library may repeat the URL
    return clip(re.sub(r"([?;#])\S+", r"\1…", said))


def _chain(error: BaseException) -> list[BaseException]:
    """An error and what it wraps, the innermost last."""
    chain: list[BaseException] = []
    link: object = error
    while isinstance(link, BaseException):
        chain.append(link)
        inner = getattr(link, "reason", None) or (link.args[-1] if link.args else None)
        link = inner if isinstance(inner, BaseException) else link.__cause__
    return chain
