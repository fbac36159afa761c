"""The feeds that a page names, hostile pages included."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.parse.alternates import alternates

URL = "https://a.example/news/"


def declared(page):
    return list(alternates(page, URL).declared)


@pytest.mark.parametrize(
    ("tag", "found"),
    [
        ('<link rel="alternate" type="application/rss+xml" href="/feed">', ["https://a.example/feed"]),
        ("<LINK REL=alternate TYPE=application/atom+xml HREF=atom.xml>", ["https://a.example/news/atom.xml"]),
        ("<link href='//b.example/x?a=1&amp;b=2' type='Application/Feed+JSON; v=1' rel='ALTERNATE home' />",
         ["https://b.example/x?a=1&b=2"]),
        ('<link rel="alternate" type="application/rss+xml" title="a > b" href="/feed">', ["https://a.example/feed"]),
        ('<link rel="feed" href="/feed#x">', ["https://a.example/feed"]),
        ('<link rel="alternate" hreflang="fr" href="/fr">', []),
        ('<link rel="alternate" type="application/json" href="/wp-json">', []),
        ('<link rel="stylesheet" type="text/css" href="/feed">', []),
        ('<link rel="alternate" type="application/rss+xml" href="javascript:alert(1)">', []),
        ('<link rel="alternate" type="application/rss+xml">', []),
        ('<!-- <link rel="alternate" type="application/rss+xml" href="/feed"> -->', []),
        ('<script>"<link rel=alternate type=application/rss+xml href=/feed>"</script>', []),
        ('<base href="https://c.example/"><link rel="alternate" type="text/xml" href="f">', ["https://c.example/f"]),
    ],
)  # fmt: skip
def test_what_a_page_declares(tag, found):
    assert declared(f"<html><head>{tag}</head><body></body></html>") == found


def test_links_that_look_like_feeds_are_told_apart_from_declared_ones():
    page = (
        '<a href="/rss/">RSS</a><a href="/about">About</a><a href="/atom.xml">Atom</a>'
        '<link rel=alternate type=application/atom+xml href="/atom.xml">'
    )
    found = alternates(page, URL)
    assert (found.declared, found.linked) == (("https://a.example/atom.xml",), ("https://a.example/rss/",))


@given(st.text("<>/='\" aclinkbsehrf!-", max_size=200))
def test_no_page_breaks_it(page):
    assert all(link.startswith("http") for link in declared(page))


@pytest.mark.parametrize(
    "page",
    ["<link " * 200_000, "<link href='" * 80_000 + ">", "<style>" * 140_000, "<a href=/feed>" * 70_000,
     "<a" + " a=b" * 250_000 + ">", "<base href=//x.example>" * 40_000],
    ids=["open", "quotes", "styles", "links", "attributes", "bases"],
)  # fmt: skip
def test_hostile_pages_take_no_time(page):
    start = time.process_time()
    alternates(page, URL)
    assert time.process_time() - start < 2
