"""Signs what the log was: the key of a store, in a file beside it, and its newest checkpoint, to be kept elsewhere.

The key lies in `DATABASE.key` for its owner alone, made when there is none, and is in no backup of the database: a copy
that is restored without it goes on under another key, and says so by that. One that is restored beside its key is
recognised by `DATABASE.checkpoint`, the last that was signed here: a log that has never heard of it was cut, restored
or exchanged, and must not be signed as if it were the same. Then the key is put aside under another name, and a new one
made. Raises `StoreUnavailable` where the files cannot be written.
"""

import base64
import os
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from store.note import Forged, PublicKey, opened
from store.ports import Store, StoreUnavailable, Transaction, TreeHead

if TYPE_CHECKING:
    from store.database import SqlStore

EVERY = 1000
"""So many events after the last checkpoint a new one is due, also where nobody was alerted."""
_AT_ONCE = 20_000  # events that one transaction hashes: the writer is busy for a fifth of a second
_PREFIX = "PRIVATE+KEY"


class Signer:
    """A private key under a name of its own: `feedwitness/log/` and sixteen hex digits of the public key's SHA-256."""

    def __init__(self, seed: bytes) -> None:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        raw = self._private.public_key().public_bytes_raw()
        self.key = PublicKey(f"feedwitness/log/{sha256(raw).hexdigest()[:16]}", raw)

    def sign(self, text: bytes) -> bytes:
        """The 64 bytes of the signature."""
        return self._private.sign(text)


class Witness:
    """The signer of one open store. `sign` is for a transaction, `publish` for when that is durable.

    `put_aside`: where the key went that did not fit the log, None where the key is the one that was there or the first.
    """

    def __init__(self, signer: Signer, newest: Path, put_aside: Path | None = None) -> None:
        self.signer = signer
        self.put_aside = put_aside
        self._newest = newest
        self._size = 0

    def sign(self, tx: Transaction) -> TreeHead | None:
        """Sign the log as this transaction sees it; see `store.ports.TreeHeads.sign`."""
        head = tx.tree_heads.sign(self.signer)
        self._size = head.size if head else 0
        return head

    def sign_when_due(self, tx: Transaction) -> TreeHead | None:
        """The same, if so many events were recorded since it was signed last."""
        return self.sign(tx) if tx.log.head().position - self._size >= EVERY else None

    def is_behind(self, store: Store) -> bool:
        """Whether the log has events that this key has not signed."""
        with store.read() as tx:
            return tx.log.head().position > self._signed(tx)

    def _signed(self, tx: Transaction) -> int:
        return max((head.size for head in tx.tree_heads.newest() if head.key == str(self.signer.key)), default=0)

    def publish(self, head: TreeHead) -> None:
        """Leave the checkpoint beside the store. A disk that does not take it costs nothing but the copy."""
        part = self._newest.with_name(f"{self._newest.name}.{os.getpid()}.part")
        with suppress(OSError):
            part.write_text(head.note, encoding="utf-8")
            part.replace(self._newest)

    def published(self) -> str:
        """The checkpoint of this key that lies beside the store, "" where none does."""
        try:
            newest = self._newest.read_text(encoding="utf-8")
            opened(newest, self.signer.key)
        except (OSError, UnicodeError, Forged):
            return ""
        return newest

    def catch_up(self, store: Store) -> None:
        """Sign a log that nobody has signed for long, in steps, so that others can write between them."""
        while True:
            with store.read() as tx:
                behind = tx.log.head().position - self._signed(tx)
            if behind <= _AT_ONCE or not store.write(lambda tx: tx.tree_heads.sign(self.signer, _AT_ONCE)).result():
                return


def key_file(database: Path) -> Path:
    """Where the key of a store lies."""
    return database.with_name(f"{database.name}.key")


def checkpoint_file(database: Path) -> Path:
    """Where its newest checkpoint lies."""
    return database.with_name(f"{database.name}.checkpoint")


def open_witness(store: "SqlStore") -> Witness:
    """The witness of a store, for the process that holds its lock. A key is made if there is none that fits the log."""
    database = store.path
    witness, aside = find_witness(database), None
    if witness is not None:
        with store.read() as tx:
            if not tx.tree_heads.contradicts(str(witness.signer.key), witness.published()):
                return witness
        aside = _put_aside(database)
    seed = os.urandom(32)
    _make(key_file(database), seed)
    return Witness(Signer(seed), checkpoint_file(database), aside)


def find_witness(database: Path) -> Witness | None:
    """The witness of a store whose key is there; None where none was made yet."""
    path = key_file(database)
    try:
        text = path.read_text(encoding="ascii")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeError) as error:
        msg = f"the signing key {path} cannot be read ({error}): run as the account that owns the record"
        raise StoreUnavailable("store_away", msg) from error
    return Witness(Signer(_seed(path, text)), checkpoint_file(database))


def _seed(path: Path, text: str) -> bytes:
    coded = text.strip().removeprefix(f"{_PREFIX}+").split("+", 2)[-1]  # its base64 may hold a plus too
    with suppress(ValueError):
        seed = base64.b64decode(coded, validate=True)[1:]
        if len(seed) == 32 and text.strip() == _written(seed):
            return seed
    msg = f"{path} holds no signing key: bring back the file that was there, or move it away and a new key is made"
    raise StoreUnavailable("store_away", msg)


def _written(seed: bytes) -> str:
    """A private key as Go's `note` package writes it."""
    key = Signer(seed).key
    return f"{_PREFIX}+{key.name}+{key.id.hex()}+{base64.b64encode(bytes((1,)) + seed).decode()}"


def _make(path: Path, seed: bytes) -> None:
    """Write the key, synced, under its name at last: a start that is broken off leaves no half of one."""
    part = path.with_name(f"{path.name}.part")
    try:
        part.unlink(missing_ok=True)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(_written(seed) + "\n")
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
    except OSError as error:
        msg = f"the signing key {path} cannot be made: {error.strerror}"
        raise StoreUnavailable("store_away", msg) from error


def _put_aside(database: Path) -> Path:
    """Keep the key under another name; its last checkpoint is no word about this log any more."""
    path, number = key_file(database), 1
    while (aside := path.with_name(f"{path.name}.before-{number}")).exists():
        number += 1
    try:
        path.rename(aside)
        checkpoint_file(database).unlink(missing_ok=True)
    except OSError as error:
        msg = f"the signing key {path} does not fit this record and cannot be put aside: {error.strerror}"
        raise StoreUnavailable("store_away", msg) from error
    return aside
