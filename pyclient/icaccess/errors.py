"""Every error that icaccess raises on purpose.

One tree: catch `IcaccessError` to catch them all. Each message is one line that says what is wrong, where,
and what to do; each class owns the exit code that the command line ends with. Each module wraps
the errors of its libraries with `raise … from`, so that none of them reaches a user.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Self

from icaccess.text import on_one_line, quoted

_EXTRAS = {
    "authlib": "api",
    "jinja2": "report",
    "jmespath": "api",
    "ldap3": "ldap",
    "markdown_it": "report",
    "prometheus_client": "service",
    "psycopg": "postgres",
    "rfc3161_client": "timestamp",
}
"""The extra of pyproject.toml that has each module."""


class IcaccessError(Exception):
    """The root: something failed, and nobody's access changed because of it."""

    exit_code = 1

    @classmethod
    def code(cls) -> str:
        """The code for scripts, from the nearest class in this file: `run_void` for `RunVoidError`."""
        name = next(base.__name__ for base in cls.__mro__ if base.__module__ == __name__)
        return re.sub(r"(?<!^)(?=[A-Z])", "_", name.removesuffix("Error")).lower()

    def __str__(self) -> str:
        """The message on one line."""
        return on_one_line(super().__str__())


class ExtraMissingError(IcaccessError):
    """A part of icaccess needs a package that is not installed; the message names the extra that has it."""

    @classmethod
    def of(cls, error: ModuleNotFoundError) -> Self | None:
        """What a failed import means; None where no extra has the module."""
        module = (error.name or "").partition(".")[0]
        extra = _EXTRAS.get(module)
        if extra is None:
            return None
        return cls(f"the package {module} is not installed; run: pip install 'icaccess[{extra}]'")


class UsageError(IcaccessError):
    """The caller's request makes no sense: an impossible date, an unknown employee id."""


class ConfigError(IcaccessError):
    """`icaccess.yaml`, or the policy data beside it, is missing, mistyped or contradictory."""


class FactsError(IcaccessError):
    """A source of facts is unreadable, or not credible as a whole; no decision rests on it."""


class HttpError(IcaccessError):
    """A server gave no complete answer in time: it is missing, not trusted, hangs, or redirects."""


class HttpTimeoutError(HttpError):
    """A server was reached and did not answer in time."""


class HttpSettingsError(HttpError):
    """A setting makes a request to a server impossible or unsafe: a URL, a file, plain http."""


class EngineError(IcaccessError):
    """OPA is missing, does not answer, answers something else, or changed its policy during a run."""


class RunVoidError(EngineError):
    """Two policies were at work in one run, because OPA loaded a new one; nothing was changed."""


class PolicyError(EngineError):
    """The policy does not compile, or its policy data does not fit it."""


class StoreError(IcaccessError):
    """The store cannot be opened, is locked by another run, is damaged, or belongs to another version."""


class AuditError(IcaccessError):
    """The audit record, a head of it or a receipt was altered, or a witness cannot be reached."""


class StoreLockedError(StoreError):
    """Another run is at work on the store; wait until it is done."""


class TargetError(IcaccessError):
    """The target cannot be asked who holds access, or cannot be changed at all."""


class PlanError(IcaccessError):
    """A plan is stale, edited, made for another target or another day, or otherwise unusable."""


class GuardStop(IcaccessError):
    """The guard found that too much would change at once; nothing was changed."""

    exit_code = 3


class ChangesFailed(IcaccessError):
    """Some or all changes failed; the journal says which."""

    exit_code = 4


class NoticeError(IcaccessError):
    """No notice can be sent: the mail server or the webhook is down, or refuses the log-in."""


class NoticesFailed(NoticeError):
    """Some notices failed, or nobody confirmed them; the others were sent, and the store holds all."""

    exit_code = 4


@contextmanager
def file_errors(kind: type[IcaccessError], what: str, advice: str) -> Iterator[None]:
    """Raise `kind` in place of an error of the system: what cannot be done and where, why, and what to do."""
    try:
        yield
    except OSError as error:
        advice = "free some space" if error.errno == errno.ENOSPC else advice
        raise kind(f"{what}: {error.strerror}; {advice}") from error


def unknown_ids(ids: Iterable[str]) -> UsageError:
    """The error that names ids of which the facts have no employee, at most five."""
    named = ", ".join(map(quoted, sorted(ids)[:5]))
    return UsageError(f"no employee has the id {named}; ids are as in `icaccess facts`")
