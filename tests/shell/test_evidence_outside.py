"""What others add to evidence: a real authority's timestamp is believed, and nothing else is; an archive's copy."""

import asyncio
import subprocess
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from ipaddress import ip_network
from pathlib import Path

import pytest
from cryptography import x509

from aggregator.evidence import tsp
from aggregator.evidence.errands import Errands, asking_for, run
from aggregator.evidence.outside import Archived, Missed, Outside, Timestamp
from aggregator.evidence.timestamp import checked
from aggregator.fetch.client import Fetcher
from aggregator.fetch.guard import AddressGuard
from aggregator.outcome import FetchRequest
from tests.shell.authority import POLICY, Authority, Heard, Said, house, needs_openssl

CHECKPOINT = "feedwitness/log/139e3940e64b5491\n42\nAAE=\n\n— x y\n".encode()
DIGEST = sha256(CHECKPOINT).digest()
NONCE = 2**63 + 17
NOW = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
PAGE = "https://ministry.example/statements/1?lang=en#top"
LOOPBACK = (ip_network("127.0.0.0/8"),)


@pytest.fixture(scope="module", params=["rsa:2048", "ec"])
def authority(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Authority:
    names_by = "sha256" if request.param == "ec" else "sha1"  # what RFC 3161 began with, and what RFC 5816 permits
    return Authority.made(tmp_path_factory.mktemp("tsa") / "of", kind=request.param, names_by=names_by)


def roots(authority: Authority) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(authority.root.read_bytes())


def asked(errands: Errands, *, seconds: float = 10, networks: tuple[object, ...] = LOOPBACK) -> Outside:
    """What comes of the errands, over real connections."""
    like = FetchRequest("", timedelta(seconds=seconds), 0, "feedwitness/test")

    async def go() -> Outside:
        async with Fetcher(networks) as fetcher:
            return await run(fetcher, like, errands, CHECKPOINT, AddressGuard(networks), lambda: NOW)

    return asyncio.run(go())


def stamped(answer: Callable[[Heard], Said], *, believed: list[x509.Certificate] | None = None, seconds: float = 10):
    """What comes of asking an authority that answers like this, and what it was asked."""
    with house(answer) as there:
        outside = asked(Errands(f"{there.url}/tsr?key=hush", believed or [], "", ""), seconds=seconds)
        assert outside.archived is None
        return outside.timestamp, there


def reason(missed: object) -> str:
    assert isinstance(missed, Missed), missed
    assert missed.detail.isprintable()
    return missed.reason


# --- timestamps -------------------------------------------------------------------------------------------------------


@needs_openssl
def test_a_real_authority_stamps_the_checkpoint_and_openssl_agrees(authority: Authority) -> None:
    stamp, there = stamped(lambda heard: Said(body=authority.reply(heard.body)), believed=roots(authority))
    assert isinstance(stamp, Timestamp)
    assert abs(stamp.at - datetime.now(UTC)) < timedelta(minutes=1)
    assert (stamp.policy, stamp.signer, stamp.anchored) == (POLICY, "CN=Loopback Stamps,O=Time", True)
    assert stamp.authority == f"{there.url}/tsr", "a key in the query is for nobody else to read"
    assert authority.believes(CHECKPOINT, stamp.answer)
    (heard,) = there.heard
    assert (heard.method, heard.headers["content-type"]) == ("POST", "application/timestamp-query")


@needs_openssl
def test_openssl_reads_in_the_query_what_was_meant(tmp_path: Path) -> None:
    (tmp_path / "q").write_bytes(tsp.query(DIGEST, NONCE))
    said = subprocess.run(
        ["openssl", "ts", "-query", "-in", "q", "-text"], cwd=tmp_path, capture_output=True, text=True
    )
    assert "Hash Algorithm: sha256" in said.stdout
    assert "Nonce: 0x8000000000000011" in said.stdout
    assert "Certificate required: yes" in said.stdout
    assert DIGEST.hex(" ")[:23] in said.stdout.replace("-", " ")


@needs_openssl
def test_without_a_certificate_to_hold_it_to_it_is_believed_and_marked(authority: Authority) -> None:
    stamp, _ = stamped(lambda heard: Said(body=authority.reply(heard.body)))
    assert isinstance(stamp, Timestamp)
    assert not stamp.anchored


@needs_openssl
def test_an_authority_that_is_not_the_one_named_is_not_believed(authority: Authority, tmp_path: Path) -> None:
    other = Authority.made(tmp_path / "other", kind="ec")
    stamp, _ = stamped(lambda heard: Said(body=other.reply(heard.body)), believed=roots(authority))
    assert reason(stamp) == "untrusted"


@needs_openssl
def test_an_answer_kept_from_an_earlier_question_is_not_believed(authority: Authority) -> None:
    kept = authority.reply(tsp.query(DIGEST, NONCE))
    stamp, _ = stamped(lambda _: Said(body=kept))
    assert reason(stamp) == "other_nonce"


@needs_openssl
def test_a_stamp_of_something_else_is_not_believed(authority: Authority) -> None:
    def other(heard: Heard) -> Said:
        return Said(body=authority.reply(heard.body.replace(DIGEST, bytes(32))))

    assert reason(stamped(other)[0]) == "other_imprint"


@needs_openssl
def test_an_authority_that_refuses_is_quoted(tmp_path: Path) -> None:
    choosy = Authority.made(tmp_path / "tsa", kind="ec", digests="sha512")
    stamp, _ = stamped(lambda heard: Said(body=choosy.reply(heard.body)))
    assert reason(stamp) == "refused"
    assert "Message digest algorithm is not supported." in stamp.detail


@needs_openssl
@pytest.mark.parametrize("status", [2, 3, 4, 5])
def test_a_stamp_under_a_no_is_not_believed(authority: Authority, status: int) -> None:
    answer = authority.reply(tsp.query(DIGEST, NONCE))
    assert answer[4:9] == b"\x30\x03\x02\x01\x00", "PKIStatusInfo, granted"
    changed = answer[:8] + bytes([status]) + answer[9:]
    assert reason(checked(changed, "", DIGEST, NONCE, [])) == "refused"


@needs_openssl
def test_a_stamp_without_its_certificate_is_not_believed(authority: Authority) -> None:
    def bare(heard: Heard) -> Said:
        assert heard.body.endswith(b"\x01\x01\xff")  # certReq TRUE, left away here
        short = heard.body[:-3]
        return Said(body=authority.reply(bytes([short[0], short[1] - 3]) + short[2:]))

    assert reason(stamped(bare)[0]) == "unsigned"


@needs_openssl
def test_what_is_believed_of_a_stamp_with_one_byte_changed_openssl_believes_too(authority: Authority) -> None:
    answer = authority.reply(tsp.query(DIGEST, NONCE))
    assert isinstance(checked(answer, "", DIGEST, NONCE, roots(authority)), Timestamp)
    info = answer.index(DIGEST)
    believed = []
    for at in range(len(answer)):
        changed = answer[:at] + bytes([answer[at] ^ 0x01]) + answer[at + 1 :]
        if isinstance(checked(changed, "", DIGEST, NONCE, roots(authority)), Timestamp):
            believed.append(at)
            assert authority.believes(CHECKPOINT, changed), at
    assert len(believed) < 12, "versions, a NULL, granted with modifications"
    assert not any(info - 30 < at < info + 120 for at in believed), "what is signed"


@needs_openssl
@pytest.mark.parametrize("spoiled", [b"", b"<html>sign in</html>", b"0\x82", b"\x30\x03\x02\x01\x00", bytes(1000)])
def test_what_is_no_timestamp_is_said_to_be_none(spoiled: bytes) -> None:
    assert reason(stamped(lambda _: Said(body=spoiled))[0]) in ("unreadable", "refused")


@needs_openssl
def test_a_cut_answer_is_none(authority: Authority) -> None:
    answer = authority.reply(tsp.query(DIGEST, NONCE))
    for length in range(0, len(answer), 37):
        assert reason(checked(answer[:length], "", DIGEST, NONCE, [])) == "unreadable"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (Said(status=500), "http_500"),
        (Said(status=302, headers={"location": "/elsewhere"}), "http_302"),
        (Said(body=bytes(300_000)), "too_large"),
    ],
)
def test_an_authority_that_fails_is_a_named_reason(said: Said, expected: str) -> None:
    stamp, there = stamped(lambda _: said)
    assert reason(stamp) == expected
    assert len(there.heard) == 1, "a question is not carried elsewhere by a redirect"


