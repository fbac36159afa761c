"""The tree under a checkpoint is that of RFC 6962, grows without being made anew, and proves what is in it."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.merkle import EMPTY_ROOT, Prover, Tree, node

LEAVES = [sha256(bytes([number])).digest() for number in range(200)]


def root_by_definition(leaves: list[bytes]) -> bytes:
    """RFC 6962, 2.1, as it stands there."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node(root_by_definition(leaves[:split]), root_by_definition(leaves[split:]))


def path_by_definition(index: int, leaves: list[bytes]) -> list[bytes]:
    """RFC 6962, 2.1.1, as it stands there."""
    if len(leaves) == 1:
        return []
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    if index < split:
        return [*path_by_definition(index, leaves[:split]), root_by_definition(leaves[split:])]
    return [*path_by_definition(index - split, leaves[split:]), root_by_definition(leaves[:split])]


def test_the_roots_are_those_of_the_published_test_vectors() -> None:
    """Of Certificate Transparency's reference tree: eight entries, after each of which the root is known."""
    entries = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    roots = {
        1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        4: "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    }
    tree = Tree()
    for entry in entries:
        tree.add(sha256(b"\0" + bytes.fromhex(entry)).digest())
        assert roots.get(tree.size, tree.root().hex()) == tree.root().hex()


def test_an_empty_tree_has_the_root_of_nothing() -> None:
    assert Tree().root() == EMPTY_ROOT == sha256(b"").digest()


@given(st.integers(0, 200), st.integers(0, 200))
def test_a_tree_that_goes_on_from_its_peaks_is_the_tree_made_at_once(first: int, more: int) -> None:
    grown = Tree()
    for leaf in LEAVES[:first]:
        grown.add(leaf)
    again = Tree(grown.size, list(grown.peaks))
    for leaf in LEAVES[first : first + more]:
        again.add(leaf)
    assert again.root() == root_by_definition(LEAVES[: first + more])


def test_peaks_that_do_not_fit_the_size_are_refused() -> None:
    with pytest.raises(ValueError, match="whole subtrees"):
        Tree(3, LEAVES[:1])


@given(st.integers(1, 130), st.data())
def test_the_way_of_each_chosen_leaf_is_the_one_of_the_definition(size: int, data: st.DataObject) -> None:
    leaves = LEAVES[:size]
    chosen = data.draw(st.sets(st.integers(0, size + 5), max_size=8))
    prover = Prover(chosen)
    for leaf in leaves:
        prover.add(leaf)
    root, ways = prover.finish()
    assert root == root_by_definition(leaves)
    assert ways == {index: path_by_definition(index, leaves) for index in chosen if index < size}
