"""The log's tree against the published vectors of RFC 6962, and proofs of every leaf and prefix."""

import pytest

from trial.allocation import merkle

# The eight leaves of the certificate-transparency reference tests, and the roots that belong to them.
LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOT_OF_ALL = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
ROOT_OF_FIRST = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
ROOT_OF_NONE = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
HASHES = [merkle.leaf_hash(leaf) for leaf in LEAVES]


def test_the_published_roots() -> None:
    assert merkle.root(HASHES).hex() == ROOT_OF_ALL
    assert merkle.root(HASHES[:1]).hex() == ROOT_OF_FIRST
    assert merkle.root([]).hex() == ROOT_OF_NONE


def test_the_frontier_gives_the_root_of_every_prefix() -> None:
    hashes = [merkle.leaf_hash(bytes([n])) for n in range(40)]
    frontier: list[bytes] = []
    for size, leaf in enumerate(hashes):
        assert merkle.root_of_frontier(frontier) == merkle.root(hashes[:size])
        proof = merkle.inclusion_of_newest(frontier)
        frontier = merkle.append(frontier, size, leaf)
        root = merkle.root_of_frontier(frontier)
        assert merkle.included(leaf=leaf, index=size, size=size + 1, proof=proof, root=root)


@pytest.mark.parametrize("size", range(1, 18))
def test_every_leaf_and_every_prefix_is_proved_and_nothing_else_is(size: int) -> None:
    hashes = [merkle.leaf_hash(bytes([n])) for n in range(size)]
    root = merkle.root(hashes)
    for index, leaf in enumerate(hashes):
        proof = merkle.inclusion(hashes, index)
        assert merkle.included(leaf=leaf, index=index, size=size, proof=proof, root=root)
        assert not merkle.included(leaf=merkle.leaf_hash(b"other"), index=index, size=size, proof=proof, root=root)
    for earlier in range(1, size + 1):
        proof = merkle.consistency(hashes, earlier)
        places = {"earlier": earlier, "later": size, "later_root": root, "proof": proof}
        assert merkle.consistent(**places, earlier_root=merkle.root(hashes[:earlier]))
        assert not merkle.consistent(**places, earlier_root=merkle.leaf_hash(b"other"))
