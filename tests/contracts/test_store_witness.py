"""Checkpoints of a store: signed in order, kept where they belong, and what a cut or exchanged log meets."""

import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from store import chain
from store.database import SqlStore, open_store
from store.events import FeedId, FeedQuiet, Position
from store.hearing import Hearing
from store.merkle import Tree
from store.note import Checkpoint, PublicKey, opened
from store.ports import StoreUnavailable, TreeHead
from store.verify import verify
from store.witness import EVERY, Witness, checkpoint_file, key_file, open_witness


def append(store: SqlStore, now: datetime, count: int) -> None:
    quiet = [FeedQuiet(FeedId("a"), now, str(number)) for number in range(count)]
    store.write(lambda tx: tx.log.append("feed:a", quiet, now=now + timedelta(seconds=1))).result()


def sign(store: SqlStore, witness: Witness) -> TreeHead:
    head = store.write(witness.sign).result()
    assert head is not None
    witness.publish(head)
    return head


def checkpoint(head: TreeHead) -> Checkpoint:
    return opened(head.note, PublicKey.read(head.key))


def verdicts(store: SqlStore, *heads: TreeHead) -> list[str]:
    points = [checkpoint(head) for head in heads]
    hearing = Hearing(points)
    report = verify(store, hear=hearing.hear)
    return [hearing.verdict(point, whole=report.ok) for point in points]


def owner_of_the_disk(store: SqlStore) -> sqlite3.Connection:
    """Somebody for whom no trigger holds."""
    database = sqlite3.connect(store.path, isolation_level=None)
    for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        database.execute(f"DROP TRIGGER {name}")
    return database


def chain_anew(database: sqlite3.Connection) -> None:
    previous = chain.GENESIS
    for *columns, _ in database.execute("SELECT * FROM events ORDER BY position").fetchall():
        previous = chain.link(previous, chain.leaf(*columns))
        database.execute("UPDATE events SET hash = ? WHERE position = ?", (previous, columns[0]))


def test_a_checkpoint_grows_with_the_log_and_is_the_tree_of_its_leaves(store: SqlStore, now: datetime) -> None:
    witness = open_witness(store)
    heads = []
    for count in (1, 2, 5, 17):
        append(store, now, count)
        heads.append(sign(store, witness))
    assert [head.size for head in heads] == [1, 3, 8, 25]
    tree = Tree()
    verify(store, hear=tree.add)
    assert checkpoint(heads[-1]).root == tree.root()
    assert verdicts(store, *heads) == ["holds"] * 4


def test_what_is_signed_already_is_not_signed_again(store: SqlStore, now: datetime) -> None:
    witness = open_witness(store)
    assert store.write(witness.sign).result() is None  # nothing to sign
    append(store, now, 3)
    assert sign(store, witness) == sign(store, witness)
    assert not witness.is_behind(store)
    append(store, now, EVERY - 4)
    assert store.write(witness.sign_when_due).result() is None
    append(store, now, 4)
    due = store.write(witness.sign_when_due).result()
    assert due is not None
    assert due.size == EVERY + 3


