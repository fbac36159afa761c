"""What makes an entry the same item: guid, link, title and date, and what never does."""

import pytest

from aggregator.deciding.identity import choose_policy, clean_link, comparable_link, strip_timestamp
from aggregator.deciding.normalise import normalise
from bench.watcher import document, entry, profile


@pytest.mark.parametrize(
    ("guid", "same"),
    [
        ("https://www.gov.uk/news/pm-call#2026-09-22T17:00:00+01:00", "https://www.gov.uk/news/pm-call"),
        ("tag:gov.uk,2026:1#2026-09-22T17:00:00Z", "tag:gov.uk,2026:1"),
        (" urn:x:1 ", "urn:x:1"),
        ("https://example.org/page#section-2", "https://example.org/page#section-2"),
    ],
)
def test_a_trailing_timestamp_is_no_part_of_a_guid(guid: str, same: str) -> None:
    assert strip_timestamp(guid) == same


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://example.org/a?utm_source=rss&id=3", "https://example.org/a?id=3"),
        ("http://www.example.org/a/", "https://example.org/a"),
        ("https://example.org:443/a?b=2&a=1", "https://EXAMPLE.org/a?a=1&b=2"),
        ("https://example.org/a;jsessionid=5F?id=1", "https://example.org/a?id=1"),
        ("https://example.org/a#xtor=RSS-1", "https://example.org/a"),
        ("https://example.org/a?ref=rss", "https://example.org/a"),
    ],
)
def test_links_are_the_same_whatever_way_the_reader_came(one: str, other: str) -> None:
    assert comparable_link(one) == comparable_link(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://example.org/a?id=3", "https://example.org/a?id=4"),
        ("https://example.org/changes#one", "https://example.org/changes#two"),
        ("https://example.org/A", "https://example.org/a"),
        ("https://video.example.org/watch?v=1", "https://video.example.org/watch?v=2"),
        ("https://en.example.org/a", "https://ru.example.org/a"),
        ("https://example.org:8080/a", "https://example.org/a"),
    ],
)
def test_links_that_name_other_pages_stay_apart(one: str, other: str) -> None:
    assert comparable_link(one) != comparable_link(other)


@pytest.mark.parametrize(
    "link", ["", "http://[", "https://example.org:99999/x", "not a link", "https://é.example/ü?é=1"]
)
def test_no_link_is_too_odd_to_compare(link: str) -> None:
    comparable_link(link)
    clean_link(link)


def test_unique_guids_identify() -> None:
    assert choose_policy("auto", [entry("a"), entry("b")]) == "guid"


def test_one_guid_for_all_does_not_identify() -> None:
    assert choose_policy("auto", [entry("a", guid="urn:uuid:https"), entry("b", guid="urn:uuid:https")]) == "link"


def test_where_guid_and_link_repeat_the_claimed_date_joins_them() -> None:
    clerk = [entry(n, guid="g", link="https://clerk/", title="Floor", hours=h) for h, n in enumerate("abcdefg")]
    assert choose_policy("auto", clerk) == "dated"
    assert len({item.id for item in normalise(document(*clerk), profile(), "dated")}) == 7


def test_without_guid_and_link_it_is_title_and_date() -> None:
    bare = [entry("a", guid="", link="", title="Briefing", hours=h) for h in (0, 24)]
    assert choose_policy("auto", bare) == "title"
    assert len({item.id for item in normalise(document(*bare), profile(), "title")}) == 2


def test_the_operator_may_choose() -> None:
    assert choose_policy("link", [entry("a"), entry("b")]) == "link"


def test_without_entries_nothing_is_chosen_yet() -> None:
    assert choose_policy("auto", []) == ""


def test_an_exact_duplicate_in_one_document_is_one_item() -> None:
    assert len(normalise(document(entry("a"), entry("a")), profile(), "guid")) == 1


def test_entries_that_share_a_guid_are_still_two_items() -> None:
    pair = normalise(document(entry("a", hours=1), entry("a", "Another text", hours=2)), profile(), "guid")
    assert len({item.id for item in pair}) == 2


def test_a_link_that_several_share_is_no_alias() -> None:
    shared = document(entry("a", link="https://example.org/live"), entry("b", link="https://example.org/live"))
    assert not any(item.aliases for item in normalise(shared, profile(), "guid"))


@pytest.mark.parametrize(
    ("link", "aliases"),
    [
        ("https://example.org", 0),
        ("https://example.org/", 0),
        ("https://example.org/?utm_source=rss", 0),
        ("https://example.org/?id=3", 1),
        ("https://example.org/#three", 1),
        ("https://example.org/a/", 1),
        ("http://[", 1),
    ],
)
def test_a_home_page_is_no_alias(link: str, aliases: int) -> None:
    (item,) = normalise(document(entry("a", link=link)), profile(), "guid")
    assert len(item.aliases) == aliases


def test_an_item_id_is_the_feed_and_sixteen_characters() -> None:
    (item,) = normalise(document(entry("a")), profile(), "guid")
    feed, _, name = item.id.partition("/")
    assert feed == "ministry"
    assert len(name) == 16
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz234567")


def test_language_falls_back_to_document_and_settings() -> None:
    first, second = normalise(document(entry("a", language="ru"), entry("b")), profile(language="fr"), "guid")
    assert (first.language, second.language) == ("ru", "en")
    (third,) = normalise(document(entry("a"), language=""), profile(language="fr"), "guid")
    assert third.language == "fr"
