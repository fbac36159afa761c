"""Evidence of one statement: its own checker, in a bare Python, believes it, and not once a byte of it was changed."""

import base64
import gzip
import hashlib
import io
import json
import random
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aggregator.evidence import bundle, tsp, verifier
from aggregator.evidence.dossier import Dossier, gather
from aggregator.evidence.members import members
from aggregator.evidence.outside import Outside, Timestamp
from aggregator.evidence.timestamp import checked
from store.codec import about_to_text
from store.database import SqlStore, open_store
from store.engine import connect
from store.events import (
    About,
    CaptureDigest,
    Content,
    FeedId,
    FeedQuiet,
    ItemCompleted,
    ItemId,
    ItemPublished,
    ItemReextracted,
    ItemRevised,
    Key,
    PageFace,
    TextErased,
)
from store.ports import Capture, StoreError, Transaction
from store.proof import Unproven
from store.witness import open_witness
from tests.shell.authority import Authority, needs_openssl

NOW = datetime(2026, 11, 21, 20, 0, 0, 123456, tzinfo=UTC)
ITEM, FEED = ItemId("ministry/abc"), FeedId("ministry")
BODIES = (b"<rss>first \xff\0</rss>", "<rss>второй\r\n\r\nWARC/1.1</rss>".encode())
WORDS = (("Aid for Syria", "The convoy carried 12 <tonnes>."), ("Aid for Syria", "The convoy carried 120 <tonnes>."))
SOFTWARE = "feedwitness test"


def digest_of(body: bytes) -> CaptureDigest:
    return CaptureDigest(f"sha256:{hashlib.sha256(body).hexdigest()}")


def fill(tx: Transaction) -> None:
    """An item of two versions among a hundred other events."""
    for number, body in enumerate(BODIES):
        headers = (("content-type", "application/rss+xml"), ("content-encoding", "gzip"), ("content-length", "7"),
                   ("set-cookie", "session=secret"), ("x-odd", "caf\xe9"))  # fmt: skip
        url = "https://desk:secret@ministry.example/feed.xml"
        tx.captures.put(Capture(digest_of(body), FEED, url, headers, body, NOW + timedelta(minutes=number)))
    other(tx, 40)
    first, second = (content(tx, *words) for words in WORDS)
    published = ItemPublished(ITEM, FEED, (Key("k"),), first, False, False, False, "", digest_of(BODIES[0]), "p")
    tx.log.append("feed:ministry", [published], now=NOW)
    other(tx, 30)
    revised = ItemRevised(
        ITEM, FEED, (), second, "wording", ("number",), ("text",), 1, 2, None, "", digest_of(BODIES[1]), "p"
    )  # fmt: skip
    tx.log.append("feed:ministry", [revised], now=NOW + timedelta(minutes=1))
    other(tx, 30)


def other(tx: Transaction, count: int) -> None:
    tx.log.append("feed:x", [FeedQuiet(FeedId("x"), NOW, f"{number}") for number in range(count)], now=NOW)


def content(tx: Transaction, title: str, text: str) -> Content:
    about = about_to_text(About("Press Office", ("aid",), "https://ministry.example/1"))
    return Content(*(tx.texts.put(ITEM, one) for one in (title, text, about)), "m", "en", "", "", None, None)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    with open_store(f"sqlite:///{tmp_path / 'store.db'}", migrate=True) as opened:
        opened.write(fill).result()
        open_witness(opened)
        yield opened


def made(store: SqlStore) -> dict[str, bytes]:
    return members(gather(store, ITEM), SOFTWARE)


def verdict(files: Mapping[str, bytes]) -> str:
    """What the checker makes of it: "" or what is wrong."""
    try:
        for _ in verifier.checks(dict(files), ""):
            pass
    except (verifier.Wrong, *verifier.ODD, verifier.zlib.error) as wrong:
        return str(wrong) or type(wrong).__name__
    return ""


