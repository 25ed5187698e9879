"""The Merkle tree of RFC 6962: leaf 0x00, node 0x01, an odd node is promoted and never doubled.

A growing log keeps only its *frontier*, the roots of the perfect subtrees that make it up, largest first: one
hash for each bit that is set in the size. Appending, and the root, then cost O(log n).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def append(frontier: Sequence[bytes], size: int, leaf: bytes) -> list[bytes]:
    """The frontier of size + 1 leaves, from that of ``size`` leaves and the hash of the new one."""
    if len(frontier) != size.bit_count():
        raise ValueError("the frontier does not belong to this size")
    peaks, node = list(frontier), leaf
    while size & 1:
        node = node_hash(peaks.pop(), node)
        size >>= 1
    return [*peaks, node]


def root_of_frontier(frontier: Sequence[bytes]) -> bytes:
    if not frontier:
        return EMPTY_ROOT
    *peaks, node = frontier
    for peak in reversed(peaks):
        node = node_hash(peak, node)
    return node


def root(leaves: Iterable[bytes]) -> bytes:
    """The root over leaf hashes, in order."""
    frontier: list[bytes] = []
    for size, leaf in enumerate(leaves):
        frontier = append(frontier, size, leaf)
    return root_of_frontier(frontier)


def inclusion_of_newest(frontier_before: Sequence[bytes]) -> list[bytes]:
    """The proof of the leaf just appended, for the size just reached: the peaks that stood before it."""
    return list(reversed(frontier_before))


def inclusion(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The audit path of leaf ``index`` (RFC 6962 section 2.1.1), nearest sibling first."""
    if not 0 <= index < len(leaves):
        raise ValueError("no such leaf")
    if len(leaves) == 1:
        return []
    split = _split(len(leaves))
    if index < split:
        return [*inclusion(leaves[:split], index), root(leaves[split:])]
    return [*inclusion(leaves[split:], index - split), root(leaves[:split])]


def consistency(leaves: Sequence[bytes], earlier: int) -> list[bytes]:
    """The proof that the first ``earlier`` leaves are a prefix (RFC 6962 section 2.1.2)."""
    if not 0 < earlier <= len(leaves):
        raise ValueError("no such earlier size")
    return _subproof(leaves, earlier, whole=True)


def included(*, leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the proof leads from the leaf to the root of ``size`` leaves (RFC 9162 section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    node, last, here = leaf, size - 1, index
    for sibling in proof:
        if last == 0:
            return False
        if here & 1 or here == last:
            node = node_hash(sibling, node)
            while here and not here & 1:
                here, last = here >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        here, last = here >> 1, last >> 1
    return last == 0 and node == root


def consistent(*, earlier: int, earlier_root: bytes, later: int, later_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the log of ``earlier`` leaves is a prefix of that of ``later`` (RFC 9162 section 2.1.4.2)."""
    if earlier == later:
        return not proof and earlier_root == later_root
    if not 0 < earlier < later or not proof:
        return False
    path = [earlier_root, *proof] if earlier & (earlier - 1) == 0 else list(proof)
    first, last = earlier - 1, later - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    old = new = path[0]
    for node in path[1:]:
        if last == 0:
            return False
        if first & 1 or first == last:
            old, new = node_hash(node, old), node_hash(node, new)
            while first and not first & 1:
                first, last = first >> 1, last >> 1
        else:
            new = node_hash(new, node)
        first, last = first >> 1, last >> 1
    return last == 0 and old == earlier_root and new == later_root


def _split(size: int) -> int:
    """The largest power of two below ``size``."""
    return 1 << ((size - 1).bit_length() - 1)


def _subproof(leaves: Sequence[bytes], earlier: int, *, whole: bool) -> list[bytes]:
    if earlier == len(leaves):
        return [] if whole else [root(leaves)]
    split = _split(len(leaves))
    if earlier <= split:
        return [*_subproof(leaves[:split], earlier, whole=whole), root(leaves[split:])]
    return [*_subproof(leaves[split:], earlier - split, whole=False), root(leaves[:split])]
