"""What becomes of an attempt to deliver: one table for every channel. Pure.

Comes in: what the channel reports (`SendResult`), the number of attempts made, the times, and a random number. Goes
out: a `Verdict`. Delays grow for three days, then the delivery is dead; a receiver's `Retry-After` stands above our own
delay. Never fails.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from alerts.retry_after import LONGEST
from store.ports import Verdict

DELAYS = (
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(minutes=30),
    timedelta(hours=1),
    timedelta(hours=2),
)
"""After the first attempt, the second, and so on; afterwards every `STEADY`."""
STEADY = timedelta(hours=6)
GIVE_UP_AFTER = timedelta(days=3)
JITTER = 0.2
"""A delay is stretched or shrunk by at most this part of itself."""

Kind = Literal["ok", "retry", "permanent"]
SmtpStage = Literal["connect", "greeting", "hello", "starttls", "login", "mail", "rcpt", "data", "dot"]


@dataclass(frozen=True, slots=True)
class SendResult:
    """What a channel reports. `code` is short and names nobody (`http 503`, `timeout`): it goes into the log.

    `answer` is one clean line for people and may name the recipient. `retry_after` is what the receiver asked for.
    """

    kind: Kind
    code: str
    answer: str
    retry_after: timedelta | None = None


FAILURES: Mapping[str, str] = {
    "connect": "no connection",
    "timeout": "no answer in time",
    "reset": "the connection broke off",
    "disconnected": "the server hung up",
    "tls": "no secure connection",
    "protocol": "an answer in another language",
    "bad_request": "the request cannot be sent",
    "bad_address": "an address cannot be sent to",
    "stream": "the stream takes nothing",
}
"""What a code of a failed attempt means, where nobody answered who could say so."""


def failure(code: str, error: Exception) -> SendResult:
    """The result of an attempt that an exception ended: to be tried again, told in words."""
    said = str(error).strip()
    return SendResult("retry", code, f"{FAILURES[code]}: {said}" if said else FAILURES[code])


def http_kind(status: int) -> Kind:
    """2xx is delivered, 410 dead at once; every other answer, redirects included, is tried again."""
    if 200 <= status < 300:
        return "ok"
    return "permanent" if status == 410 else "retry"


def smtp_kind(stage: SmtpStage, code: int) -> Kind:
    """A refusal is permanent only as the 5xx answer to RCPT or to the final dot; elsewhere it concerns our set-up."""
    if stage == "dot" and 200 <= code < 300:
        return "ok"
    return "permanent" if stage in ("rcpt", "dot") and 500 <= code < 600 else "retry"


def verdict(result: SendResult, *, attempts: int, first_try: datetime, now: datetime, jitter: float) -> Verdict:
    """Delivered, dead, or to be tried again and when.

    `attempts` counts this one. `jitter` is a number from 0 to 1. Given up is only what was tried through the whole ramp
    of growing delays: a delivery that waited for three days while we were not running is not dead at its first failure.
    """
    if result.kind == "ok":
        return Verdict("delivered", result.answer, result.code)
    if result.kind == "permanent":
        return Verdict("dead", result.answer, result.code, reason="refused")
    if now - first_try >= GIVE_UP_AFTER and attempts > len(DELAYS):
        return Verdict("dead", result.answer, result.code, reason="gave-up")
    delay = _delay(attempts, jitter)
    if result.retry_after is not None:
        delay = min(max(result.retry_after, DELAYS[0]), LONGEST)
    return Verdict("pending", result.answer, result.code, next_at=now + delay, reason="retry")


def _delay(attempts: int, jitter: float) -> timedelta:
    base = DELAYS[attempts - 1] if attempts <= len(DELAYS) else STEADY
    return base * (1 + JITTER * (2 * min(max(jitter, 0.0), 1.0) - 1))
