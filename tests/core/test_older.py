"""Where a feed keeps what has left its list: the addresses of its older pages."""

import json

import pytest

from aggregator.older import OlderPage, first_page, page_after
from aggregator.parse.feed import parse
from bench.watcher import document

FEED = "https://mfa.example/feed"
KREMLIN = "http://en.kremlin.ru/events/all/feed"


def rss(head: str) -> bytes:
    return f'<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>m</title>{head}</channel></rss>'.encode()


def atom(head: str) -> bytes:
    return f'<feed xmlns="http://www.w3.org/2005/Atom"><title>m</title>{head}</feed>'.encode()


NAMED = [
    (atom('<link rel="next" href="/feed?page=2"/>'), "https://mfa.example/feed?page=2"),
    (atom('<link rel="prev-archive" href="archive/7"/>'), "https://mfa.example/archive/7"),
    (atom('<link rel="next" href="/2"/><link rel=" Prev-Archive" href="/a"/>'), "https://mfa.example/a"),
    (rss('<atom:link rel="next" href="https://old.example/2"/>'), "https://old.example/2"),
    (rss('<atom:link rel="self" href="/feed"/><atom:link rel="prev" href="/newer"/>'), ""),
    (rss("<item><title>x</title><atom:link rel='next' href='/x'/></item>"), ""),
    (atom('<link rel="next" href="javascript:alert(1)"/>'), ""),
    (atom('<link rel="next" href="file:///etc/passwd"/>'), ""),
    (atom(f'<link rel="next" href="/{"x" * 5000}"/>'), ""),
    (
        json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": [], "next_url": "?p=2"}).encode(),
        f"{FEED}?p=2",
    ),
]


@pytest.mark.parametrize(("body", "older"), NAMED)
def test_a_document_names_what_is_older_by_rfc_5005_or_json_feed(body: bytes, older: str) -> None:
    read = parse(body, "", FEED)
    assert read.older == older
    page = first_page(FEED, read)
    assert page == (OlderPage(older, 2, "linked") if older else None)


@pytest.mark.parametrize(
    ("url", "second", "third"),
    [
        (KREMLIN, f"{KREMLIN}/page/2", f"{KREMLIN}/page/3"),
        (f"{KREMLIN}/", f"{KREMLIN}/page/2", f"{KREMLIN}/page/3"),
        ("http://kremlin.ru/feed?x=1", "http://kremlin.ru/feed/page/2?x=1", "http://kremlin.ru/feed/page/3?x=1"),
    ],
)
def test_the_kremlin_numbers_its_pages_in_the_path(url: str, second: str, third: str) -> None:
    page = first_page(url, document())
    assert page == OlderPage(second, 2, "kremlin")
    assert page_after(page, document()) == OlderPage(third, 3, "kremlin")


@pytest.mark.parametrize(
    "url", ["http://kremlin.ru/rss", "http://kremlin.ru.example/feed", "http://notkremlin.ru/feed"]
)
def test_nobody_else_is_taken_for_the_kremlin(url: str) -> None:
    assert first_page(url, document()) is None


@pytest.mark.parametrize(
    ("url", "second", "third"),
    [
        (FEED, f"{FEED}?paged=2", f"{FEED}?paged=3"),
        (f"{FEED}/?cat=4&paged=1", f"{FEED}/?cat=4&paged=2", f"{FEED}/?cat=4&paged=3"),
    ],
)
def test_wordpress_numbers_its_pages_in_the_query(url: str, second: str, third: str) -> None:
    for generator in ("https://wordpress.org/?v=6.8.1", "WordPress"):
        page = first_page(url, document(generator=generator))
        assert page == OlderPage(second, 2, "wordpress")
        assert page_after(page, document()) == OlderPage(third, 3, "wordpress")


def test_the_generator_is_read_from_rss_and_atom() -> None:
    assert parse(rss("<generator>https://wordpress.org/?v=6.8</generator>"), "", FEED).generator.endswith("?v=6.8")
    assert (
        parse(atom('<generator uri="https://wordpress.org/">WordPress</generator>'), "", FEED).generator == "WordPress"
    )


def test_a_link_of_the_document_goes_before_what_is_known_of_its_maker() -> None:
    page = first_page(KREMLIN, document(older=f"{KREMLIN}?p=2", generator="WordPress"))
    assert page == OlderPage(f"{KREMLIN}?p=2", 2, "linked")
    assert page_after(page, document()) is None
    assert page_after(page, document(older=f"{KREMLIN}?p=3")) == OlderPage(f"{KREMLIN}?p=3", 3, "linked")


def test_a_page_that_leads_to_itself_leads_nowhere() -> None:
    assert first_page(FEED, document(older=FEED)) is None
    page = OlderPage(f"{FEED}?p=2", 2, "linked")
    assert page_after(page, document(older=page.url)) is None


def test_a_feed_without_any_of_them_offers_no_older_page() -> None:
    assert first_page(FEED, document()) is None
    assert first_page("https://[bad/feed", document(generator="WordPress")) is None
