"""Checkpoints as text that is signed: C2SP signed-note and tlog-checkpoint, with Ed25519. Pure.

A checkpoint says how large the log was and what its Merkle root was then; whoever kept one can tell a log that was cut
or rewritten from the one that was signed. In and out goes the text of the note; `Forged` says why one is not to be
believed. The formats are published in docs/log-format.md.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

_ED25519 = b"\1"
_SIGNATURE = re.compile(r"— (\S+) ([A-Za-z0-9+/]+={0,2})")
_NAME = re.compile(r"[^\s+]+")
_SIZE = re.compile(r"0|[1-9][0-9]{0,17}")
_LONGEST = 100_000


class Forged(ValueError):
    """The note is none, or is not what the key signed; the message says which."""


class Signs(Protocol):
    """The private half of a key."""

    @property
    def key(self) -> "PublicKey":
        """The public half."""
        ...

    def sign(self, text: bytes) -> bytes:
        """The 64 bytes of an Ed25519 signature."""
        ...


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that checks signatures; as text `NAME+ID+KEY`, as C2SP and Go's `note` package write it."""

    name: str
    raw: bytes

    @property
    def id(self) -> bytes:
        """Four bytes that tell keys of one name apart; no proof of anything."""
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.raw).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(_ED25519 + self.raw).decode()}"

    @classmethod
    def read(cls, text: str) -> "PublicKey":
        """The key that this text is; ValueError when it is none, or was copied wrongly."""
        name, _, rest = text.strip().partition("+")
        number, _, coded = rest.partition("+")
        try:
            raw = base64.b64decode(coded, validate=True)
        except binascii.Error:
            raw = b""
        if not _NAME.fullmatch(name) or raw[:1] != _ED25519 or len(raw) != 33:
            msg = "not a public key like NAME+1a2b3c4d+AbCd…: `feedwitness verify` shows the record's own"
            raise ValueError(msg)
        if (key := cls(name, raw[1:])).id.hex() != number:
            msg = "a public key with a slip in it: its parts do not belong together"
            raise ValueError(msg)
        return key

    def made(self, signature: bytes, text: bytes) -> bool:
        """Whether this signature of this text is of this key."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, text)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What was signed: the log that calls itself `origin` had `size` events, and this was their root."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The text under the signature."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def signed(checkpoint: Checkpoint, signer: Signs) -> str:
    """The note: the checkpoint with its signature."""
    text, key = checkpoint.text(), signer.key
    signature = base64.b64encode(key.id + signer.sign(text.encode())).decode()
    return f"{text}\n— {key.name} {signature}\n"


def signers(note: str) -> frozenset[str]:
    """The names under which the note is signed, whoever signed it."""
    return frozenset(name for name, _ in _SIGNATURE.findall(note))


def opened(note: str, key: PublicKey) -> Checkpoint:
    """The checkpoint that this key signed; `Forged` if it did not. Signatures of other keys are passed over."""
    head, gap, tail = note[:_LONGEST].rpartition("\n\n")
    if not gap:
        raise Forged("it is no signed note")
    text, ours = f"{head}\n", False
    for line in tail.splitlines():
        if (found := _SIGNATURE.fullmatch(line)) is None:
            raise Forged("a line under it is no signature")
        try:
            raw = base64.b64decode(found[2], validate=True)
        except binascii.Error:
            raise Forged("a line under it is no signature") from None
        if (found[1], raw[:4]) == (key.name, key.id):
            if not key.made(raw[4:], text.encode()):
                raise Forged("its signature is not of the key that it names")
            ours = True
    if not ours:
        raise Forged(f"it is not signed by {key.name}")
    return _read(text)


def _read(text: str) -> Checkpoint:
    origin, size, root, *_ = [*text.split("\n"), "", "", ""]
    try:
        raw = base64.b64decode(root, validate=True)
    except binascii.Error:
        raw = b""
    if not origin or not _SIZE.fullmatch(size) or len(raw) != 32:
        raise Forged("what is signed is no checkpoint")
    return Checkpoint(origin, int(size), raw)
