"""A long list of values kept small: as compressed JSON.

It stays in memory, since a file would have to be guarded: what is kept so tells of people.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Generic, TypeVar

import msgspec

T = TypeVar("T", bound=msgspec.Struct)

_BLOCK = 500
"""How many values are compressed, and later read, together."""
_FAST = 1
_encode = msgspec.json.Encoder(order="sorted").encode


class Packed(Generic[T]):
    """Values of one kind in the order in which they were added; each iteration makes them anew.

    Two are equal when what they hold is.
    """

    def __init__(self, kind: type[T], values: Iterable[T] = ()) -> None:
        self._decode = msgspec.json.Decoder(list[kind]).decode  # type: ignore[valid-type]
        self._packed: list[bytes] = []
        self._loose: list[bytes] = []
        self._digest = sha256()
        self._count = 0
        for value in values:
            self.add(value)

    def add(self, value: T) -> None:
        """Append a value."""
        self._loose.append(_encode(value))
        self._count += 1
        if len(self._loose) >= _BLOCK:
            lines = b"\n".join(self._loose)
            self._digest.update(lines + b"\n")
            self._packed.append(zlib.compress(lines, _FAST))
            self._loose = []

    @property
    def digest(self) -> str:
        """SHA-256 over the JSON of all values, a line for each."""
        total = self._digest.copy()
        total.update(b"".join(line + b"\n" for line in self._loose))
        return total.hexdigest()

    def lines(self) -> Iterator[bytes]:
        """Each value's JSON, which holds no line end."""
        for block in self._packed:
            yield from zlib.decompress(block).split(b"\n")
        yield from self._loose

    def __iter__(self) -> Iterator[T]:
        for block in self._packed:
            yield from self._decode(b"[" + zlib.decompress(block).replace(b"\n", b",") + b"]")
        yield from self._decode(b"[" + b",".join(self._loose) + b"]")

    def __len__(self) -> int:
        return self._count

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Packed) and self.digest == other.digest

    __hash__ = None  # type: ignore[assignment]  # it grows

    def __repr__(self) -> str:
        return f"Packed({list(self)!r})"
