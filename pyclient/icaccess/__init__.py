"""Access to Infinite Campus Elementary Scheduling, decided by policy as code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from icaccess.opa.client import AccessClient

__version__ = "0.1.0"
__all__ = ["AccessClient", "__version__"]


def __getattr__(name: str) -> Any:
    """`AccessClient`, imported when it is first asked for: most commands start without HTTP."""
    if name == "AccessClient":
        from icaccess.opa.client import AccessClient

        return AccessClient
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
