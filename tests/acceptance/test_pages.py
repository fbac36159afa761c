"""The page behind a statement, by the real command: what only it says, what is edited there, and how it is asked."""

import json
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from tests.acceptance.conftest import START, Desk, Ministry, settings_for

LEAD = "A statement was made today."
AID = "The ministry sent 12 tonnes of aid to Syria on the day before yesterday, and more is on its way by sea."
CLOSING = "The minister thanked all who had come to the capital, and said that the work would go on in the winter."
PATIENCE = 60.0
TO_COME = max(0, int((datetime.now(UTC) - START) / timedelta(hours=1))) + 2
"""The hour of a date that the site claims and that is still to come, so that offsets count from our first sight."""


def html(headline: str, *blocks: str) -> str:
    text = "".join(f"<p>{block}</p>" for block in (*blocks, CLOSING))
    return (
        f"<html><head><title>{headline}</title></head><body><nav><a href='/'>Home</a></nav>"
        f"<main><article><h1>{headline}</h1>{text}</article></main><footer>Ministry</footer></body></html>"
    )


def settings(ministry: Ministry, page: str, *, per_host: int = 100, revisit: str = '["1s", "2s", "30d"]') -> str:
    text = settings_for(ministry).replace("[fetch]", f"[fetch]\nper_host = {per_host}")
    return text.replace('title = "Ministry"', f'title = "Ministry"\npage = "{page}"\nrevisit = {revisit}')


def say(ministry: Ministry, name: str, text: str, hour: int) -> None:
    ministry.say(name, f"Statement {name}", LEAD, TO_COME + hour)
    ministry.pages[name] = html(f"Statement {name}", text)


