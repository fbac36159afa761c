"""The JSON that webhooks carry: CONTRACT 5, field by field."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alerts.compose import ChannelComposer, WebhookForm
from alerts.facts import AlertFacts
from store.events import AlertHeld, ChannelId, FeedGap, FeedMoved, FeedReissued, Hit, ItemPublished

GOLDEN = Path(__file__).parents[1] / "data" / "payloads"
FactsMaker = Callable[..., AlertFacts]
COMPOSER = ChannelComposer({ChannelId("hook"): WebhookForm()}, "http://127.0.0.1:8321/")


def composed(facts: AlertFacts) -> bytes:
    return COMPOSER.deliveries(facts)[0].body


def data(facts: AlertFacts) -> dict[str, Any]:
    return json.loads(composed(facts))["data"]  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    "transition", ["appeared", "changed", "dropped", "withdrawn", "restored", "delisted", "degraded"]
)
def test_each_kind_of_alert_gives_exactly_these_bytes(alert_facts: FactsMaker, transition: str) -> None:
    golden = json.loads((GOLDEN / f"{transition}.json").read_text("utf-8"))
    title = "Aid" if transition == "dropped" else "Aid for Syria"
    assert (
        composed(alert_facts(transition, title=title))
        == json.dumps(golden, ensure_ascii=False, separators=(",", ":")).encode()
    )


def test_offsets_point_at_the_words_in_the_item_as_sent(alert_facts: FactsMaker) -> None:
    told = data(alert_facts(title="😀 Aid for Сирии", text="Помощь 😀 для Сирии пришла", term="Сирии"))
    assert [told["item"][m["field"]][m["start"] : m["end"]] for m in told["matches"]] == ["Сирии", "Сирии"]


def test_a_text_of_twenty_thousand_characters_is_whole_and_a_longer_one_is_cut_and_says_so(
    alert_facts: FactsMaker,
) -> None:
    whole = data(alert_facts(text="é" * 19_994 + " Syria"))
    assert len(whole["item"]["text"]) == 20_000
    assert "truncated" not in whole["item"]
    longer = data(alert_facts(text="é" * 19_995 + " Syria"))
    assert (len(longer["item"]["text"]), longer["item"]["truncated"]) == (20_000, True)


def test_a_match_beyond_the_cut_has_no_offsets_only_its_snippet(alert_facts: FactsMaker) -> None:
    told = data(alert_facts(title="", text="word " * 4_100 + "of Syria."))
    (match,) = told["matches"]
    assert set(match) == {"term", "field", "snippet"}
    assert match["snippet"].endswith("of Syria.")


def test_a_text_that_was_cut_before_it_came_to_us_says_so_too(alert_facts: FactsMaker) -> None:
    facts = alert_facts()
    assert facts.item is not None
    assert data(replace(facts, item=replace(facts.item, truncated=True)))["item"]["truncated"] is True


def test_a_match_in_a_field_that_is_not_sent_has_only_its_snippet(alert_facts: FactsMaker) -> None:
    facts = alert_facts()
    author = replace(facts.alert, hits=(Hit("Press", "author", 0, 5), Hit("aid", "category", 0, 3)))
    assert data(replace(facts, alert=author))["matches"] == [
        {"term": "Press", "field": "author", "snippet": "Press Office"},
        {"term": "aid", "field": "category", "snippet": "aid"},
    ]


def test_the_terms_of_a_dropped_topic_are_shown_where_they_stood_before(alert_facts: FactsMaker) -> None:
    told = data(alert_facts("dropped", title="Aid", before="Aid for Syria left.", text="Aid left."))
    assert told["matches"] == [{"term": "Syria", "field": "text", "snippet": "Aid for Syria left."}]
    assert told["change"]["removed"] == ["for Syria"]


def test_an_edit_of_title_and_author_is_told_beside_an_unchanged_text(alert_facts: FactsMaker) -> None:
    facts = alert_facts("changed", text="Same.", before="Same.")
    assert facts.before is not None
    facts = replace(facts, before=replace(facts.before, title="Help for Syria", author="Desk"))
    change = data(facts)["change"]
    assert (change["removed"], change["added"]) == (["Help", "Desk"], ["Aid", "Press Office"])
    assert change["diff"] == [["=", "Same."]]


def test_the_diff_of_a_very_long_text_keeps_what_surrounds_the_changes(alert_facts: FactsMaker) -> None:
    long = "word " * 10_000
    change = data(alert_facts("changed", before=long + "old end.", text=long + "new end."))["change"]
    assert change["diff"][0] == ["…", str(len(long) - 200)]
    assert [tag for tag, _ in change["diff"]] == ["…", "=", "-", "+", "="]


def test_an_erased_earlier_version_leaves_the_change_without_a_diff(alert_facts: FactsMaker) -> None:
    change = data(replace(alert_facts("changed"), before=None))["change"]
    assert (change["diff"], change["added"], change["removed"], change["kind"]) == ([], [], [], "wording")


def test_an_alert_about_an_erased_item_is_still_one_about_an_item(alert_facts: FactsMaker) -> None:
    facts = alert_facts("withdrawn")
    erased = replace(facts, item=None, alert=replace(facts.alert, hits=(), version=None))
    told = json.loads(composed(erased))
    assert told["type"] == "alert.withdrawn"
    assert (told["data"]["item"]["id"], told["data"]["item"]["text"]) == ("ministry/abcdefghij234567", "")
    assert told["data"]["item"]["version"] is None


def test_a_blind_spell_is_told(alert_facts: FactsMaker) -> None:
    facts = alert_facts()
    assert data(facts)["blind_since"] is None
    blind = replace(facts, blind_since=facts.recorded_at - timedelta(hours=5))
    assert data(blind)["blind_since"] == "2026-11-21T07:00:05.123456Z"


def test_times_have_six_digits_even_on_the_full_second(alert_facts: FactsMaker) -> None:
    facts = replace(alert_facts(), recorded_at=datetime.fromisoformat("2026-11-21T23:00:00+03:00"))
    assert json.loads(composed(facts))["timestamp"] == "2026-11-21T20:00:00.000000Z"


def test_a_lone_surrogate_is_replaced_without_moving_the_offsets(alert_facts: FactsMaker) -> None:
    told = data(alert_facts(title="\ud800 Syria", text=""))
    match = told["matches"][0]
    assert told["item"]["title"][match["start"] : match["end"]] == "Syria"


def test_composing_again_gives_the_same_deliveries(alert_facts: FactsMaker) -> None:
    facts = alert_facts("changed", notify=("hook", "gone"))
    assert COMPOSER.deliveries(facts) == COMPOSER.deliveries(facts)


def test_a_channel_that_the_settings_no_longer_have_is_held_by_name(alert_facts: FactsMaker) -> None:
    pending, held = COMPOSER.deliveries(alert_facts(notify=("hook", "gone")))
    assert (pending.state, pending.reason) == ("pending", "")
    assert (held.state, held.reason, held.channel) == ("held", "channel-removed", "gone")


def test_the_deliveries_of_a_held_alert_are_held_for_its_reason(alert_facts: FactsMaker) -> None:
    facts = alert_facts()
    raised = facts.alert
    held = AlertHeld(
        raised.alert, raised.rule, raised.feed, raised.item, raised.transition, raised.cause, raised.version,
        raised.before, raised.hits, raised.topics, raised.follows, "first-fetch",
    )  # fmt: skip
    (delivery,) = COMPOSER.deliveries(replace(facts, alert=held))
    assert (delivery.state, delivery.reason, delivery.next_at) == ("held", "first-fetch", None)
    assert delivery.body == COMPOSER.deliveries(facts)[0].body


def test_the_news_of_a_source_tell_what_their_kind_has_to_tell(alert_facts: FactsMaker) -> None:
    facts = alert_facts("degraded")
    feed, since = facts.alert.feed, facts.recorded_at
    moved = data(replace(facts, health=FeedMoved(feed, since, "redirect_308", "https://new.example/feed")))
    assert moved["url"] == "https://new.example/feed"
    reissued = data(replace(facts, health=FeedReissued(feed, since, "reissue", 40, 30, 5)))
    assert (reissued["known"], reissued["changed"], reissued["rekeyed"]) == (40, 30, 5)
    gap = data(replace(facts, health=FeedGap(feed, since, "nothing listed before is listed now", 10, 12)))
    assert (gap["left"], gap["new"]) == (10, 12)


def test_a_statement_that_was_recovered_late_says_so_and_no_other_does(alert_facts: FactsMaker) -> None:
    facts = alert_facts()
    assert "recovered_late" not in data(facts)["item"]
    published = facts.cause.event
    assert isinstance(published, ItemPublished)
    late = replace(facts, cause=replace(facts.cause, event=replace(published, mark="recovered-late")))
    assert data(late)["item"]["recovered_late"] is True


def test_of_a_page_that_was_read_its_text_is_sent_and_its_edit_is_the_diff(alert_facts: FactsMaker) -> None:
    facts = alert_facts("changed", before="Page: 12 tonnes for Syria.", text="Page: 120 tonnes for Syria.")
    facts = of_page(facts, "A lead.", "A lead.", "page")
    told = data(facts)
    assert told["item"]["text"] == "Page: 120 tonnes for Syria."
    assert (told["change"]["removed"], told["change"]["added"]) == (["12"], ["120"])


def test_an_edit_of_what_the_feed_says_is_the_diff_though_the_page_is_sent(alert_facts: FactsMaker) -> None:
    facts = alert_facts("changed", before="The page for Syria.", text="The page for Syria.")
    facts = of_page(facts, "Aid: 12 tonnes", "Aid: 120 tonnes", "text")
    told = data(facts)
    assert told["item"]["text"] == "The page for Syria."
    assert (told["change"]["removed"], told["change"]["added"]) == (["12"], ["120"])


def test_a_match_in_what_only_the_feed_says_has_its_snippet_and_no_offsets(alert_facts: FactsMaker) -> None:
    facts = of_page(alert_facts("changed"), "Old.", "News of Sudan today.", "text")
    facts = replace(facts, alert=replace(facts.alert, hits=(Hit("Sudan", "lead", 8, 13),)))
    assert data(facts)["matches"] == [{"term": "Sudan", "field": "text", "snippet": "News of Sudan today."}]


def of_page(facts: AlertFacts, before: str, after: str, field: str) -> AlertFacts:
    """The same facts of an item whose page was read, and whose feed said one thing and then another."""
    assert facts.item
    assert facts.before
    assert facts.change
    return replace(
        facts,
        item=replace(facts.item, lead=after),
        before=replace(facts.before, lead=before),
        change=replace(facts.change, fields=(field,)),
    )
