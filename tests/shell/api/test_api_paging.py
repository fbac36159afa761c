"""Pages: nothing twice, nothing left out, whatever comes in between; and no question works for long."""

from datetime import timedelta
from itertools import chain
from pathlib import Path

import pytest

from aggregator.web.api.cursors import sealed
from store import pages
from store.database import open_store
from store.events import Position, feed_stream
from store.ports import DeliveryFilter, EventFilter, ItemFilter
from tests.shell.api.world import MINISTRY, NOON, Api, face, fill, item_id, publish, revise, served, settings_of


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/api/items", {}),
        ("/api/items", {"feed": "ministry"}),
        ("/api/items", {"match": "topic:aid"}),
        ("/api/items", {"state": "published", "since": "30h"}),
        ("/api/alerts", {}),
        ("/api/alerts", {"state": "pending", "rule": "ops"}),
        ("/api/feeds", {}),
        ("/api/rules", {}),
    ],
    ids=str,
)
@pytest.mark.parametrize("limit", [1, 2, 7])
def test_pages_together_are_the_whole_list_in_order(api, path, asked, limit) -> None:
    (whole,) = api.pages(path, limit=1000, **asked)
    paged = api.pages(path, limit=limit, **asked)
    assert list(chain(*paged)) == whole != []
    assert all(len(page) <= limit for page in paged)


def test_a_history_comes_in_pages_too(api) -> None:
    path = f"/api/items/{item_id(MINISTRY, 0)}"
    first = api.get(path, limit=1)
    rest = api.get(path, limit=1000, after=first["next"])
    assert first["history"] + rest["history"] == api.get(path)["history"]
    assert (len(first["history"]), rest["next"]) == (1, None)


def test_the_link_header_leads_to_the_next_page_with_the_same_filters(api) -> None:
    _, headers, _ = api.ask("/api/items?feed=ministry&match=NOT%20title:%22Decree%22&limit=3")
    target, _, relation = headers["link"].partition(">; ")
    assert relation == 'rel="next"'
    status, _, _ = api.ask(target.removeprefix("<"))
    assert status == 200
    assert "link" not in api.ask("/api/items?limit=1000")[1]


def test_what_is_recorded_meanwhile_moves_no_page(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path / 'store.db'}", migrate=True) as store:
        fill(store)
        with served(face(store, settings_of(tmp_path / "store.db"))) as port:
            api = Api(store, port)
            before = [row["id"] for row in api.get("/api/items", limit=1000)["data"]]
            seen, after = [], {}
            for number in range(100, 130):
                page = api.get("/api/items", limit=2, **after)
                seen += [row["id"] for row in page["data"]]
                if page["next"] is None:
                    break
                after = {"after": page["next"]}
                at = NOON + timedelta(hours=number)
                store.write(lambda tx, n=number, t=at: publish(tx, item_id(MINISTRY, n), "New", "New", t)).result()
                store.write(
                    lambda tx, n=number, t=at: revise(tx, item_id(MINISTRY, 1), f"E{n}", "x", t, to_version=n - 98)
                ).result()
            assert seen == before


def test_a_cursor_is_refused_where_it_does_not_belong(api) -> None:
    cursor = api.get("/api/items", limit=1)["next"]
    assert api.refusal(f"/api/items?feed=ministry&after={cursor}") == (400, "bad_cursor")
    assert api.refusal(f"/api/alerts?after={cursor}") == (400, "bad_cursor")
    assert api.refusal(f"/api/items?after={cursor}x") == (400, "bad_cursor")
    assert len(api.get("/api/items", limit=5, after=cursor)["data"]) == 5
    ahead = sealed("/api/items", {}, Position(10**6), (1, "x"))
    assert api.refusal(f"/api/items?after={ahead}") == (400, "cursor_ahead")
    beyond_time = sealed("/api/items", {}, Position(1), (2**63 - 1, "x"))
    assert api.refusal(f"/api/items?after={beyond_time}") == (400, "bad_cursor")


@pytest.mark.parametrize("looked_at", [1, 3, 10_000])
def test_the_store_looks_at_a_bounded_number_of_rows_and_says_how_far_it_came(api, monkeypatch, looked_at) -> None:
    monkeypatch.setattr(pages, "ROWS_LOOKED_AT", looked_at)
    monkeypatch.setattr(pages, "EVENTS_LOOKED_AT", looked_at)
    rare = {
        "items": ItemFilter(state="withdrawn"),
        "deliveries": DeliveryFilter(states=("dead",)),
    }
    with api.store.views() as views:
        for name, wanted in rare.items():
            look, place, found, looks = getattr(views.pages, name), None, [], 0
            while looks == 0 or place is not None:
                window = look(wanted, before=place, most=2)
                found += [row.id for row in window.rows]
                place, looks = window.end, looks + 1
            assert len(found) == len(set(found)) == {"items": 1, "deliveries": 3}[name]
            assert looks >= {1: 12, 3: 4, 10_000: 1}[looked_at]
        after, kinds, looks = Position(0), [], 0
        wanted = EventFilter(feed_stream(MINISTRY), kinds=("item.revised/1", "item.withdrawn/1"))
        while looks == 0 or after is not None:
            window = views.pages.events(wanted, after=after, most=1)
            kinds += [row.event.KIND for row in window.rows]
            after, looks = window.end, looks + 1
        assert kinds == ["item.revised/1", "item.withdrawn/1"]