def test_an_authority_that_dawdles_is_left() -> None:
    leave = threading.Event()
    try:
        assert reason(stamped(lambda _: Said(after=leave), seconds=0.3)[0]) == "timeout"
    finally:
        leave.set()


def test_an_authority_that_is_not_there_is_a_named_reason() -> None:
    with house(lambda _: Said()) as there:
        pass
    assert reason(asked(Errands(there.url, [], "", "")).timestamp) == "connect"


# --- archives ---------------------------------------------------------------------------------------------------------


def archived(answer: Callable[[Heard], Said], page: str = PAGE, path: str = "/save/", **how: object):
    with house(answer) as there:
        return asked(Errands("", [], f"{there.url}{path}", page), **how).archived, there


COPY = "/web/20261121200000/https://ministry.example/statements/1?lang=en"


def wayback(heard: Heard) -> Said:
    """Saves, and redirects to its copy, as the Wayback Machine does."""
    if heard.path.startswith("/save/"):
        return Said(status=302, headers={"location": COPY})
    return Said(headers={"memento-datetime": "Sat, 21 Nov 2026 20:00:07 GMT"}, body=b"a copy")


def test_the_copy_is_where_the_archive_redirects_to_with_its_own_time() -> None:
    copy, there = archived(wayback)
    expected = Archived(PAGE, f"{there.url}{COPY}", 200, NOW, datetime(2026, 11, 21, 20, 0, 7, tzinfo=UTC))
    assert copy == expected
    assert there.heard[0].path == "/save/https://ministry.example/statements/1?lang=en"


