"""Sends what waits in the outbox: claim, send, settle. The shell around `retry`, with no policy of its own.

Comes in: a store and the channels of the settings. Goes out: messages, and in one transaction for each attempt the
delivery's new state and, when it ended, a `delivery.settled` event. At least once: a process that dies after sending
and before settling sends again, under the same id. Whatever one delivery does, the others flow: a channel that hangs
keeps only its own few slots, and an exception of one attempt (a bug, a body that cannot be sent) is its own failure.

A claim is a lease of 60 seconds that is never renewed: every attempt is cut off after 45, so a lease runs out only when
its process is dead or stopped; and what such a process reports late changes nothing (the store fences by attempt).
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from alerts.retry import SendResult, verdict
from store.events import ChannelId, DeliverySettled, rule_stream
from store.failpoint import reach
from store.ports import Delivery, Store, StoreUnavailable, Transaction, Verdict

LEASE = timedelta(seconds=60)
CUT_OFF = timedelta(seconds=45)
PER_CHANNEL = 4
IN_FLIGHT = 512
LONGEST_PAUSE = timedelta(seconds=3)
"""How long a turn may wait when nothing is due and nobody wakes it: another process may have made something due."""
_SHORTEST_PAUSE, _LOOK_AGAIN = 0.05, 1.0

_log = logging.getLogger("feedwitness.deliver")


class Channel(Protocol):
    """One way out. It reports whatever happens as a value and keeps its own deadline, shorter than `CUT_OFF`."""

    async def send(self, delivery: Delivery) -> SendResult:
        """One attempt to deliver the exact bytes of `delivery.body`."""
        ...


@dataclass(frozen=True, slots=True)
class Attempt:
    """One delivery tried. `recorded` is False when somebody else holds it by now, or the store could not take it."""

    delivery: Delivery
    verdict: Verdict
    recorded: bool


@dataclass(frozen=True, slots=True)
class _Portion:
    """What one claim gave, and when the next delivery falls due."""

    claimed: Sequence[Delivery]
    next_due: datetime | None


def _claim(tx: Transaction, *, now: datetime, lease: timedelta, busy: Sequence[ChannelId]) -> _Portion:
    return _Portion(tx.outbox.claim(now, PER_CHANNEL, lease, busy=busy), tx.outbox.next_due())


class Deliverer:
    """Delivers for one process. `now` is the wall clock in UTC, `jitter` gives numbers from 0 to 1.

    `recipients` are those that the settings name for each channel: a delivery made for another one is held. A channel
    that does not stand there goes to all. `settled` is called after each attempt, from the event loop: for metrics and
    progress.
    """

    def __init__(
        self,
        store: Store,
        channels: Mapping[ChannelId, Channel],
        *,
        now: Callable[[], datetime],
        jitter: Callable[[], float],
        recipients: Mapping[ChannelId, Collection[str]] | None = None,
        settled: Callable[[Attempt], None] = lambda _: None,
    ) -> None:
        self._store, self._channels, self._recipients = store, dict(channels), dict(recipients or {})
        self._now, self._jitter, self._settled = now, jitter, settled
        self._running: dict[asyncio.Task[Attempt], ChannelId] = {}

    def use(
        self,
        channels: Mapping[ChannelId, Channel],
        recipients: Mapping[ChannelId, Collection[str]] | None = None,
    ) -> None:
        """From here on these are the channels, and who they go to. Attempts in flight end as they began."""
        self._channels, self._recipients = dict(channels), dict(recipients or {})

    async def run(self, wake: asyncio.Event) -> None:
        """Deliver until cancelled, as `turn` does."""
        while True:
            await self.turn(wake)

    async def turn(self, wake: asyncio.Event) -> None:
        """Start what is due, then wait until there is more to do, at most `LONGEST_PAUSE`.

        `wake` is set by whoever enqueued; a due retry is found without it. Cancelling stops claiming; attempts in
        flight go on: see `finish`. A failure of the store is raised.
        """
        wake.clear()
        next_due = await self._start_due(self._now())
        await self._pause(wake, next_due)

    async def run_once(self) -> tuple[Attempt, ...]:
        """Try everything that is due now, each delivery once; ends when nothing of it is in flight any more."""
        return await self.drain_once(self._now())

    async def drain_once(self, now: datetime) -> tuple[Attempt, ...]:
        """Try every delivery that is due at `now` once. What fails is due later, so it is not tried twice."""
        attempts: list[Attempt] = []
        while True:
            await self._start_due(now)
            if not self._running:
                return tuple(attempts)
            done, _ = await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                del self._running[task]
                attempts.append(task.result())

    async def finish(self, within: timedelta) -> None:
        """Let what is in flight end; what has not by then is cut off and, its lease over, will be sent again."""
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=within.total_seconds())
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        self._running.clear()

    async def _pause(self, wake: asyncio.Event, due: datetime | None) -> None:
        """Until something was enqueued, an attempt ended, or a delivery falls due."""
        longest = LONGEST_PAUSE.total_seconds()
        seconds = (due - self._now()).total_seconds() if due else longest
        least = _LOOK_AGAIN if self._busy() else _SHORTEST_PAUSE  # what is due may be of a busy channel
        seconds = min(max(seconds, least), longest)
        woken = asyncio.create_task(wake.wait())
        try:
            await asyncio.wait({woken, *self._running}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            woken.cancel()
        for task in [task for task in self._running if task.done()]:
            del self._running[task]

    def _busy(self) -> list[ChannelId]:
        return [channel for channel, count in Counter(self._running.values()).items() if count >= PER_CHANNEL]

    async def _start_due(self, now: datetime) -> datetime | None:
        """Claim and start in small portions, so that nothing is claimed that cannot start at once.

        Returns when the next delivery falls due, be it of a busy channel.
        """
        next_due = None
        while len(self._running) < IN_FLIGHT:
            claim = partial(_claim, now=now, lease=LEASE + (self._now() - now), busy=self._busy())
            portion = await asyncio.wrap_future(self._store.write(claim))
            for delivery in portion.claimed:
                self._running[asyncio.create_task(self._attempt(delivery))] = delivery.channel
            next_due = portion.next_due
            if len(portion.claimed) < PER_CHANNEL:
                break
        return next_due

    async def _attempt(self, delivery: Delivery) -> Attempt:
        ruling = await self._try(delivery)
        reach("after_send")
        try:
            recorded = await asyncio.wrap_future(self._store.write(lambda tx: self._settle(tx, delivery, ruling)))
        except StoreUnavailable as away:  # its lease runs out and it is tried again
            _log.error("delivery %s could not be recorded: %s", delivery.id, away)
            recorded = False
        except Exception:  # noqa: BLE001 -- the loop outlives one delivery; its lease runs out and it is tried again
            _log.exception("delivery %s could not be recorded", delivery.id)
            recorded = False
        attempt = Attempt(delivery, ruling, recorded)
        went_well = recorded and ruling.state == "delivered"
        _log.log(
            logging.DEBUG if went_well else logging.INFO,
            "delivery %s alert=%s channel=%s number=%d attempt=%d %s: %s",
            delivery.id, delivery.alert, delivery.channel, delivery.number, delivery.attempts,
            ruling.state if recorded else "not recorded", ruling.code,
        )  # fmt: skip
        self._settled(attempt)
        return attempt

    async def _try(self, delivery: Delivery) -> Verdict:
        channel = self._channels.get(delivery.channel)
        if channel is None:
            return Verdict("held", "the settings have no such channel", "channel-removed", reason="channel-removed")
        if delivery.recipient not in self._recipients.get(delivery.channel, (delivery.recipient,)):
            told = "the channel no longer names this recipient"
            return Verdict("held", told, "recipient-removed", reason="recipient-removed")
        try:
            async with asyncio.timeout(CUT_OFF.total_seconds()):
                result = await channel.send(delivery)
        except TimeoutError:
            result = SendResult("retry", "timeout", "cut off: the channel did not keep its own deadline")
        except Exception as error:  # noqa: BLE001 -- a bug or an unsendable body is this delivery's failure, not the loop's
            _log.exception("delivery %s failed in an unforeseen way", delivery.id)
            result = SendResult("retry", "error", type(error).__name__)
        now = self._now()
        return verdict(
            result,
            attempts=delivery.attempts - delivery.spent,
            first_try=delivery.renewed_at or delivery.created_at or now,
            now=now,
            jitter=self._jitter(),
        )

    def _settle(self, tx: Transaction, delivery: Delivery, ruling: Verdict) -> bool:
        reach("before_mark")
        if not tx.outbox.settle(delivery, ruling):
            return False
        if ruling.state in ("delivered", "dead"):
            event = DeliverySettled(
                alert=delivery.alert,
                rule=delivery.rule,
                channel=delivery.channel,
                recipient=delivery.number,
                outcome=ruling.state,
                attempts=delivery.attempts,
                answer=ruling.code,
            )
            tx.log.append(rule_stream(delivery.rule), [event], now=self._now())
        return True
