"""A long list kept as compressed JSON: nothing is lost, and it is small."""

from __future__ import annotations

import tracemalloc
from datetime import date

import pytest

from icaccess.packed import Packed
from icaccess.targets.interface import Holding


def holding(number: int) -> Holding:
    return Holding(locations=(f"{number}\n", "zwölf"), since=date(2025, 1, 1 + number % 28))


@pytest.mark.parametrize("count", [0, 1, 499, 500, 501, 1000, 1234])
def test_what_was_added_comes_back_in_its_order_each_time(count: int) -> None:
    values = [holding(number) for number in range(count)]
    packed = Packed(Holding, values)
    assert (list(packed), list(packed), len(packed)) == (values, values, count)
    assert len([*packed.lines()]) == count
    assert not any(b"\n" in line for line in packed.lines())


@pytest.mark.parametrize("count", [1, 499, 500, 501])
def test_equal_are_those_that_hold_the_same_in_the_same_order(count: int) -> None:
    values = [holding(number) for number in range(count)]
    other = [*values[:-1], holding(count)]
    assert Packed(Holding, values) == Packed(Holding, values)
    assert Packed(Holding, values) != Packed(Holding, other)
    assert Packed(Holding, values) != Packed(Holding, values[:-1])
    assert Packed(Holding, [*values, holding(-1)]) != Packed(Holding, [holding(-1), *values])
    assert Packed(Holding, values) != values


def test_a_value_takes_less_than_a_quarter_of_what_it_takes_as_an_object() -> None:
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        objects = [holding(number) for number in range(10_000)]
        as_objects, _ = tracemalloc.get_traced_memory()
        packed = Packed(Holding, objects)
        with_packed, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(packed) == 10_000
    assert (with_packed - as_objects) * 4 < as_objects - before
