"""The Merkle tree of RFC 6962, section 2.1: root hashes, inclusion proofs and consistency proofs.

A proof is a list of subtree hashes. Which subtrees they are depends on sizes alone, so a proof is first
worked out as `spans` of leaves, and the holder of the leaves hashes each span.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

Span = tuple[int, int]
"""A run of leaves, from the first number to just before the second, counted from 0."""


def leaf_hash(data: bytes) -> bytes:
    """The hash of one leaf: SHA-256 over a zero byte and the data."""
    return hashlib.sha256(b"\x00" + data).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


class MerkleTree:
    """A tree that grows leaf by leaf and keeps only the root hashes of its complete subtrees."""

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        self.size = 0
        self._peaks: list[bytes] = []
        for leaf in leaves:
            self.add(leaf)

    def add(self, data: bytes) -> None:
        """Append one leaf."""
        peak = leaf_hash(data)
        carry = self.size
        while carry & 1:
            peak = _node(self._peaks.pop(), peak)
            carry >>= 1
        self._peaks.append(peak)
        self.size += 1

    @property
    def root(self) -> bytes:
        """The Merkle Tree Hash; that of an empty tree is the SHA-256 of nothing."""
        if not self._peaks:
            return hashlib.sha256(b"").digest()
        root = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            root = _node(peak, root)
        return root


def inclusion_spans(index: int, size: int) -> list[Span]:
    """The subtrees whose hashes prove that leaf `index` is in the tree of `size` leaves (2.1.1)."""
    return _path(index, 0, size)


def consistency_spans(before: int, size: int) -> list[Span]:
    """The subtrees whose hashes prove that `size` leaves begin with the first `before` (2.1.2)."""
    return _subproof(before, 0, size, whole=True) if before else []


def includes(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the proof shows that the leaf with the hash `leaf` is at `index` in the tree with this root."""
    if not 0 <= index < size:
        return False
    position, last, found = index, size - 1, leaf
    for step in proof:
        if last == 0:
            return False
        if position & 1 or position == last:
            found = _node(step, found)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            found = _node(found, step)
        position, last = position >> 1, last >> 1
    return last == 0 and found == root


def extends(before: int, root_before: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the proof shows that the tree of `size` leaves begins with the tree of `before` leaves."""
    if before > size:
        return False
    if before in (0, size):
        return not proof and (before == 0 or root_before == root)
    steps = list(proof)
    if before & (before - 1) == 0:  # the smaller tree is a subtree of its own, which the proof leaves out
        steps.insert(0, root_before)
    if not steps:
        return False
    position, last = before - 1, size - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    smaller = larger = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            smaller, larger = _node(step, smaller), _node(step, larger)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            larger = _node(larger, step)
        position, last = position >> 1, last >> 1
    return last == 0 and smaller == root_before and larger == root


def _split(size: int) -> int:
    """The largest power of two below `size`: where a tree divides."""
    return 1 << (size - 1).bit_length() - 1


def _path(index: int, start: int, end: int) -> list[Span]:
    if end - start == 1:
        return []
    middle = start + _split(end - start)
    if index < middle - start:
        return [*_path(index, start, middle), (middle, end)]
    return [*_path(index - (middle - start), middle, end), (start, middle)]


def _subproof(before: int, start: int, end: int, *, whole: bool) -> list[Span]:
    if before == end - start:
        return [] if whole else [(start, end)]
    middle = start + _split(end - start)
    if before <= middle - start:
        return [*_subproof(before, start, middle, whole=whole), (middle, end)]
    return [*_subproof(before - (middle - start), middle, end, whole=False), (start, middle)]
