"""Every error that icaccess raises on purpose.

One tree: catch `IcaccessError` to catch them all. Each message is one line that says what is wrong, where,
and what to do; each class owns the exit code that the command line ends with. Errors of libraries are wrapped
where they arise, with `raise … from`, so that none of them reaches a user.
"""

from __future__ import annotations

import re
from typing import Self

from icaccess.text import LONGEST_MESSAGE, clip

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
    """The root: something could not be done, and nobody's access was changed because of it."""

    exit_code = 1

    @classmethod
    def code(cls) -> str:
        """What scripts know it by, from the nearest class in this file: `run_void` for `RunVoidError`."""
        name = next(base.__name__ for base in cls.__mro__ if base.__module__ == __name__)
        return re.sub(r"(?<!^)(?=[A-Z])", "_", name.removesuffix("Error")).lower()

    def __str__(self) -> str:
        """The message on one printable line of bounded length, whatever a library put into it."""
        return clip(" ".join(super().__str__().split()), LONGEST_MESSAGE)


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
    """The caller asked for something that makes no sense: a date that is none, an unknown employee id."""


class ConfigError(IcaccessError):
    """`icaccess.yaml`, or the policy data beside it, is missing, mistyped or contradictory."""


class FactsError(IcaccessError):
    """A source of facts cannot be read, or cannot be believed as a whole; no decision is made on it."""


class HttpError(IcaccessError):
    """A server gave no whole answer in time: it is not there, is not trusted, hangs, or redirects."""


class HttpTimeoutError(HttpError):
    """A server was reached and did not answer in time."""


class HttpSettingsError(HttpError):
    """A server is not asked, since a setting makes that impossible or unsafe: a URL, a file, plain http."""


class EngineError(IcaccessError):
    """OPA is not to be had, does not answer, answers something else, or changed its policy within a run."""


class RunVoidError(EngineError):
    """Two policies were at work in one run, since a new one was being loaded; nothing was changed."""


class PolicyError(EngineError):
    """The policy does not compile, or its policy data does not fit it."""


class StoreError(IcaccessError):
    """The store cannot be opened, is locked by another run, is damaged, or belongs to another version."""


class AuditError(IcaccessError):
    """The audit record, a head of it or a receipt is not what it was, or a witness cannot be reached."""


class StoreLockedError(StoreError):
    """Another run is at work on the store; wait until it is done."""


class TargetError(IcaccessError):
    """The target cannot be asked who holds access, or cannot be changed at all."""


class PlanError(IcaccessError):
    """A plan is stale, edited, made for another target or another day, or otherwise not to be carried out."""


class GuardStop(IcaccessError):
    """The guard found that too much would change at once; nothing was changed."""

    exit_code = 3


class ChangesFailed(IcaccessError):
    """Some changes, or all, could not be made; the journal says which."""

    exit_code = 4


class NoticeError(IcaccessError):
    """Notices cannot be sent at all: the mail server or the webhook is down, or refuses the log-in."""


class NoticesFailed(NoticeError):
    """Some notices were not taken, or not confirmed; the others were sent, and the store holds all."""

    exit_code = 4
