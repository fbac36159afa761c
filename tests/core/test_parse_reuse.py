"""Entries read before are taken from memory, and nobody can tell from the outcome."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.outcome import ParsedFeed
from aggregator.parse.feed import parse
from aggregator.parse.reuse import Memory, split

FEEDS = Path(__file__).parents[1] / "data" / "feeds"
URL = "https://source.example/feed"


def rss(numbers: list[int], *, updated: str = "1", attribute: str = "") -> bytes:
    items = "\n".join(
        f"<item><guid>{n}</guid><title>Title {n}</title><description><![CDATA[<p>Text <b>{n}</b></p>]]></description>"
        f"<link>{n}.html</link></item>"
        for n in numbers
    )
    return (
        f'<?xml version="1.0"?><rss version="2.0" {attribute}><channel><title>T</title><language>en</language>'
        f"<lastBuildDate>{updated}</lastBuildDate>{items}</channel></rss>"
    ).encode()


def experienced(*bodies: bytes) -> Memory:
    memory = Memory()
    memory.meets_again(URL)
    for body in bodies:
        parse(body, "", URL, memory=memory)
    return memory


def known(body: bytes, memory: Memory) -> int:
    parts = split(body.decode().partition("?>")[2], "rss")
    return len(memory.recall(parts.keys(URL, ""))) if parts else 0


@given(st.lists(st.lists(st.integers(0, 12), max_size=8), min_size=1, max_size=6))
def test_a_series_of_documents_reads_the_same_with_memory_and_without(polls):
    memory = experienced()
    for number, numbers in enumerate(polls):
        body = rss(numbers, updated=str(number))
        assert parse(body, "", URL, memory=memory) == parse(body, "", URL)


@pytest.mark.parametrize("name", [path.name for path in sorted(FEEDS.iterdir())])
def test_every_golden_feed_reads_the_same_a_second_time(name):
    body = (FEEDS / name).read_bytes()
    assert parse(body, "", URL, memory=experienced(body)) == parse(body, "", URL)


def test_known_entries_are_recognised_although_the_feed_has_a_new_date_and_a_new_entry():
    memory = experienced(rss([2, 1], updated="yesterday"))
    assert known(rss([3, 2, 1], updated="today"), memory) == 2


def test_an_entry_is_new_where_its_surroundings_could_read_it_differently():
    memory = experienced(rss([2, 1]))
    assert known(rss([2, 1], attribute='xml:base="https://elsewhere.example/"'), memory) == 0
    moved = rss([2, 1], attribute='xml:base="https://elsewhere.example/"')
    feed = parse(moved, "", URL, memory=memory)
    assert isinstance(feed, ParsedFeed)
    assert feed.entries[0].link == "https://elsewhere.example/2.html"


def test_documents_that_are_not_plain_are_read_the_whole_way():
    assert split("<rss><channel><item>&bad</item></channel></rss>", "rss") is None
    assert split("<feed><entry><source><entry/></source></entry></feed>", "feed") is None
    assert split("<rss><channel><item><language>fr</language></item></channel></rss>", "rss") is None
    assert split("<RDF><item/></RDF>", "rdf") is None


def test_memory_is_bounded():
    memory = Memory(size=3)
    memory.meets_again(URL)
    parse(rss([1, 2, 3, 4, 5]), "", URL, memory=memory)
    assert known(rss([1, 2, 3, 4, 5]), memory) == 3
