"""The books of the demo: what was done, what the log holds, what the desk has, and how these can differ."""

import base64
import hmac
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aggregator.demo.audit import Verification, balance
from aggregator.demo.desk import Desk, Receipt, is_signed
from aggregator.demo.ministry import FEED_PATH, Ministry
from aggregator.demo.script import BEFORE, SCENES, Challenge, Deed, Rewrite
from store.events import Position, Recorded

HOLDS = Verification(ok=True, events=42, hash="ab")
EDIT = Deed(Rewrite("aid", "12", "120"), "edits a number", "edits a number of it", "wording, number", "changed")
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def edit(alert_facts):
    """A log that holds an edit and the alert about it, and the desk's two messages of that alert."""
    facts = alert_facts("changed")
    raised = Recorded(Position(42), "0194", "rule:desk", 1, facts.alert, NOON, bytes(32))
    return (
        [facts.cause, raised],
        {"aid": facts.alert.item},
        [Receipt(channel, facts.alert.alert, "changed", "Aid") for channel in ("webhook", "mail")],
    )


def test_what_was_done_seen_and_told_once_by_each_channel_balances(edit):
    log, items, receipts = edit
    books = balance([EDIT], items, log, receipts, HOLDS)
    assert books.good
    (row,) = books.rows
    assert (row.position, row.seen, row.told, row.received) == (
        41, "wording, number", "changed", {"webhook": 1, "mail": 1},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("spoilt", "difference"),
    [
        (lambda log, receipts: (log, receipts[1:]), "the desk should have 1 by webhook, and has 0"),
        (lambda log, receipts: (log, receipts * 2), "the desk should have 1 by mail, and has 2"),
        (lambda log, receipts: (log[:1], receipts), "the rule should say changed, and said nothing"),
        (lambda log, receipts: (log[1:], receipts), "the log should hold wording, number, and holds nothing"),
        (lambda log, receipts: (log[1:], receipts), "alert 01234567 (changed) is about nothing that was done"),
        (lambda log, receipts: (log, [*receipts, replace(receipts[0], alert="f" * 32)]),
         "a webhook bears the id ffffffff, which the log does not know"),
        (lambda log, receipts: (log, [replace(receipts[0], good=False), receipts[1]]),
         "the signature of webhook 01234567 is wrong"),
        (lambda log, receipts: ([*log, replace(log[0], position=Position(50))], receipts),
         "#50 of the log, wording, number, is nothing that was done"),
    ],
)  # fmt: skip
def test_every_difference_is_named(edit, spoilt, difference):
    log, items, receipts = edit
    log, receipts = spoilt(log, receipts)
    books = balance([EDIT], items, log, receipts, HOLDS)
    assert not books.good
    assert any(each.endswith(difference) for each in books.differences), books.differences


def test_what_must_stay_untold_and_was_told_is_a_difference(edit):
    log, items, receipts = edit
    books = balance([replace(EDIT, told="")], items, log, receipts, HOLDS)
    assert any("the rule should say nothing, and said changed" in each for each in books.differences)


def test_a_log_that_does_not_hold_is_a_difference(edit):
    log, items, receipts = edit
    assert not balance([EDIT], items, log, receipts, replace(HOLDS, ok=False)).good


def test_the_desk_takes_only_fresh_signatures_of_its_own_secret():
    secret, body = "whsec_" + base64.b64encode(b"k" * 32).decode(), b'{"type": "alert.changed"}'
    stamp = str(int(NOON.timestamp()))
    digest = hmac.digest(b"k" * 32, b"id." + stamp.encode() + b"." + body, "sha256")
    good = {"webhook-id": "id", "webhook-timestamp": stamp,
            "webhook-signature": "v1,AAAA v1," + base64.b64encode(digest).decode()}  # fmt: skip
    assert is_signed(secret, good, body, NOON)
    assert not is_signed(secret, good, body + b" ", NOON)
    assert not is_signed(secret, good | {"webhook-id": "other"}, body, NOON)
    assert not is_signed(secret, good, body, NOON + timedelta(minutes=6))
    assert not is_signed(secret, {}, body, NOON)


def test_a_closed_desk_takes_nothing_and_counts_who_knocked():
    desk = Desk("whsec_")
    assert desk.mail(b"Subject: one\r\n\r\n")
    assert not desk.refused
    desk.receipts.clear()
    desk.open = False
    assert desk.hook({}, b"{}", NOON) == 503
    assert desk.mail(b"") is False
    assert (desk.receipts, dict(desk.refused)) == ([], {"webhook": 1, "mail": 1})


def test_every_deed_of_the_script_can_be_done_and_shows():
    ministry = Ministry(BEFORE, NOON)
    ministry.origin = "http://127.0.0.1:1"
    for deed in (step for scene in SCENES for step in scene.steps if isinstance(step, Deed)):
        before = ministry.answer(FEED_PATH, "")
        assert ministry.answer(FEED_PATH, before.etag).status == 304
        ministry.do(deed.act)
        after = ministry.answer(FEED_PATH, before.etag)
        assert after.status == 200
        assert after.kind.startswith("text/html" if isinstance(deed.act, Challenge) else "application/atom+xml")
    assert ministry.answer("/statements/call", "").status == 410
    assert ministry.answer("/statements/briefing", "").status == 200
