"""What goes wrong between ldap3 and a directory, in words that say what to do."""

from __future__ import annotations

import re
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


def meaning(error: BaseException, seconds: int) -> str:
    """What an error means to somebody who runs this, with what to do where that is known.

    `seconds` is how long the directory was waited for.
    """
    said = str(error)
    tls = re.search(r"\[SSL: (\w+)\]", said)
    other = f"TLS failed ({tls[1]}); check that the port takes TLS 1.2 or later" if tls else quoted(said)
    return next((text.format(seconds) for sign, text in _MEANINGS.items() if sign in said), other)


_NOT_LDAP = "what came is not LDAP; check the URL, and what stands between"
_NOBODY = "nobody answers there; check the URL and that the directory runs"
WANTS_TLS = "wants TLS ({}): write ldaps:// in target.ldap.url, or set target.ldap.start_tls to true"
_MEANINGS = {
    "self-signed certificate": "its certificate is self-signed; name the one to trust in target.ldap.ca",
    "self signed certificate": "its certificate is self-signed; name the one to trust in target.ldap.ca",
    "unable to get local issuer": "its certificate is signed by nobody known; set target.ldap.ca",
    "certificate verify failed": "its certificate is not valid for this server; correct the URL",
    "doesn't match": "its certificate is for another server; correct the URL",
    "startTLS failed": "does not take STARTTLS; write ldaps:// in target.ldap.url",
    "Connection refused": _NOBODY,
    "Errno 101": _NOBODY,
    "Errno 111": _NOBODY,
    "Errno 113": _NOBODY,
    "invalid server address": _NOBODY,
    "timed out": "it did not answer within {} s; try again",
    "invalid messageId": _NOT_LDAP,
    "unknown response": _NOT_LDAP,
    "WRONG_VERSION_NUMBER": "does not speak TLS on that port; correct target.ldap.url, or set start_tls",
    "Errno 104": "it broke the connection; try again",
    "session terminated by server": "it broke the connection; try again",
    "timeLimitExceeded": "it took longer than it may (timeLimitExceeded), again and again; try again later",
    "busy": "it is busy, again and again; try again later",
    "unavailable": "it is unavailable, again and again; try again later",
}
