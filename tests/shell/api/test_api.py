"""What the API answers: the rows of the command line, in documents that are described."""

import json
from datetime import datetime

import pytest

from aggregator.shown.chapters import chapters_of
from aggregator.shown.form import compact
from aggregator.shown.rows import alert_row, delivery_row, event_row, item_row
from aggregator.web.api import models
from store.events import AlertId, ItemId, Position
from store.ports import ItemFilter
from tests.shell.api.world import TOKEN

ITEM = "ministry/item000000000000"
ALERT = f"{1:032x}"


def rows(values) -> list[dict[str, object]]:
    return [json.loads(compact(value)) for value in values]


def test_items_are_the_rows_of_the_command_line_newest_first(api) -> None:
    with api.store.views() as views:
        known = rows(map(item_row, views.items(ItemFilter())))
    told = api.get("/api/items")["data"]
    assert sorted(told, key=str) == sorted(known, key=str)
    order = [(row["observed_at"], row["id"]) for row in told]
    assert order == sorted(order, reverse=True)


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ({"feed": "palace"}, 5),
        ({"withdrawn": "true"}, 1),
        ({"state": "withdrawn"}, 1),
        ({"state": "published"}, 24),
        ({"state": "absent"}, 0),
        ({"match": "Syria"}, 4),
        ({"match": "topic:aid", "feed": "palace"}, 0),
        ({"match": "topic:aid AND NOT Syria", "state": "published"}, 15),
        ({"since": "1d"}, 25),
        ({"since": "23h"}, 18),
        ({"since": "2026-11-21T14:00:00.123456Z"}, 11),
        ({"since": "2026-11-21T14:00:00.123456Z", "feed": "palace", "match": "Decree"}, 5),
    ],
    ids=str,
)  # fmt: skip
def test_filters_narrow_the_items(api, asked, count) -> None:
    assert len(api.get("/api/items", **asked)["data"]) == count


def test_a_history_is_that_of_the_command_line_also_under_the_link_of_alerts(api) -> None:
    with api.store.views() as views:
        chapters = rows(chapter.as_row() for chapter in chapters_of(views, ItemId(ITEM)))
        (row,) = rows(item_row(row) for row in views.items(ItemFilter(item=ItemId(ITEM))))
    for path in ("/api/items/", "/items/"):
        assert api.get(path + ITEM) == {"item": row, "history": chapters, "next": None}
    assert [chapter["version"] for chapter in chapters] == [1, 2]
    assert ["-", "12"] in chapters[1]["diffs"][1][1]


def test_rules_feeds_head_and_status_tell_what_the_log_and_the_settings_say(api) -> None:
    assert [(row["id"], row["hits"]) for row in api.get("/api/rules")["data"]] == [("desk", 6), ("ops", 6)]
    assert api.get("/api/rules/desk")["severity"] == "high"
    assert [row["id"] for row in api.get("/api/feeds")["data"]] == ["ministry", "palace"]
    assert [row["id"] for row in api.get("/api/feeds", state="new")["data"]] == ["ministry", "palace"]
    assert api.get("/api/feeds", state="off")["data"] == []
    (spell,) = api.get("/api/feeds/palace")["blind"]
    assert spell["until"] is not None
    head = api.get("/api/head")
    assert api.get("/api/status")["head"] == head
    assert head["position"] == api.get("/api/events", limit=1000)["data"][-1]["position"]


def test_events_are_the_rows_of_the_command_line_in_the_order_of_the_log(api) -> None:
    with api.store.read() as tx:
        known = rows(map(event_row, tx.log.read(Position(0), 1000)))
    answer = api.get("/api/events", limit=1000)
    assert (answer["data"], answer["more"], answer["next"]) == (known, False, len(known))
    page = api.get("/api/events", after=3, limit=2)
    assert (page["data"], page["more"], page["next"]) == (known[3:5], True, 5)
    assert api.get("/api/events", after=len(known)) == {"data": [], "next": len(known), "more": False}


@pytest.mark.parametrize(
    ("asked", "fits"),
    [
        (
            {"kinds": "item.revised/1,item.withdrawn/1"},
            lambda row: row["kind"] in ("item.revised/1", "item.withdrawn/1"),
        ),
        ({"feed": "palace"}, lambda row: row["stream"] == "feed:palace"),
        ({"feed": "palace", "kinds": "feed.degraded/1"}, lambda row: row["kind"] == "feed.degraded/1"),
        ({"item": ITEM}, lambda row: row["subject"] == ITEM),
    ],
    ids=["two kinds", "a feed", "a kind of a feed", "an item"],
)
def test_filters_narrow_the_events(api, asked, fits) -> None:
    everything = api.get("/api/events", limit=1000)["data"]
    assert api.get("/api/events", limit=1000, **asked)["data"] == [row for row in everything if fits(row)] != []


def test_alerts_are_deliveries_newest_first(api) -> None:
    with api.store.views() as views:
        known = rows(delivery_row(each, addresses=False) for each in views.deliveries())
    assert api.get("/api/alerts")["data"] == known[::-1]
    assert {row["rule"] for row in api.get("/api/alerts", rule="ops")["data"]} == {"ops"}
    assert len(api.get("/api/alerts", state="dead")["data"]) == 3
    assert len(api.get("/api/alerts", state="pending", rule="desk")["data"]) == 3
    assert [row["alert_id"] for row in api.get("/api/alerts", item=ITEM)["data"]] == [ALERT]