def test_a_long_log_that_nobody_signed_is_signed_in_steps(
    store: SqlStore, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.witness._AT_ONCE", 10)
    append(store, now, 35)
    witness = open_witness(store)
    before = store.commits
    witness.catch_up(store)
    assert store.commits - before == 3
    assert sign(store, witness).size == 35
    with store.read() as tx:
        first = tx.tree_heads.covering(Position(1))
        assert first is not None
        assert first.size == 10


def test_nothing_changes_or_removes_what_was_signed(store: SqlStore, now: datetime) -> None:
    append(store, now, 3)
    sign(store, open_witness(store))
    with closing(sqlite3.connect(store.path)) as database:
        for statement in (
            "UPDATE tree_heads SET note = ''",
            "DELETE FROM tree_heads",
            "INSERT OR REPLACE INTO tree_heads SELECT * FROM tree_heads",
            "INSERT INTO tree_heads SELECT 2, key, size, hash, peaks, note FROM tree_heads",
            "INSERT INTO tree_heads SELECT 2, key, 4, hash, peaks, note FROM tree_heads",
        ):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                database.execute(statement)


def test_the_key_is_its_owners_alone_is_found_again_and_lies_in_no_backup(store: SqlStore, now: datetime) -> None:
    first = open_witness(store)
    assert key_file(store.path).stat().st_mode & 0o777 == 0o600
    assert open_witness(store).signer.key == first.signer.key
    append(store, now, 1)
    sign(store, first)
    secret = key_file(store.path).read_text().strip().split("+", 4)[-1]
    assert secret.encode() not in store.path.read_bytes()


def test_a_hundred_keys_come_back_from_their_files(tmp_path: Path, empty_store: Path) -> None:
    """Base64 holds a plus now and then, as the form around it does."""
    shutil.copy(empty_store, tmp_path / "store.db")
    with open_store(f"sqlite:///{tmp_path / 'store.db'}", read_only=True) as store:
        for _ in range(100):
            made = open_witness(store).signer.key
            assert open_witness(store).signer.key == made
            key_file(store.path).unlink()


@pytest.mark.parametrize("said", ["", "PRIVATE+KEY+x+1+AQ==", "\xff", "nothing of that kind"])
def test_a_key_file_that_holds_none_is_named_and_left(store: SqlStore, said: str) -> None:
    key_file(store.path).write_text(said, encoding="latin-1")
    with pytest.raises(StoreUnavailable, match=r"store\.db\.key"):
        open_witness(store)
    assert key_file(store.path).read_text(encoding="latin-1") == said


@pytest.mark.parametrize(
    "cuts", [(1, 2, 10, 11, 57, 200), pytest.param(range(1, 201), marks=pytest.mark.long)], ids=["some", "all"]
)
def test_a_tail_that_is_cut_is_contradicted_by_every_checkpoint_that_covered_it(
    store: SqlStore, now: datetime, cuts: Sequence[int]
) -> None:
    witness, heads = open_witness(store), []
    for _ in range(20):
        append(store, now, 11)
        heads.append(sign(store, witness))
    with closing(owner_of_the_disk(store)) as database:
        for cut in cuts:
            database.execute("DELETE FROM events WHERE position > ?", (220 - cut,))
            assert verify(store).ok  # the chain alone knows nothing of it
            found = verdicts(store, *heads)
            assert found == ["holds" if head.size <= 220 - cut else "cut" for head in heads]


def test_a_log_that_is_written_anew_is_contradicted_though_its_chain_holds(store: SqlStore, now: datetime) -> None:
    witness = open_witness(store)
    append(store, now, 9)
    early = sign(store, witness)
    append(store, now, 9)
    late = sign(store, witness)
    with closing(owner_of_the_disk(store)) as database:
        database.execute("UPDATE events SET subject = 'b' WHERE position = 12")
        chain_anew(database)
    assert verify(store).ok
    assert verdicts(store, early, late) == ["holds", "rewritten"]
    assert store.write(witness.sign).result() is None  # one name never signs two stories


def test_where_the_chain_breaks_nothing_is_said_of_what_lies_behind(store: SqlStore, now: datetime) -> None:
    append(store, now, 5)
    early = sign(store, witness := open_witness(store))
    append(store, now, 5)
    late = sign(store, witness)
    with closing(owner_of_the_disk(store)) as database:
        database.execute("UPDATE events SET subject = 'b' WHERE position = 8")
    assert verdicts(store, early, late) == ["holds", "unread"]


def test_an_older_copy_put_back_beside_its_key_goes_on_under_another_name(
    store_url: str, tmp_path: Path, now: datetime
) -> None:
    with open_store(store_url, migrate=True) as store:
        append(store, now, 3)
        first = open_witness(store)
        sign(store, first)
        path = store.path
    shutil.copy(path, tmp_path / "copy.db")
    with open_store(store_url, migrate=True) as store:
        append(store, now, 3)
        sign(store, open_witness(store))
        assert open_witness(store).put_aside is None
    shutil.copy(tmp_path / "copy.db", path)
    with open_store(store_url, migrate=True) as store:
        second = open_witness(store)
        assert second.signer.key.name != first.signer.key.name
        assert second.put_aside == path.with_name("store.db.key.before-1")
        assert not checkpoint_file(path).exists()
        append(store, now, 1)
        assert sign(store, second).size == 4
        with store.read() as tx:
            assert [head.size for head in tx.tree_heads.newest()] == [3, 4]
        assert open_witness(store).put_aside is None


def test_a_cut_log_goes_on_under_another_name(store: SqlStore, now: datetime) -> None:
    append(store, now, 5)
    sign(store, open_witness(store))
    checkpoint_file(store.path).unlink()
    with closing(owner_of_the_disk(store)) as database:
        database.execute("DELETE FROM events WHERE position > 3")
    assert open_witness(store).put_aside is not None


def test_what_a_power_cut_leaves_of_the_newest_checkpoint_is_no_reason_for_another_name(
    store: SqlStore, now: datetime
) -> None:
    append(store, now, 5)
    sign(store, open_witness(store))
    for left in (b"", b"\0" * 200, b"half of a not"):
        checkpoint_file(store.path).write_bytes(left)
        assert open_witness(store).put_aside is None
