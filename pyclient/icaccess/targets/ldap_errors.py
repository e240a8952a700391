"""What goes wrong between ldap3 and a directory, in words that say what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from icaccess.text import quoted


class PassingError(Exception):
    """The directory is busy or away, and said so."""


class UndecodedError(Exception):
    """The answer is not LDAP (RFC 4511), or was damaged on its way."""


@contextmanager
def decoding() -> Iterator[None]:
    """Raise `UndecodedError` where ldap3 trips over an answer, which it decodes without looking first."""
    from ldap3.core.exceptions import LDAPExceptionError

    try:
        yield
    except (LDAPExceptionError, OSError):  # some are ValueErrors as well
        raise
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise UndecodedError(_NOT_LDAP) from error


def meaning(error: BaseException) -> str:
    """What an error means to somebody who runs this, with what to do where that is known."""
    said = str(error)
    return next((meaning for sign, meaning in _MEANINGS.items() if sign in said), quoted(said))


_NOT_LDAP = "what came is not LDAP; check the URL, and what stands between"
WANTS_TLS = "wants TLS ({}): write ldaps:// in target.ldap.url, or set target.ldap.start_tls to true"
_MEANINGS = {
    "self-signed certificate": "its certificate is self-signed; name the one to trust in target.ldap.ca",
    "self signed certificate": "its certificate is self-signed; name the one to trust in target.ldap.ca",
    "unable to get local issuer": "its certificate is signed by nobody known; set target.ldap.ca",
    "certificate verify failed": "its certificate is not valid for this server; correct the URL",
    "doesn't match": "its certificate is for another server; correct the URL",
    "startTLS failed": "does not take STARTTLS; write ldaps:// in target.ldap.url",
    "Connection refused": "nobody answers there; check the URL and that the directory runs",
    "Errno 111": "nobody answers there; check the URL and that the directory runs",
    "invalid server address": "nobody answers there; check the URL and that the directory runs",
    "timed out": "it did not answer in time; try again",
    "invalid messageId": _NOT_LDAP,
    "unknown response": _NOT_LDAP,
    "session terminated by server": "it broke the connection; try again",
    "timeLimitExceeded": "it took longer than it may (timeLimitExceeded), again and again; try again later",
    "busy": "it is busy, again and again; try again later",
    "unavailable": "it is unavailable, again and again; try again later",
}
