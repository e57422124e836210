"""Merkle trees and their inclusion proofs (RFC 6962, 2.1, with SHA-256)."""

from __future__ import annotations

import hashlib
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_LEAF: Final = b"\x00"
_NODE: Final = b"\x01"


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf: SHA-256 over 0x00 and `data`."""
    return hashlib.sha256(_LEAF + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node: SHA-256 over 0x01 and the hashes of its two children."""
    return hashlib.sha256(_NODE + left + right).digest()


class MerkleTree:
    """The tree over a sequence of leaf hashes, with its root and a proof for each leaf."""

    __slots__ = ("_levels",)

    def __init__(self, leaf_hashes: Sequence[bytes]) -> None:
        """Build the tree. Raise ValueError without a leaf: nothing can be proved about an empty tree."""
        if not leaf_hashes:
            raise ValueError("a Merkle tree has at least one leaf")
        self._levels = [list(leaf_hashes)]
        while len(self._levels[-1]) > 1:
            self._levels.append(_parents(self._levels[-1]))

    @property
    def root(self) -> bytes:
        """The root hash, 32 bytes."""
        return self._levels[-1][0]

    def proof(self, index: int) -> list[bytes]:
        """Return the sibling hashes from leaf `index` (from 0) up to the root. Raise IndexError if there is none."""
        if not 0 <= index < len(self._levels[0]):
            raise IndexError(index)
        siblings = []
        for level in self._levels[:-1]:
            # The last of an odd level has no sibling: it is its own parent.
            siblings += level[index ^ 1 : (index ^ 1) + 1]
            index //= 2
        return siblings


def root_from_proof(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """Return the root of a tree of `size` leaves in which the leaf hash `leaf` stands at `index` (from 0).

    Raise ValueError if `index` is not below `size` or `proof` has not the length that they imply.
    """
    if not 0 <= index < size:
        raise ValueError("the index lies outside the tree")
    found, remaining = leaf, list(reversed(proof))
    while size > 1:
        if index % 2:
            found = node_hash(_next(remaining), found)
        elif index + 1 < size:
            found = node_hash(found, _next(remaining))
        index, size = index // 2, (size + 1) // 2
    if remaining:
        raise ValueError("the proof is too long")
    return found


def _parents(level: Sequence[bytes]) -> list[bytes]:
    pairs = zip_longest(level[::2], level[1::2])
    return [left if right is None else node_hash(left, right) for left, right in pairs]


def _next(remaining: list[bytes]) -> bytes:
    if not remaining:
        raise ValueError("the proof is too short")
    return remaining.pop()
