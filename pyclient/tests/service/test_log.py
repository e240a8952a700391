"""The service's log says what failed, and nothing about a person."""

from __future__ import annotations

import json
import logging

import pytest

from icaccess.errors import ConfigError, FactsError, StoreError
from icaccess.service.log import event, service_log, told

BOTH_QUOTES = repr('it\'s a "long" one')


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (
            FactsError("jobs row 2: start 'Jane Doe <jane.doe@example.org>' is no date; correct the feed"),
            "jobs row 2: start … is no date; correct the feed",
        ),
        (FactsError('hr row 3: id "O\'Hara, Jane" is used already'), "hr row 3: id … is used already"),
        (FactsError(f"hr row 3: id {BOTH_QUOTES} is odd"), "hr row 3: id … is odd"),
        (FactsError("hr row 3: phone 7205551234 is not text"), "hr row 3: phone … is not text"),
        (FactsError("hr row 3: jane@example.org is unknown"), "hr row 3: … is unknown"),
        (FactsError("hr row 3: 'never closed, Jane"), "hr row 3: …"),
        (FactsError("the feed's rows and the store's are 12"), "the feed's rows and the store's are 12"),
        (StoreError(f"db: the store failed: {BOTH_QUOTES}"), "db: the store failed: …"),
        (ConfigError("icaccess.yaml line 3: guard: is absent"), "icaccess.yaml line 3: guard: is absent"),
    ],
)
def test_what_is_told_of_an_error(error: Exception, says: str) -> None:
    assert told(error) == says


def test_an_unforeseen_error_is_told_by_its_place_alone() -> None:
    with pytest.raises(ValueError, match="Jane") as caught:
        int("Jane Doe")
    assert told(caught.value).startswith("test_log.py line ")


def test_a_line_of_the_log_holds_no_character_that_a_terminal_obeys(
    capfd: pytest.CaptureFixture[str],
) -> None:
    event(service_log(), "run_failed", level=logging.ERROR, message="a\n\x1b[2J\x9b\u202e")
    line = capfd.readouterr().err
    assert line.endswith("\n")
    assert line[:-1].isprintable()
    assert json.loads(line)["message"] == "a\n\x1b[2J\x9b\u202e"