@pytest.mark.parametrize("header", ["content-location", "location"])
def test_the_copy_is_where_a_header_says(header: str) -> None:
    copy, there = archived(lambda _: Said(headers={header: COPY}))
    assert isinstance(copy, Archived)
    assert (copy.address, copy.copied_at) == (f"{there.url}{COPY}", None)


def test_an_archive_that_takes_the_page_in_its_query_gets_it_encoded() -> None:
    assert asking_for("https://a.example/submit?url=", PAGE) == (
        "https://a.example/submit?url=https%3A%2F%2Fministry.example%2Fstatements%2F1%3Flang%3Den"
    )


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (Said(status=429, headers={"retry-after": "60"}), "http_429"),
        (Said(status=403), "http_403"),
        (Said(body=b"thank you, later perhaps"), "no_address"),
        (Said(headers={"content-location": "javascript:alert(1)"}), "no_address"),
        (Said(headers={"content-location": "https://a.example/\x1b[2J"}), "no_address"),
        (Said(headers={"content-location": "https://a.example/" + "x" * 5000}), "no_address"),
    ],
)
def test_an_archive_that_gives_no_copy_is_a_named_reason(said: Said, expected: str) -> None:
    assert reason(archived(lambda _: said)[0]) == expected


@pytest.mark.parametrize("page", ["", "http://127.0.0.1/intranet", "http://10.1.2.3/x", "mailto:x@y.example"])
def test_a_page_that_is_none_or_private_is_named_to_no_archive(page: str) -> None:
    copy, there = archived(wayback, page, networks=())
    assert reason(copy) == "no_page"
    assert there.heard == []


def test_neither_keeps_the_other_waiting_nor_spoils_it() -> None:
    with house(wayback) as archive, house(lambda _: Said(status=503)) as broken:
        outside = asked(Errands(broken.url, [], f"{archive.url}/save/", PAGE))
    assert reason(outside.timestamp) == "http_503"
    assert isinstance(outside.archived, Archived)
