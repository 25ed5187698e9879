"""The tree of RFC 6962: its known answers, and its proofs for every size and leaf."""

import pytest

from tests.allocation.bundles import slow_root
from trial.allocation import merkle

LEAVES = [
    bytes.fromhex(leaf)
    for leaf in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
HASHES = [merkle.leaf_hash(leaf) for leaf in LEAVES]


def test_the_known_roots():
    assert merkle.root([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert merkle.root(HASHES[:1]).hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert merkle.root(HASHES).hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


@pytest.mark.parametrize("size", range(34))
def test_the_frontier_gives_the_root_of_the_slow_definition(size: int):
    leaves = [bytes([place]) for place in range(size)]
    assert merkle.root(map(merkle.leaf_hash, leaves)) == slow_root(leaves)


@pytest.mark.parametrize("size", range(1, 34))
def test_every_leaf_of_every_size_is_proved_and_no_other_leaf_is(size: int):
    leaves = [merkle.leaf_hash(bytes([place])) for place in range(size)]
    for index, leaf in enumerate(leaves):
        known = {"size": size, "proof": merkle.inclusion(leaves, index), "root": merkle.root(leaves)}
        assert merkle.included(leaf=leaf, index=index, **known)
        assert not merkle.included(leaf=merkle.leaf_hash(b"other"), index=index, **known)
        assert not merkle.included(leaf=leaf, index=index + 1, **known)
        assert not merkle.included(leaf=leaf, index=index, **{**known, "proof": [*known["proof"], leaf]})


@pytest.mark.parametrize("size", range(1, 34))
def test_the_newest_leaf_is_proved_by_the_frontier_before_it(size: int):
    frontier: list[bytes] = []
    for place in range(size):
        before, leaf = frontier, merkle.leaf_hash(bytes([place]))
        frontier = merkle.append(before, place, leaf)
    proof = merkle.inclusion_of_newest(before)
    root = merkle.root_of_frontier(frontier)
    assert merkle.included(leaf=leaf, index=size - 1, size=size, proof=proof, root=root)


@pytest.mark.parametrize("later", range(1, 20))
def test_every_earlier_size_is_proved_a_prefix_and_no_other_root_is(later: int):
    leaves = [merkle.leaf_hash(bytes([place])) for place in range(later)]
    for earlier in range(1, later + 1):
        given = {
            "earlier": earlier,
            "earlier_root": merkle.root(leaves[:earlier]),
            "later": later,
            "later_root": merkle.root(leaves),
            "proof": merkle.consistency(leaves, earlier),
        }
        assert merkle.consistent(**given)
        assert not merkle.consistent(**{**given, "earlier_root": merkle.root(leaves[1 : earlier + 1]) + b"x"})


def test_a_frontier_of_another_size_is_refused():
    with pytest.raises(ValueError, match="does not belong"):
        merkle.append([b"x"], 3, b"y")
    with pytest.raises(ValueError, match="no such leaf"):
        merkle.inclusion(HASHES, 8)
    with pytest.raises(ValueError, match="no such earlier"):
        merkle.consistency(HASHES, 0)
