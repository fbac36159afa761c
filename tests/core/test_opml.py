"""Lists of feeds as OPML: whatever readers wrote is read, and what we write comes back the same."""

import re
import time
from dataclasses import replace
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.finding.adopt import adopt
from aggregator.finding.names import Known, same, tag_of
from aggregator.finding.opml import FeedList, NoList, Outline, read, write

AT = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
TITLES = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=30).map(str.strip)
TAGS = st.lists(st.text(max_size=12).map(tag_of).filter(bool), max_size=3, unique=True).map(tuple)
FEEDS = st.lists(
    st.builds(
        Outline,
        st.text("abcé/?&=;%\"'<>", max_size=12).map("https://a.example/{}".format),
        TITLES,
        st.sampled_from(["", "en", "zh-Hans"]),
        TAGS,
    ),
    max_size=8,
)  # fmt: skip


def opml(body):
    return f'<?xml version="1.0"?><opml version="2.0"><head/><body>{body}</body></opml>'.encode()


@given(FEEDS)
def test_what_is_written_is_read_back_the_same(feeds):
    back = read(write(feeds, "list", AT).encode()).feeds
    assert sorted(back, key=repr) == sorted((replace(feed, title=in_xml(feed)) for feed in feeds), key=repr)


def in_xml(feed):
    """A title as XML can hold it; a feed without one is called by its address."""
    return re.sub("[\ufffe\uffff]", "\ufffd", feed.title) or feed.url


@given(st.text(), st.text(), st.lists(st.text(max_size=8), max_size=3))
def test_what_is_written_is_well_formed_whatever_titles_and_tags_hold(title, name, tags):
    document = ET.fromstring(write([Outline("https://a.example/", title, "", tuple(tags))], name, AT).encode())
    (feed,) = [each for each in document.iter("outline") if "xmlUrl" in each.attrib]
    assert feed.attrib["xmlUrl"] == "https://a.example/"
    assert document.attrib["version"] == "2.0"
    assert document.findtext("head/dateCreated") == "Sun, 22 Nov 2026 03:00:00 +0000"


def test_folders_from_the_outermost_and_then_categories_become_tags():
    body = (
        '<outline text="World"><outline text="Foreign Ministries">'
        '<outline text="A" xmlUrl="https://a.example/" category="official,/Region/Europe"/></outline>'
        '<outline text="B" xmlUrl="https://b.example/"></outline></outline>'
        '<outline text="C" xmlUrl="https://c.example/"/>'
    )
    tags = {feed.title: feed.tags for feed in read(opml(body)).feeds}
    assert tags == {"A": ("world", "foreign-ministries", "official", "region", "europe"), "B": ("world",), "C": ()}


@pytest.mark.parametrize(
    "body",
    [
        '<outline text="A &amp; B" xmlUrl="https://a.example/?x=1&amp;y=2"/>',
        '<outline text="A & B" xmlUrl="https://a.example/?x=1&y=2"/>',
        "<OUTLINE TEXT='A &#38; B' xmlURL='https://a.example/?x=1&y=2' type=rss />",
        '<!--<outline xmlUrl="x"/>--><outline title="A &amp; B"\nxmlUrl=" https://a.example/?x=1&amp;y=2 "></outline>',
    ],
)
def test_what_other_readers_write_is_read(body):
    assert [(feed.title, feed.url) for feed in read(opml(body)).feeds] == [("A & B", "https://a.example/?x=1&y=2")]


def test_other_encodings_are_read():
    document = (
        opml('<outline text="Новости" xmlUrl="https://a.example/"/>').decode().replace("?>", " encoding='cp1251'?>")
    )
    assert read(document.encode("cp1251")).feeds[0].title == "Новости"
    assert read(document.encode("utf-16")).feeds[0].title == "Новости"


def test_a_list_that_ends_too_early_says_so():
    whole = opml('<outline text="A" xmlUrl="https://a.example/"/>')
    assert read(whole).whole
    cut = read(whole[:-10])
    assert (len(cut.feeds), cut.whole) == (1, False)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (b"", "no XML"),
        (b"hello", "no XML"),
        (b"<rss version='2.0'><channel/></rss>", "feeds discover"),
        (b"<!doctype html><html></html>", "web page"),
        (b"<a/>", "<a>"),
    ],
)
def test_what_is_no_list_is_called_by_its_name(document, words):
    with pytest.raises(NoList, match=words):
        read(document)


def test_entities_of_the_document_stay_unread():
    bomb = "<!DOCTYPE o [" + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12)) + "]>"
    (feed,) = read(bomb.encode() + opml('<outline text="&a11;" xmlUrl="https://a.example/"/>')).feeds
    assert feed.title == "&a11;"


@pytest.mark.parametrize(
    "body",
    [
        '<outline text="a">' * 50_000 + '<outline text="x" xmlUrl="https://a.example/"/>' * 500,
        "<outline " * 60_000 + ">",
        "<outline a='" * 60_000 + ">",
        "<outline " + "a='b' " * 100_000 + "/>",
        "<!--" * 100_000,
    ],
    ids=["deep", "unclosed tags", "unclosed quotes", "attributes", "comments"],
)
def test_hostile_lists_take_no_time(body):
    start = time.process_time()
    read(opml(body))
    assert time.process_time() - start < 2


def test_too_many_feeds_are_refused():
    with pytest.raises(NoList, match="over 20000 feeds"):
        read(opml('<outline xmlUrl="https://a.example/"/>' * 20_001))


def listed(*feeds):
    return FeedList(tuple(Outline(*feed) for feed in feeds), whole=True).feeds


def test_repeated_known_and_unusable_feeds_are_told_apart_and_named():
    known = Known(used={same("https://known.example/"): "mine"})
    found = adopt(
        listed(
            ("https://a.example/", "A", "en_US", ("x",)), ("https://A.example", "again", "", ("y",)),
            ("https://known.example/", "K"), ("https://u:secret@b.example/", "B"), ("feed:x", "F"),
        ),
        known,
    )  # fmt: skip
    (feed,) = found.feeds
    assert (feed.title, feed.tags, feed.language) == ("A", ("x", "y"), "")
    assert [(left.title, left.known_as) for left in found.known] == [("again", ""), ("K", "mine")]
    assert [left.title for left in found.unusable] == ["B", "F"]
    assert "secret" not in repr(found)