def resummed(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """With SHA256SUMS written anew: what somebody does who changes a member on purpose."""
    rest = {name: data for name, data in files.items() if name != "SHA256SUMS"}
    sums = "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(rest.items()))
    return {**rest, "SHA256SUMS": sums.encode()}


@pytest.mark.parametrize("unpacked", [False, True])
def test_its_own_checker_says_that_it_holds_in_a_bare_python(store: SqlStore, tmp_path: Path, unpacked: bool) -> None:
    file = tmp_path / "evidence.zip"
    bundle.write(bundle.packed(made(store)), file)
    key = gather(store, ITEM).head.key
    with zipfile.ZipFile(file) as opened:
        opened.extractall(tmp_path / "out")
    where = [] if unpacked else [str(file)]
    checker = [sys.executable, "-I", str(tmp_path / "out" / "verify.py"), *where]
    run = subprocess.run([*checker, "--key", key], capture_output=True, text=True, timeout=30, cwd="/", env={})
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.endswith("all of it holds\n")
    assert "2 events are in the log that was signed, at positions 41 to 72 of 102" in run.stdout
    assert "2 versions are those that were recorded" in run.stdout
    assert "2 captured documents are those" in run.stdout


def test_another_key_is_not_believed_and_no_key_is_said(
    store: SqlStore, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "evidence.zip"
    bundle.write(bundle.packed(made(store)), file)
    assert verifier.main([str(file)]) == 0
    assert "the key came with the file" in capsys.readouterr().out
    other_key = "feedwitness/log/139e3940e64b5491+0bd00690+ATtqJ7zOtqTtzYoIiN1O6bvkVAq+TJ2fVKTfxT+Ejrvb"
    assert verifier.main([str(file), "--key", other_key]) == 1
    assert verifier.main([str(file), "--key", "nonsense"]) == 1
    assert verifier.main([str(tmp_path / "none.zip")]) == 2
    assert verifier.main(["--what"]) == 2


def test_the_same_state_gives_the_same_bytes_also_after_others_wrote(store: SqlStore) -> None:
    first = bundle.packed(made(store))
    store.write(lambda tx: other(tx, 5)).result()
    assert bundle.packed(made(store)) == first


@pytest.mark.parametrize("places", [120, pytest.param(1000, marks=pytest.mark.long)])
def test_a_changed_byte_anywhere_is_found(store: SqlStore, places: int) -> None:
    files, chance = made(store), random.Random(58)
    assert verdict(files) == ""
    for _ in range(places):
        name = chance.choice(sorted(files))
        assert verdict({**files, name: one_byte_off(files[name], chance)}), name


@pytest.mark.parametrize("stride", [31, pytest.param(3, marks=pytest.mark.long)])
def test_a_byte_changed_in_the_zip_ends_in_a_verdict_whatever_it_was(
    store: SqlStore, tmp_path: Path, stride: int
) -> None:
    files, file = made(store), tmp_path / "evidence.zip"
    whole = bundle.packed(files)
    directory = whole.index(b"PK\x01\x02")
    for at in [*range(0, directory, 13 * stride), *range(directory, len(whole), stride)]:
        for bit in (0x01, 0x80):
            file.write_bytes(whole[:at] + bytes([whole[at] ^ bit]) + whole[at + 1 :])
            held = verifier.main([str(file)]) == 0
            assert not held or verifier.read(file) == files, at


@pytest.mark.parametrize("places", [60, pytest.param(1000, marks=pytest.mark.long)])
def test_who_writes_the_sums_anew_is_found_in_all_that_something_vouches_for(store: SqlStore, places: int) -> None:
    files, chance = made(store), random.Random(59)
    vouched = [name for name in files if name.startswith("versions/") or name in ("events.jsonl", "checkpoint.txt")]
    for _ in range(places):
        name = chance.choice(sorted(vouched))
        changed = one_byte_off(files[name], chance)
        assert verdict(resummed({**files, name: changed})) or same_to_a_reader(name, files[name], changed), name


def one_byte_off(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data))
    return data[:at] + bytes([data[at] ^ chance.randint(1, 255)]) + data[at + 1 :]


def same_to_a_reader(name: str, before: bytes, after: bytes) -> bool:
    """White space between JSON tokens and the case of hex digits say nothing."""
    return name == "events.jsonl" and [json.loads(line) for line in before.lower().splitlines()] == [
        json.loads(line) for line in after.lower().splitlines()
    ]


def test_what_is_left_out_or_put_in_is_found(store: SqlStore) -> None:
    files = made(store)
    for name in files:
        assert verdict({other: data for other, data in files.items() if other != name}), name
    assert "does not name" in verdict({**files, "more.txt": b"x"})
    for name in files.keys() - {"README.txt", "verify.py", "history.json", "SHA256SUMS", "key.txt"}:
        if not name.startswith("diffs/"):
            less = resummed({other: data for other, data in files.items() if other != name})
            assert "is missing" in verdict(less), name
    first, last = files["events.jsonl"].splitlines(keepends=True)
    assert "version of the item is missing" in verdict(resummed({**files, "events.jsonl": last}))
    assert verdict(resummed({**files, "events.jsonl": last + first}))
    assert verdict(resummed({**files, "events.jsonl": b""}))


def test_a_signature_of_nobody_is_not_believed(store: SqlStore) -> None:
    files = made(store)
    text, _, signature = files["checkpoint.txt"].decode().rpartition(" ")
    raw = base64.b64decode(signature)
    for at in (4, 20, 35, 36, 50, 66):
        forged = base64.b64encode(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]).decode()
        changed = {**files, "checkpoint.txt": f"{text} {forged}\n".encode()}
        assert "not of that key" in verdict(resummed(changed))


