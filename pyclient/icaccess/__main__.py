"""The process of the command `icaccess`, which `python -m icaccess` starts as well."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from typing import NoReturn


def start() -> NoReturn:
    """Run the command line, and end the process with its exit code."""
    # Records come by the hundred thousand and hold no cycles, nor do modules: looking for cycles took a tenth
    # of the time.
    gc.set_threshold(100_000)
    from icaccess.cli import main

    try:
        main()
    except SystemExit as ended:
        # Everything that was started has been stopped by now. To take Python's modules apart is a tenth of a
        # small command's time, so the process ends here, once what it wrote is out.
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError):
                stream.flush()
        os._exit(ended.code if isinstance(ended.code, int) else 1)


if __name__ == "__main__":
    start()
