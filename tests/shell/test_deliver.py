"""The loop that sends what waits, over a real store: what is recorded, and that nothing holds up the rest."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alerts.deliver import PER_CHANNEL, Attempt, Channel, Deliverer
from alerts.retry import SendResult
from store.database import SqlStore
from store.events import AlertId, ChannelId, DeliverySettled, Position, RuleId
from store.ports import Delivery

OK = SendResult("ok", "http 200", "200 ok for desk@example.org")
BUSY = SendResult("retry", "http 503", "503 busy")
GONE = SendResult("permanent", "smtp 550", "desk@example.org: no such user")
START = datetime(2026, 11, 21, 12, tzinfo=UTC)


@dataclass
class Clock:
    """A clock that stands until it is told."""

    at: datetime = START

    def __call__(self) -> datetime:
        return self.at


@dataclass
class Answering:
    """A channel that gives one answer and remembers what it was handed."""

    result: SendResult = OK
    got: list[Delivery] = field(default_factory=list)

    async def send(self, delivery: Delivery) -> SendResult:
        self.got.append(delivery)
        return self.result


@dataclass
class Hanging:
    """A channel that answers only when it is let go."""

    let_go: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: int = 0
    most: int = 0

    async def send(self, delivery: Delivery) -> SendResult:
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        await self.let_go.wait()
        self.waiting -= 1
        return OK


class Broken:
    """A channel with a bug."""

    async def send(self, delivery: Delivery) -> SendResult:
        raise KeyError(delivery.recipient)


def waiting(name: str, channel: str = "ops", **more: Any) -> Delivery:
    due = {"next_at": START, "created_at": START} | more
    ids = {"id": name, "alert": AlertId(f"alert-{name}"), "rule": RuleId("desk"), "channel": ChannelId(channel)}
    what = {"transition": "appeared", "item": None, "body": f"body of {name}".encode()}
    return Delivery(**ids, **what, recipient="desk@example.org", number=0, **due)


def enqueue(store: SqlStore, *deliveries: Delivery) -> None:
    store.write(lambda tx: tx.outbox.enqueue(deliveries)).result()


def outbox(store: SqlStore) -> dict[str, Delivery]:
    with store.views() as views:
        return {delivery.id: delivery for delivery in views.deliveries(bodies=True)}


def settled(store: SqlStore) -> list[DeliverySettled]:
    with store.read() as tx:
        events = [row.event for row in tx.log.read(Position(0), 1_000, stream="rule:desk")]
    return [event for event in events if isinstance(event, DeliverySettled)]


def deliverer(store: Any, now: Callable[[], datetime], **channels: Channel) -> Deliverer:
    return Deliverer(store, {ChannelId(name): c for name, c in channels.items()}, now=now, jitter=lambda: 0.5)


def once(store: SqlStore, now: Callable[[], datetime], **channels: Channel) -> tuple[Attempt, ...]:
    return asyncio.run(deliverer(store, now, **channels).run_once())


# --- what is recorded -------------------------------------------------------------------------------------------------


def test_what_was_delivered_is_settled_in_the_outbox_and_in_the_log(store: SqlStore) -> None:
    enqueue(store, waiting("a"))
    ops = Answering()
    (attempt,) = once(store, Clock(), ops=ops)
    assert (attempt.recorded, attempt.verdict.state) == (True, "delivered")
    assert [delivery.body for delivery in ops.got] == [b"body of a"]
    assert outbox(store)["a"].state == "delivered"
    assert settled(store) == [
        DeliverySettled(AlertId("alert-a"), RuleId("desk"), ChannelId("ops"), 0, "delivered", 1, "http 200")
    ]
    assert once(store, Clock(), ops=ops) == ()


def test_what_failed_waits_for_its_time_and_is_no_event(store: SqlStore) -> None:
    enqueue(store, waiting("a"))
    clock, ops = Clock(), Answering(BUSY)
    once(store, clock, ops=ops)
    kept = outbox(store)["a"]
    assert (kept.state, kept.attempts, kept.next_at) == ("pending", 1, START + timedelta(seconds=5))
    assert kept.last_answer == "503 busy"
    clock.at += timedelta(seconds=4)
    assert once(store, clock, ops=ops) == ()
    clock.at += timedelta(seconds=1)
    once(store, clock, ops=Answering(OK))
    assert [(event.outcome, event.attempts) for event in settled(store)] == [("delivered", 2)]


def test_what_was_refused_for_ever_is_dead_and_the_log_names_no_address(store: SqlStore) -> None:
    enqueue(store, waiting("a"))
    once(store, Clock(), ops=Answering(GONE))
    assert (outbox(store)["a"].state, outbox(store)["a"].last_answer) == ("dead", "desk@example.org: no such user")
    assert [(event.outcome, event.answer) for event in settled(store)] == [("dead", "smtp 550")]


def test_after_three_days_of_failures_a_delivery_is_dead(store: SqlStore) -> None:
    enqueue(store, waiting("a"))
    clock, ops = Clock(), Answering(BUSY)
    while (kept := outbox(store)["a"]).state == "pending":
        assert kept.next_at is not None
        clock.at = kept.next_at
        once(store, clock, ops=ops)
    assert kept.state == "dead"
    assert timedelta(days=3) <= clock.at - START < timedelta(days=3, hours=7)
    assert len(settled(store)) == 1
    assert {delivery.body for delivery in ops.got} == {b"body of a"}


def test_a_channel_that_the_settings_no_longer_have_holds_its_deliveries(store: SqlStore) -> None:
    enqueue(store, waiting("a", "gone"), waiting("b"))
    once(store, Clock(), ops=Answering())
    assert (outbox(store)["a"].state, outbox(store)["a"].reason) == ("held", "channel-removed")
    assert outbox(store)["b"].state == "delivered"


def test_a_bug_in_a_channel_is_that_deliverys_failure_and_ends_like_any_other(store: SqlStore) -> None:
    enqueue(store, waiting("poison", "bad"), waiting("good"))
    clock = Clock()
    once(store, clock, bad=Broken(), ops=Answering())
    assert outbox(store)["good"].state == "delivered"
    assert (outbox(store)["poison"].state, outbox(store)["poison"].last_answer) == ("pending", "KeyError")
    while (kept := outbox(store)["poison"]).state == "pending":
        assert kept.next_at is not None
        clock.at = kept.next_at
        once(store, clock, bad=Broken())
    assert (kept.state, kept.reason) == ("dead", "gave-up")


def test_a_late_report_changes_nothing_and_is_no_event(store: SqlStore) -> None:
    enqueue(store, waiting("a"))
    clock = Clock()

    class Slow(Answering):
        async def send(self, delivery: Delivery) -> SendResult:
            later = START + timedelta(seconds=61)  # meanwhile our lease ends and another process takes over
            store.write(lambda tx: tx.outbox.claim(later, 1, timedelta(seconds=60))).result()
            return await super().send(delivery)

    (attempt,) = once(store, clock, ops=Slow())
    assert (attempt.recorded, settled(store), outbox(store)["a"].state) == (False, [], "leased")


def test_what_a_dead_process_had_claimed_is_sent_again_with_the_same_bytes(store: SqlStore) -> None:
    enqueue(store, waiting("a"))
    store.write(lambda tx: tx.outbox.claim(START, 1, timedelta(seconds=60))).result()
    clock, ops = Clock(), Answering()
    assert once(store, clock, ops=ops) == ()
    clock.at += timedelta(seconds=60)
    (attempt,) = once(store, clock, ops=ops)
    assert (attempt.delivery.attempts, ops.got[0].body) == (2, b"body of a")


def test_a_store_that_cannot_record_leaves_the_delivery_for_another_attempt(store: SqlStore) -> None:
    enqueue(store, waiting("a"), waiting("b"))

    class Failing:
        """The store, whose second writing job fails as a full disk does."""

        jobs = 0

        def write(self, job: Callable[[Any], Any]) -> "Future[Any]":
            self.jobs += 1
            if self.jobs != 3:  # 1 and 2 claim, 3 settles
                return store.write(job)
            failed: Future[Any] = Future()
            failed.set_exception(OSError("disk full"))
            return failed

    attempts = asyncio.run(deliverer(Failing(), Clock(), ops=Answering()).run_once())
    assert sorted(attempt.recorded for attempt in attempts) == [False, True]
    assert sorted(delivery.state for delivery in outbox(store).values()) == ["delivered", "leased"]


def test_the_log_of_the_program_has_codes_and_no_addresses(store: SqlStore, caplog: pytest.LogCaptureFixture) -> None:
    enqueue(store, waiting("a"), waiting("b", "bad"))
    with caplog.at_level(logging.INFO, logger="feedwitness"):  # whatever level a command left it at
        once(store, Clock(), ops=Answering(GONE), bad=Answering(OK))
    assert "channel=ops number=0 attempt=1 dead: smtp 550" in caplog.text
    assert "@" not in caplog.text


# --- nothing holds up the rest ----------------------------------------------------------------------------------------


def test_a_pass_tries_each_delivery_once_however_many_there_are(store: SqlStore) -> None:
    enqueue(store, *(waiting(f"d{n}", f"c{n % 7}") for n in range(60)))
    channels = {f"c{n}": Answering(BUSY if n % 2 else OK) for n in range(7)}
    attempts = once(store, Clock(), **channels)
    assert len(attempts) == len({attempt.delivery.id for attempt in attempts}) == 60


def test_a_slow_pass_does_not_try_again_what_falls_due_meanwhile(store: SqlStore) -> None:
    enqueue(store, *(waiting(f"d{n}") for n in range(20)))
    clock = Clock()

    class Slow(Answering):
        async def send(self, delivery: Delivery) -> SendResult:
            clock.at += timedelta(seconds=10)
            return await super().send(delivery)

    ops = Slow(BUSY)
    once(store, clock, ops=ops)
    assert len(ops.got) == 20


async def running(worker: Deliverer, wake: asyncio.Event, until: Callable[[], bool], seconds: float = 20) -> None:
    """Run the loop until something is true, and stop it."""
    loop = asyncio.create_task(worker.run(wake))
    async with asyncio.timeout(seconds):
        while not until():
            assert not loop.done(), loop
            await asyncio.sleep(0.005)
    loop.cancel()


def test_a_hundred_hanging_receivers_do_not_delay_the_others(store: SqlStore) -> None:
    enqueue(store, *(waiting(f"h{n}-{k}", f"hang{n:03}") for n in range(100) for k in range(2)))
    ops = Answering()

    async def run() -> float:
        hanging = Hanging()
        channels: dict[str, Channel] = {f"hang{n:03}": hanging for n in range(100)}
        worker, wake = deliverer(store, Clock(), ops=ops, **channels), asyncio.Event()
        await running(worker, wake, lambda: hanging.waiting == 200)
        enqueue(store, *(waiting(f"o{n}") for n in range(20)))
        wake.set()
        started = asyncio.get_running_loop().time()
        await running(worker, wake, lambda: len(ops.got) == 20)
        took = asyncio.get_running_loop().time() - started
        hanging.let_go.set()
        await worker.finish(timedelta(seconds=10))
        return took

    assert asyncio.run(run()) < 5  # 0.1 s on an idle machine; a receiver that held them up would do so for ever


def test_a_hanging_receiver_with_a_long_queue_keeps_only_its_own_slots(store: SqlStore) -> None:
    enqueue(store, *(waiting(f"h{n:03}", "hang") for n in range(50)))
    ops = Answering()

    async def run() -> int:
        hanging = Hanging()
        worker, wake = deliverer(store, Clock(), hang=hanging, ops=ops), asyncio.Event()
        await running(worker, wake, lambda: hanging.waiting >= PER_CHANNEL)
        enqueue(store, waiting("o"))
        wake.set()
        await running(worker, wake, lambda: len(ops.got) == 1)
        hanging.let_go.set()
        await running(worker, wake, lambda: all(d.state == "delivered" for d in outbox(store).values()))
        await worker.finish(timedelta(seconds=5))
        return hanging.most

    assert asyncio.run(run()) < 2 * PER_CHANNEL


def test_a_retry_that_falls_due_is_found_without_being_woken(store: SqlStore) -> None:
    ops = Answering()

    async def run() -> None:
        soon = datetime.now(UTC) + timedelta(seconds=0.2)
        enqueue(store, waiting("a", next_at=soon, created_at=soon))
        worker = deliverer(store, lambda: datetime.now(UTC), ops=ops)
        await running(worker, asyncio.Event(), lambda: bool(ops.got))
        assert datetime.now(UTC) >= soon

    asyncio.run(run())


def test_stopping_lets_what_is_in_flight_end_and_cuts_off_what_does_not(store: SqlStore) -> None:
    enqueue(store, waiting("slow"), waiting("stuck", "never"))

    async def run() -> None:
        slow, never = Hanging(), Hanging()
        worker, wake = deliverer(store, Clock(), ops=slow, never=never), asyncio.Event()
        await running(worker, wake, lambda: slow.waiting == never.waiting == 1)
        slow.let_go.set()
        await worker.finish(timedelta(seconds=0.5))

    asyncio.run(run())
    assert {name: delivery.state for name, delivery in outbox(store).items()} == {
        "slow": "delivered",
        "stuck": "leased",
    }


def test_what_is_held_is_not_sent(store: SqlStore) -> None:
    enqueue(store, replace(waiting("a"), state="held", reason="first-fetch"))
    assert once(store, Clock(), ops=Answering()) == ()
