"""Webhooks against real sockets: signatures, answers of every kind, and receivers that misbehave."""

import asyncio
import base64
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
import standardwebhooks
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.channels.webhook import WebhookChannel, WebhookTarget, sign, signing_key
from alerts.retry import SendResult
from store.events import AlertId, ChannelId, RuleId
from store.ports import Delivery

SECRET = "whsec_" + base64.b64encode(b"first secret, 24 bytes!!").decode()
NEXT_SECRET = "whsec_" + base64.b64encode(b"second secret, 24 bytes!").decode()
TLS = ssl.create_default_context()


def utc_now() -> datetime:
    return datetime.now(UTC)


def delivery(body: bytes = b'{"type":"alert.appeared"}', alert: str = "a" * 32) -> Delivery:
    return Delivery("d1", AlertId(alert), RuleId("desk"), ChannelId("ops"), "", 0, "appeared", None, body)


@dataclass
class Receiver:
    """A server of raw sockets: notes each request, then does to its connection what the test says."""

    react: Callable[[asyncio.StreamWriter], Awaitable[None]]
    port: int = 0
    heads: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        head = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)}
        self.heads.append(head | {":line": lines[0]})
        self.bodies.append(await reader.readexactly(int(head.get("content-length", "0"))))
        try:
            await self.react(writer)
            await writer.drain()
        finally:
            writer.close()


@asynccontextmanager
async def receiver(react: Callable[[asyncio.StreamWriter], Awaitable[None]]) -> AsyncIterator[Receiver]:
    host = Receiver(react)
    server = await asyncio.start_server(host.serve, "127.0.0.1", 0)
    host.port = server.sockets[0].getsockname()[1]
    async with server:
        yield host


def answering(raw: bytes) -> Callable[[asyncio.StreamWriter], Awaitable[None]]:
    async def react(writer: asyncio.StreamWriter) -> None:
        writer.write(raw)

    return react


def status(code: int, headers: str = "", body: str = "ok") -> bytes:
    return f"HTTP/1.1 {code} Reason\r\ncontent-length: {len(body)}\r\n{headers}\r\n{body}".encode()


def channel(port: int, *, secrets: tuple[str, ...] = (SECRET,), deadline: float = 5, path: str = "/hook", **headers: str) -> WebhookChannel:  # fmt: skip  # noqa: E501
    target = WebhookTarget(f"http://127.0.0.1:{port}{path}", secrets, headers, "feedwitness/test")
    return WebhookChannel(target, now=utc_now, tls=TLS, deadline=timedelta(seconds=deadline))


def attempt(raw: bytes, **options: object) -> tuple[SendResult, Receiver]:
    async def run() -> tuple[SendResult, Receiver]:
        async with receiver(answering(raw)) as host:
            return await channel(host.port, **options).send(delivery()), host  # type: ignore[arg-type]  # passed through

    return asyncio.run(run())


# --- signatures -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("secret", "message_id", "seconds", "body", "signature"),
    [
        (
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
            b'{"test": 2432232314}', "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        ),
        (
            "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk", 1649367553,
            b'{"email":"test@example.com","username":"test_user"}', "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
        ),
    ],
)  # fmt: skip
def test_the_official_vectors_are_reproduced(secret: str, message_id: str, seconds: int, body: bytes, signature: str) -> None:  # fmt: skip  # noqa: E501
    assert sign([signing_key(secret)], message_id, seconds, body) == signature


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_abc", "whsec_not base64!", "whsec_" + "ü" * 8])
def test_a_secret_that_is_none_is_refused_without_being_shown(secret: str) -> None:
    with pytest.raises(ValueError, match="whsec_ followed by base64") as caught:
        signing_key(secret)
    assert secret.removeprefix("whsec_") in ("", "abc") or secret not in str(caught.value)


def verified(secret: str, head: dict[str, str], body: bytes) -> object:
    return standardwebhooks.Webhook(secret).verify(body, head)


def test_an_independent_receiver_verifies_what_arrives() -> None:
    result, host = attempt(status(204, body=""))
    assert result == SendResult("ok", "http 204", "204")
    assert verified(SECRET, host.heads[0], host.bodies[0]) == {"type": "alert.appeared"}
    assert host.heads[0]["webhook-id"] == "a" * 32
    assert host.heads[0]["content-type"] == "application/json"
    assert host.heads[0][":line"] == "POST /hook HTTP/1.1"


LEAVES = st.none() | st.booleans() | st.integers() | st.text()
JSON = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5)
PAYLOADS = st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), JSON)
KEYS = st.binary(min_size=24, max_size=64)


