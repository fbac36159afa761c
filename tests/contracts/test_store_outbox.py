"""The outbox: leases, fencing, turns among channels."""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from store.database import SqlStore
from store.events import AlertId, ChannelId, ItemId, RuleId
from store.ports import Delivery, DeliveryState, StoreError, Verdict

LEASE = timedelta(seconds=60)
DONE = Verdict("delivered", "200 OK for desk@example.org", "http 200")


def delivery(name: str, channel: str = "desk", *, at: datetime | None = None, **more: object) -> Delivery:
    made = Delivery(name, AlertId("a" * 32), RuleId("syria"), ChannelId(channel), "", 0, "appeared", None, b"{}")
    return replace(made, next_at=at, **more)  # type: ignore[arg-type]


def enqueue(store: SqlStore, *deliveries: Delivery) -> None:
    store.write(lambda tx: tx.outbox.enqueue(deliveries)).result()


def claim(store: SqlStore, now: datetime, limit: int = 10, busy: tuple[str, ...] = ()) -> list[Delivery]:
    channels = [ChannelId(channel) for channel in busy]
    return list(store.write(lambda tx: tx.outbox.claim(now, limit, LEASE, busy=channels)).result())


def settle(store: SqlStore, claimed: Delivery, verdict: Verdict) -> bool:
    return store.write(lambda tx: tx.outbox.settle(claimed, verdict)).result()


def stored(store: SqlStore, name: str) -> Delivery:
    with store.views() as views:
        return next(one for one in views.deliveries(bodies=True) if one.id == name)


def test_what_is_claimed_is_leased_and_counted(store: SqlStore, now: datetime) -> None:
    enqueue(store, delivery("1", created_at=now))
    (claimed,) = claim(store, now)
    assert (claimed.state, claimed.attempts, claimed.next_at) == ("leased", 1, now + LEASE)
    assert stored(store, "1") == claimed
    assert claim(store, now) == []


def test_everything_about_a_delivery_is_kept(store: SqlStore, now: datetime) -> None:
    full = delivery("1", at=now, recipient="a@b.org", number=3, item="f/1", body=b"\0\xff", created_at=now)
    enqueue(store, full)
    assert stored(store, "1") == full


def test_only_what_is_due_is_claimed_oldest_first(store: SqlStore, now: datetime) -> None:
    minute = timedelta(minutes=1)
    enqueue(store, delivery("late", at=now + minute), delivery("b", at=now), delivery("a", at=now - minute))
    enqueue(store, delivery("held", state="held", reason="first-fetch"))
    assert [one.id for one in claim(store, now)] == ["a", "b"]
    assert [one.id for one in claim(store, now + minute)] == ["a", "b", "late"]  # the leases ran out


@pytest.mark.parametrize(
    ("verdict", "state", "due"),
    [
        (DONE, "delivered", None),
        (Verdict("dead", "550 no such user", "smtp 550"), "dead", None),
        (Verdict("held", "", "", reason="channel-removed"), "held", None),
        (Verdict("pending", "503", "http 503", datetime.fromisoformat("2026-11-22T00:00:00Z")), "pending", "then"),
    ],
)
def test_a_verdict_is_kept(
    store: SqlStore, now: datetime, verdict: Verdict, state: DeliveryState, due: str | None
) -> None:
    enqueue(store, delivery("1", created_at=now))
    (claimed,) = claim(store, now)
    assert settle(store, claimed, verdict)
    kept = stored(store, "1")
    assert (kept.state, kept.last_answer, kept.reason) == (state, verdict.answer, verdict.reason)
    assert kept.next_at == (verdict.next_at if due else None)
    assert not settle(store, claimed, DONE), "a second verdict on one attempt changes nothing"
    assert stored(store, "1") == kept


def test_a_stale_attempt_settles_nothing(store: SqlStore, now: datetime) -> None:
    enqueue(store, delivery("1", created_at=now))
    (first,) = claim(store, now)
    (second,) = claim(store, now + LEASE)
    assert second.attempts == 2
    assert not settle(store, first, Verdict("dead", "late", "late"))
    assert stored(store, "1") == second
    assert settle(store, second, DONE)


def test_leases_of_a_dead_process_are_given_back_at_once(store: SqlStore, now: datetime) -> None:
    enqueue(store, delivery("1", created_at=now), delivery("2", created_at=now), delivery("later", at=now + LEASE))
    (stale, _) = claim(store, now)
    assert store.write(lambda tx: tx.outbox.free({ChannelId("desk"): [""]})).result() == 2
    assert not settle(store, stale, DONE)
    assert [(one.id, one.attempts) for one in claim(store, now)] == [("1", 2), ("2", 2)]


def test_what_waits_for_a_channel_that_is_no_more_is_held_at_a_start_not_first_when_it_is_due(
    store: SqlStore, now: datetime
) -> None:
    hour = timedelta(hours=1)
    enqueue(store, delivery("leased", "gone", at=now), delivery("later", "gone", at=now + hour))
    enqueue(store, delivery("kept", "desk", at=now + hour), delivery("done", "ended", at=now))
    for one in claim(store, now):
        if one.id == "done":
            settle(store, one, DONE)
    store.write(lambda tx: tx.outbox.free({ChannelId("desk"): [""]})).result()
    held = [stored(store, name) for name in ("leased", "later")]
    assert [(one.state, one.reason, one.next_at) for one in held] == [("held", "channel-removed", None)] * 2
    assert (stored(store, "kept").state, stored(store, "done").state) == ("pending", "delivered")
    assert store.write(lambda tx: tx.outbox.free({})).result() == 0
    assert stored(store, "kept").state == "held", "settings without any channel keep none waiting"


