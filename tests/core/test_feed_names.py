"""Ids for feeds are chosen as a person would, once for ever, and never twice."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.finding.listed import ListedFeed, as_toml, quoted, usable
from aggregator.finding.names import RESERVED, Known, ids_for, same, tag_of, tags_of
from config.values import FEED_ID

TITLES = st.text(max_size=60) | st.sampled_from(["News", "news!", "import", "Новости", "", "UN News"])
URLS = st.builds(
    "https://{}/{}".format, st.sampled_from(["a.example", "www.b.example", "10.0.0.1"]), st.text("abc/?=é%", max_size=8)
)
FEEDS = st.lists(st.tuples(TITLES, URLS), max_size=12, unique_by=lambda feed: same(feed[1]))


def ids(*feeds, known=Known()):  # noqa: B008 - a frozen value
    return ids_for(feeds, known)


@pytest.mark.parametrize(
    ("title", "url", "name"),
    [
        ("UN News (all)", "https://news.example.org/feed", "un-news-all"),
        ("Élysée: Presse", "https://www.elysee.fr/rss", "elysee-presse"),
        ("Новости", "https://www.mid.example/ru/press/rss.php", "mid-ru-press"),
        ("", "https://www.whitehouse.gov/news/feed/", "whitehouse-news"),
        ("", "https://192.0.2.7/feed", "192-0-2-7"),
        ("Import", "https://a.example/feed", "a-example-import"),
        ("A title so long that nobody would like to type it into a rule", "https://a.example/",
         "a-title-so-long-that-nobody-would-like"),
    ],
)  # fmt: skip
def test_an_id_comes_from_the_title_or_else_from_the_address(title, url, name):
    assert ids((title, url)) == [name]


def test_two_of_one_title_both_get_their_hosts_name_and_two_of_one_host_a_digest():
    assert ids(("News", "https://a.example/1"), ("News", "https://b.example/1")) == ["a-example-news", "b-example-news"]
    first, second = ids(("News", "https://a.example/1"), ("News", "https://a.example/2"))
    assert first != second
    assert first.startswith("news-")


def test_a_shipped_feed_gets_the_id_that_it_ships_under_and_no_other_feed_does():
    known = Known(shipped={same("https://news.un.org/rss"): ("un-news", "feeds/un.toml")})
    assert ids(("Anything", "https://News.UN.org/rss"), known=known) == ["un-news"]
    assert ids(("UN News", "https://elsewhere.example/"), known=known) == ["elsewhere-example-un-news"]
    known = Known(used={same("https://mine.example/"): "un-news"}, shipped=known.shipped)
    assert ids(("", "https://news.un.org/rss"), known=known) == ["news-un"]


@given(FEEDS, st.sets(st.sampled_from(["news", "a-news", "a", "un-news", "a-example-news"])), st.randoms())
def test_ids_are_valid_free_different_and_do_not_depend_on_the_order(feeds, former, chance: random.Random):
    chosen = ids_for(feeds, Known(former=former))
    assert len(set(chosen)) == len(feeds)
    assert all(FEED_ID.fullmatch(name) for name in chosen)
    assert not set(chosen) & {*former, *RESERVED}
    shuffled = chance.sample(feeds, len(feeds))
    assert dict(zip(shuffled, ids_for(shuffled, Known(former=former)), strict=True)) == dict(
        zip(feeds, chosen, strict=True)
    )


@given(st.text(max_size=30))
def test_a_tag_of_a_tag_is_itself(name):
    assert tag_of(tag_of(name)) == tag_of(name)


def test_folders_become_tags_of_small_letters_in_any_script():
    assert tags_of(["Foreign Ministries", "МИД России", "★", "foreign ministries"]) == (
        "foreign-ministries", "мид-россии",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ("HTTP://A.example", "http://a.example/", True),
        ("http://a.example:80/#x", "http://a.example/", True),
        ("http://a.example/", "https://a.example/", False),
        ("http://a.example/x", "http://a.example/X", False),
    ],
)
def test_which_addresses_are_the_same(one, other, equal):
    assert (same(one) == same(other)) is equal


@given(st.text(), st.text(max_size=20), st.text(max_size=20))
def test_a_table_is_valid_settings_whatever_the_feed_calls_itself(title, tag, remark):
    import tomllib

    from config.model import FeedSettings

    feed = ListedFeed("a", "https://a.example/ü", title, "en", tags=tags_of([tag]), remarks=[remark])
    table = tomllib.loads(as_toml([feed]))["feeds"]["a"]
    assert FeedSettings(id="a", **table).url == "https://a.example/ü"
    assert "\x1b" not in feed.as_toml()
    assert "\u202e" not in feed.as_toml()


def test_a_toml_string_escapes_what_shows_nothing_and_keeps_marks_of_spelling():
    assert quoted('a"b\\c\u202e\u200c') == '"a\\"b\\\\c\\U0000202E\u200c"'


@pytest.mark.parametrize(
    "url", ["", "ftp://a.example/", "javascript:alert(1)", "https://u:p@a.example/", "https://a.example/\u202e"]
)
def test_addresses_that_no_feed_can_have_say_why(url):
    assert usable(url)