def check_payload(payload: dict[str, object], key: bytes) -> None:
    body, seconds = json.dumps(payload).encode(), int(utc_now().timestamp())
    head = {"webhook-id": "x", "webhook-timestamp": str(seconds), "webhook-signature": sign([key], "x", seconds, body)}
    assert verified("whsec_" + base64.b64encode(key).decode(), head, body) == payload


@given(PAYLOADS, KEYS)
@settings(max_examples=50, deadline=None)
def test_any_payload_verifies_under_any_secret(payload: dict[str, object], key: bytes) -> None:
    check_payload(payload, key)


@pytest.mark.long
@pytest.mark.timeout(900)  # two minutes of hypothesis on an idle machine
@given(PAYLOADS, KEYS)
@settings(max_examples=10_000, deadline=None)
def test_ten_thousand_payloads_verify(payload: dict[str, object], key: bytes) -> None:
    check_payload(payload, key)


@pytest.mark.parametrize("broken", ["id", "old", "new", "body", "secret", "missing"])
def test_whatever_was_changed_on_the_way_is_refused_by_the_receiver(broken: str) -> None:
    shift = {"old": -301, "new": 301}.get(broken, 0)
    seconds, body = int(utc_now().timestamp()) + shift, b'{"a":1}'
    head = {"webhook-id": "x", "webhook-timestamp": str(seconds)}
    if broken != "missing":
        head["webhook-signature"] = sign([signing_key(SECRET)], "x", seconds, body)
    if broken == "id":
        head["webhook-id"] = "y"
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        verified(NEXT_SECRET if broken == "secret" else SECRET, head, b'{"a":2}' if broken == "body" else body)


def test_while_a_secret_rotates_each_of_the_two_verifies_and_afterwards_only_the_new_one() -> None:
    _, during = attempt(status(200), secrets=(SECRET, NEXT_SECRET))
    assert during.heads[0]["webhook-signature"].count("v1,") == 2
    assert verified(SECRET, during.heads[0], during.bodies[0]) == verified(
        NEXT_SECRET, during.heads[0], during.bodies[0]
    )
    _, after = attempt(status(200), secrets=(NEXT_SECRET,))
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        verified(SECRET, after.heads[0], after.bodies[0])


def test_without_a_secret_nothing_is_signed() -> None:
    _, host = attempt(status(200), secrets=())
    assert "webhook-signature" not in host.heads[0]


def test_the_operators_headers_are_sent_but_cannot_replace_ours() -> None:
    _, host = attempt(status(200), **{"Authorization": "Bearer 42", "Webhook-Id": "forged", "Content-Type": "x/y"})
    head = host.heads[0]
    assert (head["authorization"], head["webhook-id"], head["content-type"]) == (
        "Bearer 42",
        "a" * 32,
        "application/json",
    )


# --- answers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "kind"),
    [(200, "ok"), (202, "ok"), (301, "retry"), (404, "retry"), (410, "permanent"), (429, "retry"), (503, "retry")],
)
def test_an_answer_is_judged_by_the_shared_table(code: int, kind: str) -> None:
    result, _ = attempt(status(code))
    assert (result.kind, result.code) == (kind, f"http {code}")


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(code: int) -> None:
    async def run() -> tuple[SendResult, int]:
        async with receiver(answering(status(200))) as target:
            elsewhere = f"location: http://127.0.0.1:{target.port}/\r\n"
            async with receiver(answering(status(code, elsewhere))) as host:
                return await channel(host.port).send(delivery()), len(target.heads)

    result, hits = asyncio.run(run())
    assert (result.kind, hits) == ("retry", 0)


def test_retry_after_is_handed_on() -> None:
    assert attempt(status(503, "retry-after: 120\r\n"))[0].retry_after == timedelta(minutes=2)
    assert attempt(status(503, "retry-after: soon\r\n"))[0].retry_after is None


def test_the_answer_is_one_clean_line_of_bounded_length() -> None:
    answer = attempt(status(500, body="bad\r\n\x1b[31mred\x00 " + "x" * 9_000))[0].answer
    assert answer.startswith("500 Reason: bad \ufffd[31mred\ufffd xxx")
    assert len(answer) == 300


def test_a_receiver_that_echoes_our_secrets_does_not_get_them_into_the_outbox() -> None:
    answer = attempt(status(500, body=f"you said Bearer 4242 and {SECRET}"), Authorization="Bearer 4242")[0].answer
    assert "4242" not in answer
    assert SECRET not in answer


