"""The process of the command `icaccess`, which `python -m icaccess` also starts."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from typing import NoReturn


def start() -> NoReturn:
    """Run the command line, and end the process with its exit code."""
    _open_closed_streams()
    # Records come by the hundred thousand and, like modules, hold no cycles: garbage collection took a tenth
    # of the time.
    gc.set_threshold(100_000)
    try:
        from icaccess.cli import main

        main()
    except KeyboardInterrupt:  # while Python still loads the program: nothing has begun
        os.write(2, b"icaccess: interrupted; nothing more is done\n")
        os._exit(130)
    except SystemExit as ended:
        # The command has stopped everything that it started. Tearing down Python's modules takes a tenth of a
        # small command's time, so the process ends here, once its output is written.
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError):
                stream.flush()
        os._exit(ended.code if isinstance(ended.code, int) else 1)


def _open_closed_streams() -> None:
    """Open the null device where the caller closed stdin, stdout or stderr (`>&-`).

    Otherwise the next file that the program opens takes the stream's number, and what a child process prints
    goes into that file.
    """
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, open(os.devnull, mode))  # noqa: PTH123, SIM115 (stays open as long as the process)


if __name__ == "__main__":
    start()
