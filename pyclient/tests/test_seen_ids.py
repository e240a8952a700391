"""A set of ids in little memory."""

from __future__ import annotations

import tracemalloc

from icaccess.decisions import SeenIds


def test_it_holds_what_was_added_and_nothing_else() -> None:
    seen = SeenIds()
    assert "1" not in seen
    for number in range(0, 10_000, 2):
        seen.add(f"{number:06}")
    assert all((f"{number:06}" in seen) == (number % 2 == 0) for number in range(10_000))
    seen.add("000001")  # also after it was asked
    assert "000001" in seen
    assert "000002" in seen
    assert "000003" not in seen


def test_an_id_takes_a_few_bytes() -> None:
    tracemalloc.start()
    try:
        seen = SeenIds()
        for number in range(200_000):
            seen.add(f"{number:06}")
        assert "x" not in seen
        assert all(f"{number:06}" in seen for number in range(0, 200_000, 100))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 12 * 200_000
