"""Checkpoints as signed notes: the published formats, and everything that is not to be believed."""

import base64

import pytest

from aggregator.evidence.kept import note_in
from alerts.mime import coded_header
from store.note import Checkpoint, Forged, PublicKey, opened, signed
from store.witness import Signer

SIGNER = Signer(bytes(32))
POINT = Checkpoint(SIGNER.key.name, 41, bytes(range(32)))
NOTE = signed(POINT, SIGNER)


def test_the_example_of_the_specification_is_read() -> None:
    """The key and the note that Go's checksum database publishes (golang.org/x/mod/sumdb/note)."""
    key = PublicKey.read("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    text = (
        "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
        "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    )
    with pytest.raises(Forged, match="no checkpoint"):  # the signature holds; what it signs is a joke
        opened(text, key)
    with pytest.raises(Forged, match="signature"):
        opened(text.replace("answer", "Answer"), key)


def test_a_note_is_three_lines_and_a_signature() -> None:
    origin, size, root, gap, signature, end = NOTE.split("\n")
    assert (origin, size, root, gap, end) == (SIGNER.key.name, "41", base64.b64encode(POINT.root).decode(), "", "")
    assert signature.startswith(f"— {SIGNER.key.name} ")
    assert opened(NOTE, SIGNER.key) == POINT


def test_a_public_key_comes_back_from_its_text_and_a_slip_in_it_is_seen() -> None:
    text = str(SIGNER.key)
    assert PublicKey.read(f" {text}\n") == SIGNER.key
    for wrong in (text[:-2], text.replace("+", "-"), "", text[1:], text.replace(SIGNER.key.id.hex(), "00000000")):
        with pytest.raises(ValueError, match="public key"):
            PublicKey.read(wrong)


@pytest.mark.parametrize("at", range(0, len(NOTE), 3))
def test_no_other_character_stands_anywhere_in_it(at: int) -> None:
    other = NOTE[:at] + chr(ord(NOTE[at]) ^ 1) + NOTE[at + 1 :]
    try:
        found = opened(other, SIGNER.key)
    except Forged:
        return
    assert found == POINT  # the last bits of base64 stand for nothing


def test_of_another_key_nothing_is_believed() -> None:
    other = Signer(b"1" * 32)
    with pytest.raises(Forged, match="not signed by"):
        opened(NOTE, other.key)
    with pytest.raises(Forged, match="not of the key"):
        opened(signed(POINT, Impostor(SIGNER.key, other)), SIGNER.key)


class Impostor:
    """Names one key and signs with another."""

    def __init__(self, key: PublicKey, other: Signer) -> None:
        self.key, self._other = key, other

    def sign(self, text: bytes) -> bytes:
        return self._other.sign(text)


def test_signatures_of_others_beside_ours_are_passed_over() -> None:
    other = signed(POINT, Signer(b"2" * 32)).rpartition("\n\n")[2]
    assert opened(NOTE + other, SIGNER.key) == POINT
    assert opened(NOTE.replace("\n\n", "\n\n" + other), SIGNER.key) == POINT


@pytest.mark.parametrize("text", ["", "x", "\n\n", "a\n\nb\n", "a\n1\nb\n\n— k !\n", NOTE[:-80], NOTE.split("\n\n")[0]])
def test_what_is_no_note_is_said_to_be_none(text: str) -> None:
    with pytest.raises(Forged):
        opened(text, SIGNER.key)


def test_a_checkpoint_is_found_in_what_carried_it() -> None:
    ((name, value),) = coded_header("X-Feedwitness-Checkpoint", NOTE)
    mail = f"Subject: x\r\n{name}: {value}\r\n\r\nbody\r\n".encode()
    webhook = b'{"data":{"evidence":{"checkpoint":"' + NOTE.replace("\n", "\\n").encode() + b'"}}}'
    assert {note_in(data) for data in (NOTE.encode(), mail, webhook, NOTE.replace("\n", "\r\n").encode())} == {NOTE}
    for other in (
        b"",
        b"{}",
        b"{",
        b"[1]",
        b"Subject: x\r\n\r\nb",
        b'{"data":{"evidence":{"checkpoint":null}}}',
        b"\xff",
    ):
        assert note_in(other) == ""
