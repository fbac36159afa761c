"""What is erased is gone: from every table, every file and every message, and the log still holds."""

import random
import signal
import sqlite3
import time
from contextlib import closing

import pytest

TITLE = "Quicksilver lantern"
NOISE = random.Random(7731).randbytes(900).hex()
TEXT = f"Syria: the secret word is heliotrope. {NOISE}"
WHY = "Court order 12/2026"


def until(fact, seconds=15):
    end = time.monotonic() + seconds
    while not (found := fact()):
        assert time.monotonic() < end, "it did not come to be"
        time.sleep(0.05)
    return found


def poll(desk, *, expect=0):
    answer = desk.call("poll")
    assert answer.status == expect, answer.err


def stored(desk, statement):
    with closing(sqlite3.connect(desk.folder / "feedwitness.db")) as database:
        return database.execute(statement).fetchall()


def remains(desk, pieces):
    """Which of these bytes still stand in a file of the store."""
    files = [file.read_bytes() for file in desk.folder.iterdir() if file.name.startswith("feedwitness.db")]
    return [piece for piece in pieces if any(piece in file for file in files)]


def traces(desk):
    """The words of the item, and pieces of everything that holds them packed."""
    packed = [body for (body,) in stored(desk, "SELECT body FROM texts UNION ALL SELECT body FROM captures")]
    slices = [body[start : start + 16] for body in packed for start in range(200, len(body) - 16, 400)]
    assert len(slices) > 5
    found = [TITLE.encode(), b"heliotrope", NOISE[500:540].encode(), *slices]
    assert set(remains(desk, found)) == set(found), "before, all of it is there"
    return found


def the_item(desk):
    return next(row["id"] for row in desk.call("items", "--json").json if row["title"] == TITLE)


@pytest.fixture
def told(ministry, watching):
    """A desk that was told of a statement, whose edit waits for its next try."""
    ministry.say("old", "Old", "Nothing", 1)
    poll(watching)
    ministry.say("leak", TITLE, TEXT, 20)
    poll(watching)
    ministry.hook = 503
    ministry.edit("leak", text=f"{TEXT} And Syria once more.")
    poll(watching)
    assert [row["state"] for row in watching.call("alerts", "--json").json] == ["pending", "delivered"]
    return watching


def test_no_file_of_the_store_holds_the_words_afterwards_and_the_log_still_holds(told):
    item, pieces = the_item(told), traces(told)
    before = told.call("events", "--json").json
    answer = told.call("erase", item, "--why", WHY, "--yes")
    assert (answer.status, f"{item} is erased" in answer.out) == (0, True), answer.err
    assert remains(told, pieces) == []
    after = told.call("events", "--json").json
    assert after[: len(before)] == before
    (erased,) = after[len(before) :]
    assert (erased["kind"], erased["data"]["why"], erased["subject"]) == ("text.erased/1", WHY, item)
    assert erased["data"]["who"]
    assert told.call("verify").status == 0


def test_everything_shows_that_it_was_erased_and_nothing_more_and_a_rebuild_agrees(told):
    item = the_item(told)
    alert = told.call("alerts", "--json").json[0]["alert_id"]
    told.call("erase", item, "--why", WHY, "--yes")

    def shown():
        asked = (("items",), ("history", item), ("why", item), ("alerts",), ("alerts", "show", alert), ("events",))
        return [told.call(*words, *form) for words in asked for form in ((), ("--json",))]

    answers = shown()
    assert all(answer.status == 0 for answer in answers)
    assert not any("heliotrope" in each.out or TITLE in each.out for each in answers)
    assert ["(erased)" in each.out for each in answers[:2]] == [True, True]
    assert "(erased)" in answers[2].out
    assert WHY in answers[2].out
    assert "its text was erased" in answers[4].out
    assert "held: erased" in answers[6].out
    assert told.call("items", "--match", "erased OR Syria", "--json").json == []
    told.call("rebuild")
    assert [each.out for each in shown()] == [each.out for each in answers]


@pytest.mark.long
def test_what_waited_is_never_sent_and_what_the_source_still_lists_is_ignored(ministry, told):
    item = the_item(told)
    told.call("erase", item, "--why", WHY, "--yes")
    ministry.hook = 200
    received = len(ministry.received)
    for words in (("alerts", "retry", "--dead"), ("alerts", "release", "--rule", "syria")):
        assert told.call(*words).status == 0
    ministry.edit("leak", text=f"{TEXT} Edited after all, and Syria again.")
    ministry.say("new", "Harmless", "Nothing", 30)
    poll(told)
    told.call("rebuild")
    ministry.edit("leak", title=f"{TITLE}, once more")
    ministry.say("newer", "Harmless too", "Nothing", 31)
    poll(told)
    assert len(ministry.received) == received
    assert remains(told, [TITLE.encode(), b"heliotrope"]) == []
    assert len(told.call("items", "--json").json) == 4
    with closing(sqlite3.connect(told.folder / "feedwitness.db")) as database:
        assert database.execute("SELECT count(*) FROM captures").fetchone() == (1,), "only the one from before it"
    ministry.withdraw("leak")
    time.sleep(1.1)
    poll(told)
    time.sleep(1.1)
    poll(told)
    assert not any("heliotrope" in str(each) or TITLE in str(each) for each in ministry.received[received:])
    assert told.call("verify").status == 0


@pytest.mark.long
def test_erasing_twice_says_so_and_changes_nothing(told):
    item = the_item(told)
    told.call("erase", item, "--why", WHY, "--yes")
    head = told.call("status", "--json").json["head"]
    again = told.call("erase", item, "--why", "Once more")
    assert (again.status, "erased before" in again.out) == (0, True)
    assert told.call("erase", item, "--why", "x", "--json").json["erased"] is False
    assert told.call("status", "--json").json["head"] == head


def test_nothing_is_erased_by_mistake(told):
    item = the_item(told)
    for words, said in (
        (("erase", item), "--why"),
        (("erase", item, "--why", "  ", "--yes"), "--why"),
        (("erase", item, "--why", WHY), "`--yes`"),
        (("erase", item, "--why", f"They leaked {TITLE.upper()}", "--yes"), "other words"),
        (("erase", "ministry/none", "--why", WHY, "--yes"), "no item"),
        (("erase", item[:-1], "--why", WHY, "--yes"), f"name it in full: {item}"),
    ):
        answer = told.call(*words)
        assert (answer.status, said in answer.err) == (2, True), answer
    assert the_item(told) == item


@pytest.mark.long
def test_beside_a_running_daemon_the_words_are_gone_within_seconds(ministry, told):
    item, pieces = the_item(told), traces(told)
    daemon = told.start("run")
    try:
        until(lambda: told.call("status", "--json").json["daemon"]["running"])
        answer = told.run("erase", item, "--why", WHY, "--yes")
        assert (answer.status, "the running daemon" in answer.err) == (0, True), answer.err
        until(lambda: remains(told, pieces) == [], seconds=10)
        assert daemon.poll() is None
    finally:
        daemon.send_signal(signal.SIGTERM)
        _, err = daemon.communicate(timeout=20)
    assert daemon.returncode == 0, err
    assert remains(told, pieces) == []
    assert told.call("verify").status == 0
