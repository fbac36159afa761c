"""Alerts as signed HTTP requests: one POST of the delivery's exact bytes, after Standard Webhooks 1.0.0.

Comes in: a delivery. Goes out: a `SendResult`; whatever the receiver does is a value, never an exception. Redirects are
not followed, no proxy or netrc of the environment is used, one deadline covers the whole exchange, and of the answer no
more than 4 KB are read. A client per send: httpx's shared pool leaks its slots when a deadline cancels a request.
"""

import asyncio
import base64
import binascii
import hashlib
import hmac
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, unquote, urlsplit

import httpx

from alerts.plain import one_line
from alerts.retry import SendResult, failure, http_kind
from alerts.retry_after import retry_after
from store.ports import Delivery

DEADLINE = timedelta(seconds=20)
MAX_ANSWER = 4096
_LONG_PART = 8  # characters from which a part of the URL may be what makes it secret


@dataclass(frozen=True, slots=True)
class WebhookTarget:
    """Where to post and how to sign. `secrets` are `whsec_…`, several while one replaces another; none = unsigned.

    `headers` are the operator's own; those that this module sets cannot be replaced by them.
    """

    url: str = field(repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    user_agent: str = "feedwitness"


def signing_key(secret: str) -> bytes:
    """The key bytes of a `whsec_…` secret. ValueError when it is not base64 or empty; the message shows no secret."""
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("a webhook secret is whsec_ followed by base64, with its padding") from None
    if not key:
        raise ValueError("a webhook secret is whsec_ followed by base64 of 24 to 64 bytes; this one is empty")
    return key


def sign(keys: Sequence[bytes], message_id: str, seconds: int, body: bytes) -> str:
    """The `webhook-signature` header: one `v1,…` for each key, in their order, parted by blanks."""
    signed = f"{message_id}.{seconds}.".encode() + body
    digests = (hmac.new(key, signed, hashlib.sha256).digest() for key in keys)
    return " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests)


class WebhookChannel:
    """Posts deliveries to one target. `tls` is shared among channels: building one costs 40 ms."""

    def __init__(
        self,
        target: WebhookTarget,
        *,
        now: Callable[[], datetime],
        tls: ssl.SSLContext,
        deadline: timedelta = DEADLINE,
    ) -> None:
        self._target, self._now, self._tls, self._deadline = target, now, tls, deadline
        self._keys = tuple(signing_key(secret) for secret in target.secrets)
        self._masked = _telling_parts(target)

    async def send(self, delivery: Delivery) -> SendResult:
        """One attempt."""
        try:
            async with asyncio.timeout(self._deadline.total_seconds()):
                return await self._post(delivery)
        except TimeoutError:
            return SendResult("retry", "timeout", f"no complete answer within {self._deadline.total_seconds():g} s")
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, OSError) as error:
            failed = failure(_code(error), error)
            return replace(failed, answer=self._clean(failed.answer))

    async def _post(self, delivery: Delivery) -> SendResult:
        async with (
            httpx.AsyncClient(verify=self._tls, trust_env=False, timeout=None, follow_redirects=False) as client,  # noqa: S113 -- one deadline over all, above
            client.stream("POST", self._target.url, content=delivery.body, headers=self._headers(delivery)) as answer,
        ):
            text = await _read(answer)
        said = f"{answer.status_code} {answer.reason_phrase}: {text}" if text else f"{answer.status_code}"
        wait = retry_after(answer.headers.get("retry-after", ""), answer.headers.get("date", ""), self._now())
        return SendResult(
            http_kind(answer.status_code), f"http {answer.status_code}", self._clean(said), retry_after=wait
        )

    def _headers(self, delivery: Delivery) -> list[tuple[bytes, bytes]]:
        seconds = int(self._now().timestamp())
        ours = {
            "content-type": "application/json",
            "user-agent": self._target.user_agent,
            "accept-encoding": "identity",
            "webhook-id": delivery.alert,
            "webhook-timestamp": str(seconds),
        }
        if self._keys:
            ours["webhook-signature"] = sign(self._keys, delivery.alert, seconds, delivery.body)
        theirs = {name.lower(): value for name, value in self._target.headers.items()}
        return [(name.encode(), value.encode()) for name, value in (theirs | ours).items()]

    def _clean(self, answer: str) -> str:
        """One line without what is secret, should the receiver echo it."""
        for secret in self._masked:
            answer = answer.replace(secret, "***")
        return one_line(answer, 300)


def _telling_parts(target: WebhookTarget) -> tuple[str, ...]:
    """What must not be quoted from an answer, longest first. The URL may itself be the secret (`/services/T0/…`), and
    "Cannot POST /services/…" is how many servers refuse: so its path, and every long part of that, count too.
    """
    try:
        parts = urlsplit(target.url)
    except ValueError:
        parts = urlsplit("")
    query = [value for _, value in parse_qsl(parts.query)]
    pieces = [piece for piece in (*parts.path.split("/"), *query) if len(piece) >= _LONG_PART]
    path = parts.path if len(parts.path) >= _LONG_PART else ""
    tail = f"{path}?{parts.query}" if parts.query else path
    keys = [secret.removeprefix("whsec_") for secret in target.secrets]
    values = [form for value in target.headers.values() for form in (value, *value.split()[1:])]  # `Bearer …`
    known = (target.url, tail, path, *pieces, *target.secrets, *keys, *values)
    both = {form for each in known for form in (each, unquote(each)) if len(form) > 3}
    return tuple(sorted(both, key=lambda each: (-len(each), each)))


async def _read(answer: httpx.Response) -> str:
    """The beginning of the answer. An answer that breaks off is an error: nobody knows what it meant to say."""
    body = b""
    async for chunk in answer.aiter_raw():
        body += chunk[: MAX_ANSWER - len(body)]
        if len(body) >= MAX_ANSWER:
            break
    return body.decode("utf-8", "replace")


def _code(error: Exception) -> str:
    if any(isinstance(cause, ssl.SSLError) for cause in _causes(error)):
        return "tls"
    match error:
        case httpx.ConnectError():
            return "connect"
        case httpx.InvalidURL() | httpx.UnsupportedProtocol() | httpx.LocalProtocolError():
            return "bad_request"
        case httpx.RemoteProtocolError():
            return "protocol"
        case _:
            return "reset"


def _causes(error: BaseException) -> list[BaseException]:
    chain: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and len(chain) < 10:
        chain.append(current)
        current = current.__cause__ or current.__context__
    return chain
