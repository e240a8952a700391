"""The process of the command `icaccess`, which `python -m icaccess` also starts."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from typing import NoReturn


def start() -> NoReturn:
    """Run the command line, and end the process with its exit code."""
    # Records come by the hundred thousand and, like modules, hold no cycles: garbage collection took a tenth
    # of the time.
    gc.set_threshold(100_000)
    from icaccess.cli import main

    try:
        main()
    except SystemExit as ended:
        # The command has stopped everything that it started. Tearing down Python's modules takes a tenth of a
        # small command's time, so the process ends here, once its output is written.
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError):
                stream.flush()
        os._exit(ended.code if isinstance(ended.code, int) else 1)


if __name__ == "__main__":
    start()
