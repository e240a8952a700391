"""An error that ended a check or the tests, in the shape of what they would have given.

A tool that reads findings or results, and not what went to stderr, would take none of them for none wrong.
"""

from __future__ import annotations

import re
from pathlib import Path

from icaccess.errors import IcaccessError
from icaccess.review.check import Finding
from icaccess.review.testing import TestResult, TestRun

_PLACE = re.compile(r"(.+?)(?: line (\d+)|:(\d+))?: ")
"""How errors begin that are about a file, with its line where there is one."""


def unread_finding(error: IcaccessError, policy: Path) -> Finding:
    """The error as the one finding, at the file that it names, else at the policy folder."""
    text = str(error)
    place = _PLACE.match(text)
    if place is None or not Path(place[1]).is_file():
        return Finding("read", str(policy), 1, text)
    return Finding("read", place[1], int(place[2] or place[3] or 1), text[place.end() :])


def unread_run(error: IcaccessError, policy: Path) -> TestRun:
    """The error as the one test, which fails."""
    found = unread_finding(error, policy)
    return TestRun((TestResult("policy", "can be read", found.file, found.line, found.message),), (), ())
