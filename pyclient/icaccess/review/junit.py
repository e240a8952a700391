"""A run of the suite as JUnit XML, for the servers that show tests."""

from __future__ import annotations

from itertools import groupby

from junitparser import Attr, Failure, JUnitXml, Skipped, TestCase, TestSuite

from icaccess.review.suite import SuiteRun


class _PlacedCase(TestCase):
    file = Attr()
    line = Attr()


def junit(run: SuiteRun) -> str:
    """The run as JUnit XML, one suite for each package and file of cases."""
    xml = JUnitXml("icaccess policy")
    for name, tests in groupby(sorted(run.tests, key=lambda test: test.suite), lambda test: test.suite):
        suite = TestSuite(name)
        for test in tests:
            case = _PlacedCase(_printable(test.name), name)
            case.file, case.line = test.file, str(test.line)
            if test.problem is not None:
                failure = Failure(_printable(test.problem))
                failure.text = f"{test.file}:{test.line}"
                case.result = [failure]
            if test.skipped:
                case.result = [Skipped()]
            suite.add_testcase(case)
        xml.add_testsuite(suite)
    text: bytes = xml.tostring()  # type: ignore[no-untyped-call]
    return f"{text.decode()}\n"


def _printable(text: str) -> str:
    """The text without the characters that XML has no way to write."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text)
