"""The newsroom's desk: takes webhooks and mails, checks the signatures, and keeps what came for the books.

Comes in: requests and mails as they arrived. Goes out: whether they are taken, and `Receipt`s. While the desk is closed
it takes nothing and counts who knocked. No I/O: `aggregator.demo.web` and `aggregator.demo.mailbox` serve it.
"""

import base64
import hmac
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import message_from_bytes
from email.policy import default as modern
from typing import Any, Literal

Channel = Literal["webhook", "mail"]
CHANNELS: tuple[Channel, ...] = ("webhook", "mail")
_FRESH = timedelta(minutes=5)

Piece = tuple[str, str]
"""A stretch of text and what it is: "=" kept, "-" removed, "+" added, "!" what the rule looks for."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """One message that the desk took. `told`: the transition. `good`: signed by the holder of the secret (a mail has no
    signature and is taken as it is). `text`: the words that it is about; `notes`: what proves it.
    """

    channel: Channel
    alert: str
    told: str
    subject: str
    good: bool = True
    text: tuple[Piece, ...] = ()
    notes: tuple[str, ...] = ()


class Desk:
    """One desk. `secret` is its own copy of the webhook's `whsec_…`."""

    def __init__(self, secret: str) -> None:
        self.receipts: list[Receipt] = []
        self.refused: Counter[Channel] = Counter()
        self.open = True
        self.secret = secret

    def hook(self, headers: Mapping[str, str], body: bytes, now: datetime) -> int:
        """A webhook; returns the status to answer with."""
        if not self._takes("webhook"):
            return 503
        data = json.loads(body)["data"]
        good = is_signed(self.secret, headers, body, now)
        self.keep(Receipt("webhook", headers.get("webhook-id", ""), data["transition"], data["item"]["title"], good,
                          _text(data), tuple((data["withdrawal"] or {}).get("evidence", ()))))  # fmt: skip
        return 200

    def mail(self, message: bytes) -> bool:
        """A mail that was sent to its end; returns whether it is taken."""
        if not self._takes("mail"):
            return False
        read = message_from_bytes(message, policy=modern)
        self.keep(Receipt("mail", str(read["X-Feedwitness-Alert"]), "", str(read["Subject"])))
        return True

    def received(self, channel: Channel, alert: str) -> Receipt | None:
        """The first message of this alert by this channel."""
        return next((each for each in self.receipts if (each.channel, each.alert) == (channel, alert)), None)

    def keep(self, receipt: Receipt) -> None:
        """Put it to the others."""
        self.receipts.append(receipt)

    def _takes(self, channel: Channel) -> bool:
        if not self.open:
            self.refused[channel] += 1
        return self.open


def is_signed(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> bool:
    """Whether this request bears a signature of the secret's holder, made within five minutes (Standard Webhooks)."""
    stamp = headers.get("webhook-timestamp", "")
    if not stamp.isdecimal() or abs(now.timestamp() - int(stamp)) > _FRESH.total_seconds():
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers.get('webhook-id', '')}.{stamp}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    return any(hmac.compare_digest(expected, given) for given in headers.get("webhook-signature", "").split())


def _text(data: Mapping[str, Any]) -> tuple[Piece, ...]:
    """The statement's text in pieces: with its edit if there was one, else with what the rule looks for."""
    if data["change"]:
        return tuple((tag, words) for tag, words in data["change"]["diff"])
    text: str = data["item"]["text"]
    hits = sorted((hit["start"], hit["end"]) for hit in data["matches"] if hit["field"] == "text")
    return tuple(_marked(text, hits))


def _marked(text: str, hits: Sequence[tuple[int, int]]) -> list[Piece]:
    pieces, last = list[Piece](), 0
    for start, end in hits:
        if start >= last:
            pieces += [("=", text[last:start]), ("!", text[start:end])]
            last = end
    return [*pieces, ("=", text[last:])]
