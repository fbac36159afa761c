"""The command `send-test`: one real message through one channel, and what the other side said to it.

It goes the way that alerts go, with the same TLS, password and signature, but neither the log nor the outbox knows of
it; no store is needed.
"""

import asyncio
import sys
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, TextIO
from urllib.parse import urlsplit

import typer

from aggregator.cli import out
from aggregator.cli.advice import advice
from aggregator.cli.context import Failure, context

if TYPE_CHECKING:
    from alerts.deliver import Channel
    from alerts.retry import SendResult
    from config.model import AnyChannel, Settings
    from store.ports import Delivery


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command("send-test")(send_test)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the test for one recipient ("" where the channel has none)."""

    channel: str
    recipient: str
    result: "SendResult"

    @property
    def arrived(self) -> bool:
        """Whether the other side took it."""
        return self.result.kind == "ok"

    def as_row(self) -> dict[str, object]:
        """For JSON."""
        return {
            "channel": self.channel,
            "recipient": self.recipient or None,
            "ok": self.arrived,
            "code": self.result.code,
            "answer": self.result.answer,
            "advice": None if self.arrived else advice(self.result.code) or None,
        }


def send_test(
    ctx: typer.Context,
    channel: Annotated[str, typer.Argument(metavar="CHANNEL", help="The name of a channel of the settings.")],
) -> int:
    """Send a real test message through one channel. Say what the other side answered."""
    here = context(ctx)
    settings = here.settings()
    wanted = _chosen(settings, channel)
    outcomes = asyncio.run(_sent(settings, wanted, sys.stderr if here.json else sys.stdout))
    if here.json:
        out.emit_rows(outcome.as_row() for outcome in outcomes)
    else:
        for outcome in outcomes:
            _tell(outcome)
    return 0 if all(outcome.arrived for outcome in outcomes) else 1


def _chosen(settings: "Settings", name: str) -> "AnyChannel":
    from config.values import nearest

    if name in settings.channels:
        return settings.channels[name]
    known = ", ".join(settings.channels) or "none: write a [channels.NAME] table"
    hint = nearest(name, settings.channels) or f"; there are: {known}"
    raise Failure(f"no channel {out.line(name)} in the settings{hint}", 2)


async def _sent(settings: "Settings", wanted: "AnyChannel", console: TextIO) -> Sequence[Outcome]:
    """The test to every recipient at the same time: one that hangs keeps nobody waiting twice."""
    from aggregator import ways_out
    from aggregator.clock import utc_now
    from alerts import trial
    from store.events import AlertId, ChannelId

    name, one = ChannelId(wanted.id), {wanted.id: wanted}
    way = ways_out.channels(one, ways_out.user_agent(settings), console)[name]
    test = AlertId(f"test-{uuid.uuid4().hex}")
    deliveries = trial.deliveries(name, ways_out.forms(one)[name], id=test, now=utc_now())
    return await asyncio.gather(*(_tried(way, wanted, delivery) for delivery in deliveries))


async def _tried(way: "Channel", channel: "AnyChannel", delivery: "Delivery") -> Outcome:
    from alerts.deliver import CUT_OFF
    from alerts.retry import SendResult

    try:
        async with asyncio.timeout(CUT_OFF.total_seconds()):
            result = await way.send(delivery)
    except TimeoutError:
        result = SendResult("retry", "timeout", "it took too long")
    if result.code == "connect" and not await _resolves(channel):
        result = replace(result, code="dns")
    return Outcome(channel.id, delivery.recipient, result)


async def _resolves(channel: "AnyChannel") -> bool:
    """Whether the host of the channel has an address: the one thing that "no connection" leaves open."""
    from config.model import EmailChannel, WebhookChannel

    match channel:
        case EmailChannel():
            host = channel.host
        case WebhookChannel():
            host = urlsplit(channel.url.reveal()).hostname or ""
        case _:
            return True
    try:
        return bool(await asyncio.get_running_loop().getaddrinfo(host, None))
    except (OSError, UnicodeError):
        return False


def _tell(outcome: Outcome) -> None:
    to = f"{outcome.channel} {outcome.recipient}".strip()
    verdict = "delivered" if outcome.arrived else f"failed ({outcome.result.code})"
    answer = outcome.result.answer.removeprefix(f"{outcome.recipient}: ")
    out.say(out.line(f"{to}: {verdict}: {answer}"))
    if not outcome.arrived and (told := advice(outcome.result.code)):
        out.paragraph(told)
