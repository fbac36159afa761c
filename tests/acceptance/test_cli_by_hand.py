"""What an operator does with the outbox by hand: try again, and send what is held."""

import json
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest

TITLE, TEXT = "Aid for Syria", "The convoy for Syria left at noon with 12 tonnes of flour."
SECOND_RULE = '[rules.both]\nmatch = "Syria"\nnotify = ["hook"]\n'


def until(fact: Callable[[], Any], seconds: float = 15) -> Any:
    """Wait for a fact."""
    end = time.monotonic() + seconds
    while not (found := fact()):
        assert time.monotonic() < end, "it did not come to be"
        time.sleep(0.05)
    return found


def rows(desk, *words: str) -> list[dict[str, Any]]:
    return list(desk.call("alerts", *words, "--json").json)


def states(desk) -> list[tuple[str, str | None]]:
    return [(row["state"], row["reason"]) for row in rows(desk)]


def test_what_died_is_tried_again_under_the_same_id_and_is_delivered(ministry, watching):
    ministry.hook = 410
    poll_news(ministry, watching)
    (dead,) = rows(watching, "--state", "dead")
    ministry.hook = 200
    assert watching.call("alerts", "retry", dead["alert_id"][:8], "--json").json == {
        "retried": 1,
        "channels_removed": [],
        "recipients_removed": [],
    }
    assert watching.call("poll").status == 0
    (row,) = rows(watching)
    assert (row["state"], row["delivery_id"], row["attempts"]) == ("delivered", dead["delivery_id"], 2)
    assert [one["data"]["alert_id"] for one in ministry.received] == [dead["alert_id"]]


@pytest.mark.long
def test_what_waits_for_its_next_try_is_due_now(ministry, watching):
    ministry.hook = 503
    poll_news(ministry, watching)
    (waiting,) = rows(watching)
    assert waiting["state"] == "pending"
    ministry.hook = 200
    assert watching.call("poll").status == 0
    assert ministry.received == [], "its time has not come"
    told = watching.call("alerts", "retry", waiting["delivery_id"][:10])
    assert (told.status, told.out) == (0, "1 delivery is due now: the next `feedwitness run` or `poll` sends\n")
    watching.call("poll")
    assert states(watching) == [("delivered", None)]


def test_to_retry_what_is_not_there_is_an_error_and_nothing_to_do_is_none(ministry, watching):
    poll_news(ministry, watching)
    for words, said in (
        (("retry",), "say which"),
        (("retry", "abc", "--dead"), "say which"),
        (("retry", "ffffffff"), "no alert ffffffff"),
        (("release",), "say which"),
        (("release", "ffffffff"), "no alert ffffffff"),
        (("release", "--feed", "nobody"), "no feed nobody"),
        (("release", "--rule", "nothing"), "no rule nothing"),
    ):
        answer = watching.call("alerts", *words)
        assert (answer.status, said in answer.err) == (2, True), (words, answer)
    assert watching.call("alerts", "retry", "--dead").out == "0 deliveries are due now\n"
    (row,) = rows(watching)
    assert watching.call("alerts", "release", row["alert_id"]).out.startswith("0 alerts released")
    assert states(watching) == [("delivered", None)]


def test_what_a_first_fetch_held_is_sent_when_it_is_released_and_the_next_alert_follows_it(ministry, watching):
    ministry.say("aid", TITLE, TEXT, 20)
    assert watching.call("poll").status == 0
    assert (states(watching), ministry.received) == ([("held", "first-fetch")], [])
    answer = watching.call("alerts", "release", "--feed", "ministry", "--rule", "syria", "--json")
    assert answer.json == {"released": 1, "deliveries": 1, "refused": []}
    assert watching.call("poll").status == 0
    ministry.edit("aid", text="The convoy for Syria left at noon with 120 tonnes of flour.")
    assert watching.call("poll").status == 0
    first, second = (one["data"] for one in ministry.received)
    assert (first["transition"], first["follows"], second["follows"]) == ("appeared", None, first["alert_id"])
    assert first["item"]["text"] == TEXT
    assert watching.call("alerts", "release", "--rule", "syria", "--json").json["released"] == 0
    assert watching.call("verify").status == 0
    kinds = [event["kind"] for event in watching.call("events", "--json").json]
    assert kinds.count("alert.released/1") == 1