def test_what_waits_for_a_recipient_who_was_taken_out_is_held_at_a_start(store: SqlStore, now: datetime) -> None:
    hour = now + timedelta(hours=1)
    enqueue(store, delivery("a", at=hour, recipient="a@example.org"), delivery("b", at=hour, recipient="b@example.org"))
    enqueue(store, delivery("hook", "hook", at=hour))
    known = {ChannelId("desk"): ["a@example.org"], ChannelId("hook"): [""]}
    store.write(lambda tx: tx.outbox.free(known)).result()
    assert [stored(store, name).reason for name in ("a", "b", "hook")] == ["", "recipient-removed", ""]


def test_what_was_erased_while_it_was_being_sent_can_only_end(store: SqlStore, now: datetime) -> None:
    enqueue(store, delivery("1", item="a/1", created_at=now), delivery("2", item="a/1", created_at=now))
    first, second = claim(store, now)
    store.write(lambda tx: tx.erasure.erase(ItemId("a/1"), [])).result()
    again = Verdict("pending", "503: the words", "http 503", now)
    assert not settle(store, first, again), "it is not tried again"
    assert settle(store, second, Verdict("delivered", "200: the words", "http 200"))
    left = [stored(store, name) for name in ("1", "2")]
    assert [(one.state, one.reason, one.body, one.last_answer) for one in left] == [
        ("held", "erased", b"", ""),
        ("delivered", "erased", b"", ""),
    ]
    assert claim(store, now + LEASE) == []
    store.write(lambda tx: tx.outbox.free({ChannelId("desk"): [""]})).result()
    assert claim(store, now + LEASE) == []


def test_a_retry_holds_only_for_what_is_still_as_it_was_read(store: SqlStore, now: datetime) -> None:
    enqueue(store, delivery("dead", created_at=now), delivery("done", "x", at=now))
    enqueue(store, delivery("waits", at=now + LEASE, created_at=now + LEASE))
    for one in claim(store, now):
        settle(store, one, DONE if one.id == "done" else Verdict("dead", "410", "http 410", reason="refused"))
    with store.read() as tx:
        (dead,) = tx.backlog.failed()
        seen = tx.backlog.failed(AlertId("a" * 32))
    assert (dead.id, dead.body, [one.id for one in seen]) == ("dead", b"", ["dead", "waits"])
    later = now + timedelta(days=9)

    def renew() -> int:
        return store.write(lambda tx: tx.backlog.renew(seen, later)).result()

    assert renew() == 2
    (claimed, _) = claim(store, later)
    assert (claimed.id, claimed.attempts, claimed.spent, claimed.renewed_at) == ("dead", 2, 1, later)
    settle(store, claimed, DONE)
    assert renew() == 0, "one is delivered, one is being sent"


def test_a_large_channel_does_not_shut_out_the_others(store: SqlStore, now: datetime) -> None:
    hour = timedelta(hours=1)
    enqueue(store, *(delivery(f"big {n:04}", "big", at=now - hour) for n in range(500)))
    enqueue(store, *(delivery(f"small {n}", "small", at=now) for n in range(3)), delivery("ops 0", "ops", at=now))
    assert Counter(one.channel for one in claim(store, now, 8)) == {"big": 4, "small": 3, "ops": 1}


def test_channels_take_turns_even_when_one_is_claimed_at_a_time(store: SqlStore, now: datetime) -> None:
    enqueue(store, *(delivery(f"{channel} {n}", channel, at=now) for channel in "abc" for n in range(4)))
    turns = []
    for second in range(6):
        at = now + timedelta(seconds=second)
        (one,) = claim(store, at, 1)
        settle(store, one, DONE)
        turns.append(one.channel)
    assert turns == ["a", "b", "c", "a", "b", "c"]


def test_a_busy_channel_is_passed_over(store: SqlStore, now: datetime) -> None:
    enqueue(store, delivery("1", "slow", at=now), delivery("2", "quick", at=now))
    assert [one.id for one in claim(store, now, busy=("slow",))] == ["2"]


def test_the_next_due_time_counts_leases_too(store: SqlStore, now: datetime) -> None:
    def next_due() -> datetime | None:
        with store.read() as tx:
            return tx.outbox.next_due()

    assert next_due() is None
    enqueue(store, delivery("1", "a", at=now), delivery("2", "b", at=now + timedelta(hours=1)))
    assert next_due() == now
    (claimed,) = claim(store, now)
    assert next_due() == now + LEASE
    settle(store, claimed, DONE)
    assert next_due() == now + timedelta(hours=1)


def test_one_delivery_is_enqueued_once(store: SqlStore, now: datetime) -> None:
    enqueue(store, delivery("1", at=now))
    with pytest.raises(StoreError):
        enqueue(store, delivery("2", at=now), delivery("1", at=now))
    with store.views() as views:
        assert [one.id for one in views.deliveries()] == ["1"]
        assert views.counts()["pending"] == 1
        assert views.deliveries(state="dead") == []


def test_a_retry_without_a_time_is_a_bug(store: SqlStore, now: datetime) -> None:
    enqueue(store, delivery("1", at=now))
    (claimed,) = claim(store, now)
    with pytest.raises(ValueError, match="time"):
        settle(store, claimed, Verdict("pending", "503", "http 503"))
