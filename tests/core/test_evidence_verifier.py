"""The checker that goes out with the evidence: its Ed25519 is RFC 8032's, and it agrees with the library that signs."""

import ast
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.evidence import verifier
from aggregator.evidence.verifier import is_signed, leads_to
from store.merkle import Prover
from store.witness import Signer

# RFC 8032, 7.1: public key, message, signature
VECTORS = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]  # fmt: skip
ORDER = 2**252 + 27742317777372353535851937790883648493


@pytest.mark.parametrize(("public", "message", "signature"), VECTORS)
def test_the_vectors_of_the_rfc_hold_and_nothing_beside_them(public: str, message: str, signature: str) -> None:
    key, text, mark = bytes.fromhex(public), bytes.fromhex(message), bytes.fromhex(signature)
    assert is_signed(key, mark, text)
    assert not is_signed(key, mark, text + b"x")
    for at in range(0, 64, 7):
        assert not is_signed(key, mark[:at] + bytes([mark[at] ^ 1]) + mark[at + 1 :], text)
    beyond = (int.from_bytes(mark[32:], "little") + ORDER).to_bytes(32, "little")
    assert not is_signed(key, mark[:32] + beyond, text), "the same signature written in another way"
    for odd in (b"", mark[:63], mark + b"\0", bytes(64), b"\xff" * 64):
        assert not is_signed(key, odd, text)
    for odd in (b"", bytes(31), b"\xff" * 32):
        assert not is_signed(odd, mark, text)


@settings(max_examples=15, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=300))
def test_what_the_library_signs_is_signed(seed: bytes, text: bytes) -> None:
    signer = Signer(seed)
    assert is_signed(signer.key.raw, signer.sign(text), text)
    assert not is_signed(Signer(bytes(32)).key.raw, signer.sign(text), text) or seed == bytes(32)


@given(st.integers(1, 150), st.data())
def test_a_path_leads_to_the_root_and_no_other_path_does(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    leaves = [bytes([number]) * 32 for number in range(size)]
    prover = Prover([index])
    for leaf in leaves:
        prover.add(leaf)
    root, ways = prover.finish()
    path = list(ways[index])
    assert leads_to(leaves[index], index, size, path) == root
    assert _root(leaves[(index + 1) % size] if size > 1 else b"x", index, size, path) != root
    for wrong in ([*path, bytes(32)], path[:-1], [bytes(32), *path[1:]]):
        assert wrong == path or _root(leaves[index], index, size, wrong) != root
    for elsewhere in {index - 1, index + 1, size - 1} - {index}:
        if 0 <= elsewhere < size:
            assert _root(leaves[index], elsewhere, size, path) != root


def _root(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    try:
        return leads_to(leaf, index, size, path)
    except verifier.Wrong:
        return b""


def test_it_is_written_for_python_3_8_and_needs_nothing_else() -> None:
    tree = ast.parse(Path(verifier.__file__).read_text("utf-8"), feature_version=(3, 8))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported <= sys.stdlib_module_names