@pytest.mark.long
def test_of_two_that_are_released_together_the_later_follows_the_earlier_and_a_rebuild_agrees(ministry, watching):
    desk = watching
    desk.settings((desk.folder / "feedwitness.toml").read_text() + SECOND_RULE)
    ministry.say("aid", TITLE, TEXT, 20)
    desk.call("poll")
    hold_the_next_edit(ministry, desk)
    held = rows(desk, "--state", "held")
    assert len(held) == 4
    assert desk.call("alerts", "release", "--rule", "both", "--json").json["released"] == 2
    desk.call("poll")
    told = [one["data"] for one in ministry.received if one["type"].startswith("alert.")]
    follows = {one["transition"]: one["follows"] for one in told}
    first = next(one["alert_id"] for one in told if one["follows"] is None)
    assert follows == {"appeared": None, "changed": first}
    shown = desk.call("alerts", "show", first, "--json").json
    desk.call("rebuild")
    assert desk.call("alerts", "show", first, "--json").json == shown


@pytest.mark.long
def test_a_channel_that_comes_back_as_another_type_gets_messages_of_its_own(ministry, watching):
    desk = watching
    settings = (desk.folder / "feedwitness.toml").read_text()
    without = settings.replace("[channels.hook]", "[channels.other]")
    ministry.say("old", "Old", "Nothing", 1)
    desk.call("poll")
    ministry.hook = 503
    ministry.say("aid", TITLE, TEXT, 20)
    desk.call("poll")
    desk.settings(without.replace('notify = ["hook"]', 'notify = ["other"]'))
    desk.call("poll")
    assert states(desk) == [("held", "channel-removed")]
    refused = desk.call("alerts", "release", "--rule", "syria")
    assert (refused.status, "no such channel" in refused.err) == (0, True)
    ministry.hook = 200
    desk.settings(settings)
    assert desk.call("alerts", "release", "--rule", "syria", "--json").json["deliveries"] == 1
    desk.call("poll")
    assert [one["data"]["item"]["title"] for one in ministry.received] == [TITLE]


@pytest.mark.long
def test_who_is_no_longer_named_by_the_channel_gets_nothing_when_it_is_tried_again(ministry, watching):
    mail = 'type = "email"\nhost = "127.0.0.1"\nport = 1\nsecurity = "none"\nfrom = "watch@example.org"\n'
    mail += 'to = ["stays@example.org", "leaves@example.org"]\n'
    settings = (watching.folder / "feedwitness.toml").read_text()
    settings = settings[: settings.index("[channels.hook]")] + f"[channels.hook]\n{mail}"
    watching.settings(settings)
    poll_news(ministry, watching)
    waiting = rows(watching, "--state", "pending")
    assert len(waiting) == 2
    watching.settings(settings.replace(', "leaves@example.org"', ""))
    answer = watching.call("alerts", "retry", waiting[0]["alert_id"], "--json")
    assert answer.json == {"retried": 1, "channels_removed": [], "recipients_removed": ["leaves@example.org"]}


def test_the_list_shows_the_newest_and_says_how_many_more_there_are(ministry, watching):
    for hour in range(4):
        ministry.say(f"s{hour}", f"Syria {hour}", "Aid", hour)
    watching.call("poll")
    answer = watching.call("alerts", "--limit", "3")
    assert (answer.out.count("held: first-fetch"), "1 older" in answer.err) == (3, True)
    assert len(rows(watching, "--limit", "2")) == 2
    assert len(rows(watching)) == len(rows(watching, "--state", "held")) == 4


@pytest.mark.long
def test_two_retries_at_once_beside_the_daemon_are_one_new_attempt_within_five_seconds(ministry, watching):
    ministry.hook = 410
    poll_news(ministry, watching)
    (dead,) = rows(watching)
    ministry.hook = 200
    daemon = watching.start("run")
    try:
        until(lambda: watching.call("status", "--json").json["daemon"]["running"])
        both = [watching.start("alerts", "retry", "--dead", "--json") for _ in range(2)]
        told = [json.loads(each.communicate(timeout=30)[0]) for each in both]
        assert sorted(each["retried"] for each in told) == [0, 1]
        until(lambda: states(watching) == [("delivered", None)], seconds=5)
    finally:
        daemon.send_signal(signal.SIGTERM)
        daemon.communicate(timeout=20)
    (row,) = rows(watching)
    assert (row["attempts"], len(ministry.received)) == (dead["attempts"] + 1, 1)


def poll_news(ministry, desk):
    """A first fetch, and then a statement that alerts."""
    ministry.say("old", "Old", "Nothing", 1)
    desk.call("poll")
    ministry.say("aid", TITLE, TEXT, 20)
    return desk.call("poll")


def hold_the_next_edit(ministry, desk):
    """Edit so much at once that the edits are held as a reissue."""
    for hour in range(6):
        ministry.say(f"s{hour}", f"Statement {hour}", "Nothing of note", hour)
    desk.call("poll")
    for number, each in enumerate(ministry.listed):
        ministry.edit(each.name, text=f"{each.text} Edited, and told in other words: {number * 7}.")
    desk.call("poll")