@pytest.mark.parametrize(
    "said",
    [
        "Cannot POST /services/T0001/B%204/capability-in-the-path?key=token-in-query",
        r'{"path": "\/services\/T0001\/B 4\/capability-in-the-path", "key": "token-in-query"}',
        "invalid token Zm9yIHlvdSBvbmx5",
        SECRET.removeprefix("whsec_"),
    ],
)
def test_a_url_that_is_itself_the_secret_does_not_come_back_in_the_words_of_a_refusal(said: str) -> None:
    path = "/services/T0001/B%204/capability-in-the-path?key=token-in-query"
    answer = attempt(status(404, body=said), path=path, Authorization="Bearer Zm9yIHlvdSBvbmx5")[0].answer
    assert answer.startswith("404 Reason: ")
    for secret in ("capability-in-the-path", "token-in-query", "Zm9yIHlvdSBvbmx5", SECRET[6:]):
        assert secret not in answer


# --- receivers that misbehave -----------------------------------------------------------------------------------------


async def reset(writer: asyncio.StreamWriter) -> None:
    await writer.drain()
    writer.transport.abort()


async def half_an_answer(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")


async def good_then_reset(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n")
    await reset(writer)


async def nothing(writer: asyncio.StreamWriter) -> None:
    pass


@pytest.mark.parametrize(
    ("react", "codes"),
    [
        (reset, {"reset", "protocol"}),
        (nothing, {"protocol", "reset"}),
        (half_an_answer, {"protocol", "reset"}),
        (good_then_reset, {"protocol", "reset"}),
        (answering(b"not http at all\r\n\r\n"), {"protocol"}),
        (answering(b"HTTP/1.1 200 OK\r\nx: " + b"y" * 5_000_000), {"protocol", "reset"}),
    ],
)
def test_an_answer_that_breaks_off_is_tried_again_under_the_same_id(
    react: Callable[[asyncio.StreamWriter], Awaitable[None]], codes: set[str]
) -> None:
    async def run() -> tuple[list[SendResult], list[str]]:
        async with receiver(react) as host:
            results = [await channel(host.port).send(delivery()) for _ in range(2)]
            return results, [head["webhook-id"] for head in host.heads]

    results, ids = asyncio.run(run())
    assert {result.kind for result in results} == {"retry"}
    assert {result.code for result in results} <= codes
    assert ids == ["a" * 32] * 2


async def hang(writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def drip(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
    while True:
        writer.write(b".")
        await writer.drain()
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("react", [hang, drip])
def test_one_deadline_covers_the_whole_exchange(react: Callable[[asyncio.StreamWriter], Awaitable[None]]) -> None:
    async def run() -> SendResult:
        async with receiver(react) as host:
            return await channel(host.port, deadline=0.2).send(delivery())

    assert asyncio.run(run()).code == "timeout"


def test_a_receiver_that_talks_for_ever_is_read_no_further_than_needed() -> None:
    async def flood(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n")
        for _ in range(100):
            writer.write(b"x" * 10_000)

    async def run() -> SendResult:
        async with receiver(flood) as host:
            return await channel(host.port).send(delivery())

    assert asyncio.run(run()).kind == "ok"


def test_nobody_listening_and_a_url_that_is_none_are_values_too() -> None:
    async def run(target: WebhookTarget) -> SendResult:
        return await WebhookChannel(target, now=utc_now, tls=TLS).send(delivery())

    assert asyncio.run(run(WebhookTarget("http://127.0.0.1:9/x"))).code == "connect"
    for url in ("http://☃.invalid:x/", "ftp://127.0.0.1/", "http://"):
        result = asyncio.run(run(WebhookTarget(url)))
        assert (result.kind, result.code) == ("retry", "bad_request"), url


def test_a_receiver_whose_certificate_nobody_vouches_for_gets_no_request() -> None:
    import trustme

    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)

    async def run(trusting: bool) -> tuple[SendResult, int]:
        host = Receiver(answering(status(200)))
        server = await asyncio.start_server(host.serve, "127.0.0.1", 0, ssl=context)
        tls = ssl.create_default_context()
        if trusting:
            authority.configure_trust(tls)
        target = WebhookTarget(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        async with server:
            return await WebhookChannel(target, now=utc_now, tls=tls).send(delivery()), len(host.heads)

    assert asyncio.run(run(trusting=True))[0].kind == "ok"
    result, requests = asyncio.run(run(trusting=False))
    assert (result.kind, result.code, requests) == ("retry", "tls", 0)