def test_recipients_are_told_to_the_token_and_to_nobody_else(trusting) -> None:
    path, secret = f"/api/alerts/{ALERT}", f"Bearer {TOKEN}"
    for shown in ("", "Bearer something-else"):
        for target in (path, "/api/alerts", "/api/events?limit=1000"):
            assert b"desk@" not in trusting.ask(target, Authorization=shown)[2]
    told = json.loads(trusting.ask(path, Authorization=secret)[2])
    (delivery,) = told["deliveries"]
    assert (delivery["recipient"], delivery["last_answer"]) == ("desk@example.org", "550 desk@example.org unknown")
    with trusting.store.views() as views:
        (row,) = views.alerts(alert=AlertId(ALERT))
        assert [told] == rows([alert_row(row, views.deliveries(alert=row.alert))])


def test_every_answer_fits_its_model(api) -> None:
    for path, model in (
        ("/api/status", models.Status), ("/api/head", models.Head), ("/api/feeds", models.Page[models.Feed]),
        ("/api/feeds/palace", models.FeedCoverage), ("/api/items", models.Page[models.Item]),
        (f"/api/items/{ITEM}", models.History), ("/api/rules", models.Page[models.Rule]),
        ("/api/rules/desk", models.RuleInFull), ("/api/alerts", models.Page[models.Delivery]),
        (f"/api/alerts/{ALERT}", models.Alert), ("/api/events?limit=1000", models.EventPage),
    ):  # fmt: skip
        model.model_validate_json(api.ask(path)[2])


def test_times_have_microseconds_and_their_zone_and_harmful_signs_are_escaped(api) -> None:
    _, headers, body = api.ask(f"/api/items/{ITEM}")
    assert headers["content-type"] == "application/json"
    assert b"\\u2028" in body
    assert b"\x1b" not in body
    told = json.loads(body)["history"][0]["at"]
    assert datetime.fromisoformat(told).isoformat(timespec="microseconds").replace("+00:00", "Z") == told


@pytest.mark.parametrize(
    ("target", "status", "code"),
    [
        ("/api", 404, "not_found"),
        ("/api/", 404, "not_found"),
        ("/api/items/", 404, "not_found"),
        ("/api/items/ministry", 404, "not_found"),
        ("/api/items/ministry/nothing", 404, "no_such_item"),
        ("/items/ministry/nothing", 404, "no_such_item"),
        ("/api/items/../status", 404, "no_such_item"),
        ("/api/feeds/nothing", 404, "no_such_feed"),
        ("/api/rules/nothing", 404, "no_such_rule"),
        ("/api/alerts/0000", 404, "no_such_alert"),
        ("/api/items?feed=nothing", 404, "no_such_feed"),
        ("/api/events?feed=nothing", 404, "no_such_feed"),
        ("/api/events?item=nothing", 404, "no_such_item"),
        ("/api/alerts?rule=nothing", 404, "no_such_rule"),
        ("/api/alerts?item=nothing", 404, "no_such_item"),
        ("/api/alerts?state=leased", 400, "bad_parameter"),
        ("/api/items?mach=Syria", 400, "bad_parameter"),
        ("/api/items?match=" + "x" * 2001, 400, "bad_parameter"),
        ("/api/status?limit=1", 400, "bad_parameter"),
        ("/api/items?feed=ministry&feed=palace", 400, "bad_parameter"),
        ("/api/items?feed=", 400, "bad_parameter"),
        ("/api/items?withdrawn=true&state=absent", 400, "bad_parameter"),
        ("/api/items?limit=0", 400, "bad_parameter"),
        ("/api/items?limit=1001", 400, "bad_parameter"),
        ("/api/items?limit=NaN", 400, "bad_parameter"),
        ("/api/items?limit=1e3", 400, "bad_parameter"),
        ("/api/items?since=yesterday", 400, "bad_parameter"),
        ("/api/items?since=2026-11-21T12:00:00", 400, "bad_parameter"),
        ("/api/items?match=", 400, "bad_parameter"),
        ("/api/items?match=topic:nothing", 400, "bad_query"),
        ("/api/items?match=((Syria", 400, "bad_query"),
        ("/api/events?after=-1", 400, "bad_parameter"),
        ("/api/events?after=9999", 400, "cursor_ahead"),
        (f"/api/events?after={2**63 - 1}", 400, "cursor_ahead"),
        (f"/api/events?after={2**63}", 400, "bad_parameter"),
        ("/api/events?after=" + "9" * 5000, 400, "bad_parameter"),
        ("/api/events?kinds=item.revised", 400, "bad_parameter"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_code_and_a_sentence(api, target, status, code) -> None:
    assert api.refusal(target) == (status, code)


def test_a_mistake_in_a_query_is_shown_where_it_is(api) -> None:
    message = json.loads(api.ask("/api/items?match=Syria%20topic:nothing")[2])["message"]
    assert message.startswith("`match`: at character 13: ")