def test_a_document_that_no_event_names_is_found(store: SqlStore) -> None:
    from aggregator.evidence.warc import archive

    forged = [replace(one, body=b"forged", digest=digest_of(b"forged")) for one in gather(store, ITEM).captures]
    files = made(store)
    assert "no event names" in verdict(resummed({**files, "captures.warc.gz": archive(forged, SOFTWARE)}))


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("versions/3/text.txt", b"The convoy never left.", "words that no event knows"),
        ("versions/1/text.html", b"<p>The convoy never left.</p>", "words that no event knows"),
        ("statement.pdf", b"%PDF-1.7", "no part of evidence"),
        ("diffs/2-3.pdf", b"%PDF-1.7", "no part of evidence"),
    ],
)
def test_what_is_put_beside_the_rest_is_found_though_the_sums_name_it(
    store: SqlStore, name: str, data: bytes, why: str
) -> None:
    assert why in verdict(resummed({**made(store), name: data}))


def read_again(tx: Transaction) -> None:
    """Its page is read, edited, and read otherwise by a later extractor."""
    shown = ("A page of 7 words.", "A page of 70 words.", "A page of 70 words!")
    first, edited, better = (
        replace(content(tx, *WORDS[1]), page=PageFace(tx.texts.put(ITEM, text), digest_of(BODIES[1]), f"x{number}"))
        for number, text in enumerate(shown)
    )
    page = digest_of(BODIES[1])
    tx.log.append("feed:ministry", [
        ItemCompleted(ITEM, FEED, first, 2, "", page, "x0"),
        ItemRevised(ITEM, FEED, (), edited, "wording", (), ("page",), 2, 3, None, "", page, "x1"),
        ItemReextracted(ITEM, FEED, better, 3, ("page",), page, "x2", "x1"),
    ], now=NOW + timedelta(minutes=2))  # fmt: skip


def test_what_its_page_said_is_there_as_it_was_known_at_each_time(store: SqlStore) -> None:
    store.write(read_again).result()
    files = made(store)
    assert verdict(files) == ""
    pages = {name: data.decode() for name, data in files.items() if name.endswith("/page.txt")}
    assert pages == {
        "versions/2/read-103/page.txt": "A page of 7 words.",
        "versions/3/page.txt": "A page of 70 words.",
        "versions/3/read-105/page.txt": "A page of 70 words!",
    }
    assert "A page of [-7-]{+70+} words." in files["diffs/2-3.txt"].decode()
    assert gather(store, ITEM).versions.keys() == {1, 2, 3}
    for name in pages:
        assert "not what was recorded" in verdict(resummed({**files, name: files[name].replace(b"7", b"8")}))
        assert "is missing" in verdict(resummed({other: data for other, data in files.items() if other != name}))


