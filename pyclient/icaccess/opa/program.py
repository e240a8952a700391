"""OPA's program: which versions may decide, where it is found, and what it is run with."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

from icaccess.errors import EngineError
from icaccess.files import write_private

VERSION = "1.22.4"
"""The version of OPA to install, with which everything here was tested."""

OLDEST = (1, 21, 3)
"""The oldest OPA that the policy and its signed bundles are safe with; newer ones share its major version."""
NEEDED = f"{'.'.join(map(str, OLDEST))} or a newer {OLDEST[0]}.x"


def is_usable(version: str) -> bool:
    """Whether an OPA of this version may decide."""
    numbers = tuple(int(part) for part in version.partition("-")[0].split(".") if part.isdecimal())
    return OLDEST <= numbers < (OLDEST[0] + 1,)


def cache_dir() -> Path:
    """The folder of OPA and built bundles: `$XDG_CACHE_HOME/icaccess`, else `~/.cache/icaccess`."""
    base = os.environ.get("XDG_CACHE_HOME")
    return Path(base) / "icaccess" if base else Path.home() / ".cache" / "icaccess"


def cached_opa() -> Path:
    """Where `icaccess opa install` puts the pinned OPA, whether or not it is there."""
    return cache_dir() / "opa" / VERSION / "opa"


def find_opa() -> Path:
    """OPA's program: the one on PATH if it is new enough, else the one in the cache.

    Raises `EngineError`, which says what it found instead and how to install OPA.
    """
    on_path = shutil.which("opa")
    passed_over = []
    for place in (*([Path(on_path)] if on_path else []), cached_opa()):
        if place.exists():
            version = _known_version(place)
            if version and is_usable(version):
                return place
            passed_over.append(f"{place} is version {version or 'unknown'}")
    raise EngineError(
        f"no usable OPA on PATH or at {cached_opa()}: {NEEDED} is needed"
        f"{' (' + ', '.join(passed_over) + ')' if passed_over else ''}: run `icaccess opa install`"
    )


def opa_version(opa: Path) -> str | None:
    """The version that `opa version` prints; None if it prints none."""
    try:
        done = subprocess.run([opa, "version"], capture_output=True, text=True, check=False, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return None
    words = done.stdout.split()
    return words[1] if words[:1] == ["Version:"] and len(words) > 1 else None


def _known_version(opa: Path) -> str | None:
    """The same, from the cache for the program of this place, size and time."""
    about = opa.stat()
    program = f"{opa.absolute()} {about.st_mode} {about.st_size} {about.st_mtime_ns}"
    kept = cache_dir() / "opa" / f"version-{hashlib.sha256(program.encode()).hexdigest()}"
    with suppress(OSError):
        return kept.read_text()
    if version := opa_version(opa):
        with suppress(OSError):
            write_private(kept, [version.encode()])
    return version


def environment() -> dict[str, str]:
    """The environment for OPA: this process's own, without the variables that would change OPA's options.

    OPA collects garbage less often than Go's default, but in time to stay near a limit, which
    trades some memory for time (docs/performance.md).
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OPA_")}
    return {"GOGC": "1600", "GOMEMLIMIT": "384MiB"} | kept
