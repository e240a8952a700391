"""The Merkle tree against the vectors of RFC 6962 and its reference code, and against every wrong proof."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icaccess.audit.tree import MerkleTree, consistency_spans, extends, includes, inclusion_spans, leaf_hash

LEAVES = [
    bytes.fromhex(text)
    for text in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
"""The leaves and roots of the reference code of Certificate Transparency."""
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def proof(leaves: list[bytes], spans: list[tuple[int, int]]) -> list[bytes]:
    return [MerkleTree(leaves[start:end]).root for start, end in spans]


def test_the_roots_of_the_reference() -> None:
    assert MerkleTree().root.hex() == EMPTY
    tree = MerkleTree()
    for leaf, root in zip(LEAVES, ROOTS, strict=True):
        tree.add(leaf)
        assert tree.root.hex() == root


def test_the_proofs_of_the_reference() -> None:
    assert [step.hex() for step in proof(LEAVES, inclusion_spans(0, 8))] == [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]
    assert [step.hex() for step in proof(LEAVES, consistency_spans(6, 8))] == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


@pytest.mark.parametrize(
    ("index", "spans"),
    [
        (0, [(1, 2), (2, 4), (4, 7)]),  # b, h, l
        (3, [(2, 3), (0, 2), (4, 7)]),  # c, g, l
        (4, [(5, 6), (6, 7), (0, 4)]),  # f, j, k
        (6, [(4, 6), (0, 4)]),  # i, k
    ],
)
def test_the_audit_paths_of_the_example_in_section_2_1_3(index: int, spans: list[tuple[int, int]]) -> None:
    assert inclusion_spans(index, 7) == spans


@pytest.mark.parametrize(
    ("before", "spans"),
    [
        (3, [(2, 3), (3, 4), (0, 2), (4, 7)]),  # c, d, g, l
        (4, [(4, 7)]),  # l
        (6, [(4, 6), (6, 7), (0, 4)]),  # i, j, k
    ],
)
def test_consistency_proofs_are_those_of_section_2_1_3(before: int, spans: list[tuple[int, int]]) -> None:
    assert consistency_spans(before, 7) == spans


def leaves(count: int) -> list[bytes]:
    return [hashlib.sha256(bytes([number])).digest() for number in range(count)]


@pytest.mark.parametrize("size", range(1, 34))
def test_every_true_proof_passes_and_every_altered_one_fails(size: int) -> None:
    all_leaves = leaves(size)
    root = MerkleTree(all_leaves).root
    for index in range(size):
        path = proof(all_leaves, inclusion_spans(index, size))
        leaf = leaf_hash(all_leaves[index])
        assert includes(leaf, index, size, path, root)
        assert not includes(leaf_hash(b"other"), index, size, path, root)
        assert not includes(leaf, index, size, [*path, root], root)
        assert not includes(leaf, size, size, path, root)
        assert not path or not includes(leaf, index, size, path[:-1], root)
    for before in range(size + 1):
        steps = proof(all_leaves, consistency_spans(before, size))
        old = MerkleTree(all_leaves[:before]).root
        assert extends(before, old, size, root, steps)
        assert not extends(before, old, size, root, [*steps, root])
        if before:
            assert not extends(before, leaf_hash(b"other"), size, root, steps)
            assert not extends(before, old, size, leaf_hash(b"other"), steps)
        for place in range(len(steps)):
            altered = [*steps[:place], leaf_hash(b"other"), *steps[place + 1 :]]
            assert not extends(before, old, size, root, altered)
            assert not extends(before, old, size, root, steps[:place] + steps[place + 1 :])
    assert not extends(size + 1, root, size, root, [])


@given(st.integers(1, 200), st.data())
def test_no_rewritten_record_extends_the_one_before(size: int, data: st.DataObject) -> None:
    before = data.draw(st.integers(1, size))
    changed = data.draw(st.integers(0, before - 1))
    rewritten = leaves(size)
    old = MerkleTree(rewritten[:before]).root
    rewritten[changed] = b"rewritten"
    steps = proof(rewritten, consistency_spans(before, size))
    assert not extends(before, old, size, MerkleTree(rewritten).root, steps)