def test_what_is_recorded_while_evidence_is_made_is_left_for_the_next(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, views = made(store), store.views
    with monkeypatch.context() as patch:
        patch.setattr(store, "views", lambda: store.write(read_again).result() or views())
        assert made(store) == before
    assert made(store) != before


@pytest.mark.parametrize("taken", [1, 2, 15])
def test_letters_of_the_salt_do_not_pass_for_letters_of_the_words(store: SqlStore, taken: int) -> None:
    files = made(store)
    salt = bytes.fromhex(files["versions/salt.txt"].decode())
    shifted = {
        name: salt[-taken:] + data if name.startswith("versions/") else data for name, data in files.items()
    } | {"versions/salt.txt": salt[:-taken].hex().encode() + b"\n"}  # fmt: skip
    assert "holds no salt" in verdict(resummed(shifted))


def test_an_event_that_could_be_read_in_two_ways_is_found(store: SqlStore) -> None:
    files = made(store)
    doubled = files["events.jsonl"].replace(b'{"position":', b'{"kind":"item.withdrawn/1","position":', 1)
    assert "two fields of one name" in verdict(resummed({**files, "events.jsonl": doubled}))


def test_a_record_that_is_no_document_of_an_event_is_found_in_the_archive(store: SqlStore) -> None:
    files = made(store)
    archive = gzip.decompress(files["captures.warc.gz"])
    (start, *_) = [place.start() for place in re.finditer(rb"WARC/1\.1\r\nWARC-Type: response", archive)]
    record = archive[start:].replace(b"WARC-Type: response", b"WARC-Type: resource", 1)
    assert "nothing vouches" in verdict(resummed({**files, "captures.warc.gz": gzip.compress(archive + record)}))
    twice = archive.replace(b"WARC-Type: response", b"WARC-Type: conversion\r\nWARC-Type: response", 1)
    assert "two headers of one name" in verdict(resummed({**files, "captures.warc.gz": gzip.compress(twice)}))


# --- a timestamp in it ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.made(tmp_path_factory.mktemp("tsa") / "of", kind="ec")


def stamped(store: SqlStore, authority: Authority, over: bytes = b"") -> dict[str, bytes]:
    """Evidence with a timestamp of its checkpoint, or of something else."""
    dossier = gather(store, ITEM)
    digest = hashlib.sha256(over or dossier.head.note.encode()).digest()
    answer = authority.reply(tsp.query(digest, 7))
    stamp = checked(answer, "http://tsa.example/", digest, 7, [])
    assert isinstance(stamp, Timestamp)
    return members(dossier, SOFTWARE, Outside(timestamp=stamp))


@needs_openssl
def test_the_checker_and_openssl_say_of_a_timestamp_what_it_covers(store: SqlStore, authority: Authority) -> None:
    files = stamped(store, authority)
    assert verdict(files) == ""
    *_, last = verifier.checks(files, "")
    assert last == "timestamp.tsr is a timestamp of checkpoint.txt"
    assert authority.believes(files["checkpoint.txt"], files["timestamp.tsr"])
    told = files["README.txt"].decode()
    _, stated = verifier.stamped(files["timestamp.tsr"])
    (moment,) = re.findall(r"states (\S+ \S+ UTC)\.", stated)
    assert f"checkpoint.txt existed by {moment}, says a timestamp authority" in told
    assert "http://tsa.example/" in told
    assert "openssl ts -verify -data checkpoint.txt -in timestamp.tsr -CAfile ../CA.pem" in told


@needs_openssl
def test_a_timestamp_of_something_else_is_found_also_with_the_sums_written_anew(
    store: SqlStore, authority: Authority
) -> None:
    other = stamped(store, authority, over=b"another checkpoint")
    assert "something else than checkpoint.txt" in verdict(other)
    answer = stamped(store, authority)["timestamp.tsr"]
    for spoiled in (b"", b"x", answer[:40], answer[:300], bytes(100), answer.replace(b"Z", b"z")):
        assert verdict(resummed({**other, "timestamp.tsr": spoiled})), spoiled


@needs_openssl
def test_a_byte_changed_in_a_timestamp_is_found_by_the_sums_and_without_them_by_openssl(
    store: SqlStore, authority: Authority
) -> None:
    files = stamped(store, authority)
    stamp, believed = files["timestamp.tsr"], []
    for at in range(0, len(stamp), 13):
        changed = stamp[:at] + bytes([stamp[at] ^ 1]) + stamp[at + 1 :]
        assert verdict({**files, "timestamp.tsr": changed}), at
        if verdict(resummed({**files, "timestamp.tsr": changed})) == "":
            believed += [at] if authority.believes(files["checkpoint.txt"], changed) else []
    assert len(believed) < 4, f"more than versions and a NULL: {believed}"


# --- the archive, read by a parser of its own -------------------------------------------------------------------------


def records(data: bytes) -> Iterator[tuple[dict[str, str], bytes]]:
    """WARC/1.1, strictly: a gzip member for each record, and nothing between them."""
    rest = io.BytesIO(data)
    while rest.tell() < len(data):
        start = rest.tell()
        decoder = gzip.zlib.decompressobj(31)
        plain = decoder.decompress(data[start:]) + decoder.flush()
        rest.seek(len(data) - len(decoder.unused_data))
        head, gap, block = plain.partition(b"\r\n\r\n")
        version, *lines = head.decode("ascii").split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        assert (version, gap) == ("WARC/1.1", b"\r\n\r\n")
        assert block[int(headers["Content-Length"]) :] == b"\r\n\r\n"
        yield headers, block[:-4]


def test_the_archive_is_warc_with_each_document_as_it_was_received(store: SqlStore) -> None:
    (about, info), *responses = records(made(store)["captures.warc.gz"])
    assert about["WARC-Type"] == "warcinfo"
    assert b"software: feedwitness test\r\n" in info
    for body, number, (headers, block) in zip(BODIES, range(2), responses, strict=True):
        head, _, payload = block.partition(b"\r\n\r\n")
        assert payload == body
        assert headers["WARC-Payload-Digest"] == digest_of(body)
        assert headers["WARC-Block-Digest"] == digest_of(block)
        assert headers["WARC-Target-URI"] == "https://ministry.example/feed.xml"
        assert headers["WARC-Date"] == f"2026-11-21T20:0{number}:00.123456Z"
        assert headers["Content-Type"] == "application/http;msgtype=response"
        said = head.decode("latin-1").split("\r\n")
        assert said[0] == "HTTP/1.1 200 OK"
        assert said[-1] == f"content-length: {len(body)}"
        assert "x-orig-content-encoding: gzip" in said
        assert "x-odd: caf\xe9" in said
        assert "secret" not in str(block) + str(headers)
    names = [headers["WARC-Record-ID"] for headers, _ in [(about, info), *responses]]
    assert len(set(names)) == 3


# --- what is not there any more ---------------------------------------------------------------------------------------


def test_a_document_that_is_not_kept_any_more_is_named(store: SqlStore) -> None:
    store.write(lambda tx: tx.captures.prune(NOW + timedelta(seconds=30))).result()
    files = made(store)
    assert verdict(files) == ""
    assert digest_of(BODIES[0]).encode() in files["README.txt"]
    assert digest_of(BODIES[1]).encode() not in files["README.txt"]


def test_of_an_erased_statement_there_is_the_fact_and_no_word(store: SqlStore) -> None:
    def erase(tx: Transaction) -> None:
        tx.log.append("feed:ministry", [TextErased(ITEM, "clerk", "court order")], now=NOW + timedelta(hours=1))
        tx.erasure.erase(ITEM, [digest_of(body) for body in BODIES])

    store.write(erase).result()
    files = made(store)
    assert verdict(files) == ""
    whole = b"".join(data for name, data in files.items() if not name.endswith(".gz"))
    assert b"court order" in whole
    assert b"convoy" not in whole
    assert b"Press Office" not in whole
    assert [name for name in files if name.startswith(("versions/", "diffs/"))] == []
    assert len(list(records(files["captures.warc.gz"]))) == 1


# --- what is refused --------------------------------------------------------------------------------------------------


def test_of_a_log_that_was_changed_there_is_no_evidence(store: SqlStore) -> None:
    gather(store, ITEM)  # signed
    with closing(connect(store.path, read_only=False)) as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {name}")
        database.execute("UPDATE events SET kind = 'feed.gone/1' WHERE position = 90")
    with pytest.raises(Unproven, match="position 90"):
        gather(store, ITEM)


def test_without_a_key_nothing_is_made_up(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path / 'store.db'}", migrate=True) as store:
        store.write(fill).result()
        with pytest.raises(StoreError, match="nothing was signed yet"):
            gather(store, ITEM)


def test_no_file_is_written_over_and_none_is_left_half(tmp_path: Path) -> None:
    there = tmp_path / "there.zip"
    there.write_bytes(b"mine")
    for place in (there, tmp_path, tmp_path / "no" / "e.zip"):
        with pytest.raises(bundle.BundleRefused, match="give another FILE"):
            bundle.refuse(place)
    with pytest.raises(bundle.BundleRefused, match="meanwhile"):
        bundle.write(b"x", there)
    assert there.read_bytes() == b"mine"
    assert list(tmp_path.iterdir()) == [there]


def test_diffs_are_marked_escaped_and_load_nothing(store: SqlStore) -> None:
    files = made(store)
    assert "carried [-12-]{+120+} <tonnes>" in files["diffs/1-2.txt"].decode()
    page = files["diffs/1-2.html"].decode()
    assert "<del>12</del><ins>120</ins> &lt;tonnes&gt;" in page
    assert "src=" not in page
    assert "default-src 'none'" in page


def test_a_dossier_has_all_versions(store: SqlStore) -> None:
    dossier: Dossier = gather(store, ITEM)
    assert {number: (words.title, words.text) for number, words in dossier.versions.items()} == dict(
        enumerate(WORDS, 1)
    )
    assert [event.position for event in dossier.events] == [41, 72]