def poll_until(desk: Desk, fact: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not fact():
        assert time.monotonic() < deadline
        assert desk.call("poll").status == 0


def events(desk: Desk, kind: str) -> list[dict[str, Any]]:
    return [one for one in desk.call("events", "--json").json if one["kind"] == kind]


def told(ministry: Ministry) -> list[str]:
    return [message["type"].removeprefix("alert.") for message in ministry.received]


def test_what_only_the_page_says_is_told_edited_dropped_and_withdrawn(ministry: Ministry, desk: Desk) -> None:
    desk.settings(settings(ministry, "fulltext"))
    say(ministry, "trade", "It is about trade with the neighbours in the north, and about the roads.", 1)
    assert desk.call("poll").status == 0
    say(ministry, "aid", AID, 2)
    poll_until(desk, lambda: told(ministry) == ["appeared"])
    ministry.pages["aid"] = html("Statement aid", AID.replace("12", "120"))
    poll_until(desk, lambda: told(ministry) == ["appeared", "changed"])
    change = ministry.received[-1]["data"]["change"]
    assert (change["fields"], change["removed"], change["added"]) == (["page"], ["12"], ["120"])
    ministry.pages["aid"] = html("Statement aid", AID.replace("Syria", "the region"))
    poll_until(desk, lambda: told(ministry)[2:] == ["dropped"])
    ministry.pages["aid"] = html("Statement aid", AID)
    poll_until(desk, lambda: told(ministry)[3:] == ["appeared"])
    ministry.listed = []
    say(ministry, "roads", "It is about the roads of the north and what they cost the people of the country.", 9)
    say(ministry, "bread", "It is about bread and what it costs the people of the country in this winter.", 10)
    ministry.gone.add("aid")
    poll_until(desk, lambda: told(ministry)[4:] == ["withdrawn"])
    assert ministry.received[-1]["data"]["withdrawal"]["grade"] == "page-gone"

    (item,) = [one["subject"] for one in events(desk, "item.withdrawn/1")]
    shown = desk.call("history", item)
    assert "the text of its page" in shown.out
    assert "[-12-]{+120+}" in shown.out
    assert "its page" in desk.call("why", item).out
    assert desk.call("verify").status == 0
    proof = desk.folder / "proof.zip"
    assert desk.call("evidence", item, "-o", str(proof)).status == 0
    with zipfile.ZipFile(proof) as kept:
        assert [name for name in kept.namelist() if name.endswith("page.txt")]
        kept.extractall(desk.folder / "proof")
    checked = subprocess.run(
        [sys.executable, "-I", str(next((desk.folder / "proof").rglob("verif*.py"))), str(proof)],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_only_the_pages_of_what_alerted_are_asked_for(ministry: Ministry, desk: Desk) -> None:
    desk.settings(settings(ministry, "matched"))
    say(ministry, "trade", "It is about trade with the neighbours in the north, and about the roads.", 1)
    assert desk.call("poll").status == 0
    say(ministry, "roads", AID, 2)
    ministry.say("aid", "Aid for Syria", LEAD, TO_COME + 3)
    ministry.pages["aid"] = html("Aid for Syria", AID)
    assert desk.call("poll").status == 0
    assert {name for _, _, name in ministry.visited} == {"aid"}
    assert len(events(desk, "item.completed/1")) == 1
    assert told(ministry) == ["appeared"]


def test_a_setting_that_is_turned_on_later_tells_nothing_by_itself(ministry: Ministry, desk: Desk) -> None:
    desk.settings(settings(ministry, "none"))
    say(ministry, "trade", "It is about trade with the neighbours in the north, and about the roads.", 1)
    assert desk.call("poll").status == 0
    say(ministry, "aid", AID, 2)
    assert desk.call("poll").status == 0
    assert ministry.visited == []
    desk.settings(settings(ministry, "fulltext"))
    assert desk.call("poll").status == 0
    assert {one["data"]["hold"] for one in events(desk, "item.completed/1")} == {"late-page"}
    assert told(ministry) == []
    (held,) = desk.call("alerts", "--state", "held", "--json").json
    assert held["reason"] == "late-page"
    desk.settings(settings(ministry, "none"))
    asked = len(ministry.visited)
    assert desk.call("poll").status == 0
    assert len(ministry.visited) == asked
    assert desk.call("feeds", "ministry", "--json").json[0]["pages"]["next_at"] is None


@pytest.mark.long
def test_a_daemon_asks_a_host_for_one_page_at_a_time_a_second_apart(ministry: Ministry, desk: Desk) -> None:
    for number in range(5):
        say(ministry, f"s{number}", f"{AID} It is number {number}.", number)
    desk.settings(settings(ministry, "fulltext", per_host=2, revisit='["1d"]'))
    daemon = desk.start("run")
    try:
        deadline = time.monotonic() + PATIENCE
        while len(ministry.visited) < 5 and time.monotonic() < deadline:
            time.sleep(0.05)
    finally:
        daemon.terminate()
        _, complaints = daemon.communicate(timeout=30)
    assert daemon.returncode == 0, complaints
    visited = sorted(ministry.visited)
    assert len(visited) == 5
    assert all(after[0] > before[1] for before, after in pairwise(visited)), "never two at once"
    assert all(after[0] - before[1] > 0.95 for before, after in pairwise(visited))


@pytest.mark.long
@pytest.mark.parametrize("place", ["after_page", "page_in_tx:2", "before_commit:2", "after_commit:2"])
def test_nothing_is_lost_or_read_twice_when_killed_on_the_way(ministry: Ministry, desk: Desk, place: str) -> None:
    desk.settings(settings(ministry, "fulltext", revisit='["1d"]'))
    say(ministry, "trade", "It is about trade with the neighbours in the north, and about the roads.", 1)
    assert desk.call("poll").status == 0
    for number in range(3):
        say(ministry, f"aid{number}", f"{AID} It is number {number}.", 2 + number)
    assert desk.run("poll", FEEDWITNESS_FAILPOINT=place).status == -9
    assert desk.call("poll").status == 0
    completed = [one["subject"] for one in events(desk, "item.completed/1")]
    assert (len(completed), len(set(completed))) == (4, 4)
    assert told(ministry) == ["appeared"] * 3
    assert desk.call("verify").status == 0


def test_the_page_of_a_feed_says_why_it_is_not_read(ministry: Ministry, desk: Desk) -> None:
    desk.settings(settings(ministry, "fulltext", revisit='["1h"]'))
    say(ministry, "trade", "It is about trade with the neighbours in the north, and about the roads.", 1)
    say(ministry, "aid", AID, 2)
    ministry.gone.add("aid")
    assert desk.call("poll").status == 0
    (row,) = desk.call("feeds", "ministry", "--json").json
    assert row["pages"]["unread"] == {"gone": 1}
    assert (row["pages"]["setting"], row["pages"]["known"], row["pages"]["read"]) == ("fulltext", 2, 1)
    told_to_people = desk.call("feeds", "ministry").out
    assert "1 not read: gone: its page is gone" in told_to_people
    assert "pages     " in desk.call("status").out
    assert json.loads(desk.call("status", "--json").out)["queues"]["pages"] == 0


def test_a_page_that_was_read_before_is_not_called_unread(ministry: Ministry, desk: Desk) -> None:
    desk.settings(settings(ministry, "fulltext"))
    say(ministry, "trade", "It is about trade with the neighbours in the north, and about the roads.", 1)
    say(ministry, "aid", AID, 2)
    ministry.gone.add("aid")
    assert desk.call("poll").status == 0
    ministry.gone.add("trade")
    poll_until(desk, lambda: desk.call("feeds", "ministry", "--json").json[0]["pages"]["unread"] == {"gone": 2})
    told_to_people = desk.call("feeds", "ministry").out
    assert "1 of 2 pages read so far" in told_to_people
    assert "1 not read: gone: its page is gone" in told_to_people
    assert "1 read before, but not at the last look: gone: its page is gone" in told_to_people
    (trade,) = (row for row in desk.call("items", "--json").json if row["title"] == "Statement trade")
    assert (
        "its page  read before, but not at the last look: gone: its page is gone" in desk.call("why", trade["id"]).out
    )
