"""Whether an item's page still stands, as its site says it."""

from datetime import UTC, datetime
from ipaddress import ip_network

import pytest

from aggregator.fetch.client import Fetcher
from aggregator.fetch.page import probe, verdict
from aggregator.outcome import Fetched, FetchFailed, NotModified, PageProbe, Redirect
from store.events import ItemId

NOW = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
ITEM = ItemId("ministry/abcdefghij234567")
LOOPBACK = [ip_network("127.0.0.0/8")]


def look(play, serve, asking, answer, *, allow=LOOPBACK, sibling="/news/2", **more):
    async def scenario():
        async with serve(answer) as site, Fetcher(allow) as fetcher:
            asked = PageProbe(ITEM, site.url("/news/1"), site.url(sibling) if sibling else "")
            return await probe(fetcher, asked, asking(site.url("/feed"), **more), NOW), site

    return play(scenario)


STATUSES = {
    "200 OK": "standing",
    "206 Partial": "standing",
    "410 Gone": "gone",
    "404 Not Found": "missing",
    "401 Who": "unreachable",
    "403 Forbidden": "unreachable",
    "429 Slow down": "unreachable",
    "451 Law": "unreachable",
    "500 Oops": "unreachable",
    "503 Away": "unreachable",
    "304 Same": "unreachable",
}


@pytest.mark.parametrize("status", STATUSES)
def test_a_page_is_what_its_status_says(play, serve, asking, response, status):
    seen, site = look(
        play, serve, asking, lambda one: response(status if one.path == "/news/1" else "200 OK", b"<html>")
    )
    assert (seen.item, seen.url, seen.at) == (ITEM, site.url("/news/1"), NOW)
    assert (seen.verdict, seen.sibling_stands) == (STATUSES[status], True)
    assert seen.detail


@pytest.mark.parametrize("status", ["404 Not Found", "410 Gone", "403 Forbidden", "500 Oops"])
def test_a_sibling_that_does_not_answer_well_does_not_stand(play, serve, asking, response, status):
    seen, _ = look(play, serve, asking, response(status))
    assert not seen.sibling_stands


def test_a_site_that_sends_everything_home_proves_nothing(play, serve, asking, response):
    seen, _ = look(
        play,
        serve,
        asking,
        lambda one: response() if one.path == "/" else response("302 Found", location="/"),
    )
    assert (seen.verdict, seen.sibling_stands) == ("missing", False)


def test_without_a_sibling_nothing_stands_beside_it(play, serve, asking, response):
    seen, site = look(play, serve, asking, response("410 Gone"), sibling="")
    assert (seen.verdict, seen.sibling_stands, len(site.seen)) == ("gone", False, 1)


def test_credentials_headers_and_validators_of_the_feed_are_not_sent_to_pages(play, serve, asking, response):
    more = {"auth": ("user", "secret"), "headers": {"X-Api-Key": "secret"}, "etag": '"1"', "last_modified": "x"}
    _, site = look(play, serve, asking, response(), **more)
    for seen in site.seen:
        assert seen.header("authorization") is None
        assert b"secret" not in seen.head
        assert seen.header("if-none-match") is None


def test_an_inside_address_is_unreachable_however_the_feed_names_it(play, serve, asking, response):
    seen, site = look(play, serve, asking, response("410 Gone"), allow=[])
    assert (seen.verdict, seen.sibling_stands, site.connections) == ("unreachable", False, 0)
    assert seen.detail.startswith("ssrf_blocked")


def test_a_page_without_end_stands_and_is_not_read(play, serve, asking):
    async def endless(seen, reader, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n\r\n")
        while True:
            writer.write(bytes(65536))
            await writer.drain()

    async def scenario():
        async with serve(talk=endless) as site, Fetcher(LOOPBACK) as fetcher:
            seen = await probe(fetcher, PageProbe(ITEM, site.url("/a/b"), site.url("/a/c")), asking(site.url()), NOW)
            assert (seen.verdict, seen.sibling_stands) == ("standing", True)

    play(scenario)


def ended_at(url):
    return Fetched(url, b"", "text/html", "", "", (), (Redirect(301, url),))


HOMES = [
    ("https://x.test/news/1", "https://x.test/"),
    ("https://x.test/news/1", "https://x.test"),
    ("https://x.test/news/1", "https://www.x.test/en/"),
    ("https://x.test/news/1", "https://x.test/zh-hans"),
    ("https://x.test/en/news/1", "https://x.test/en"),
    ("https://x.test/news/1", "https://x.test/index.html"),
    ("https://x.test/news/1", "https://x.test/en/index.php"),
    ("https://x.test/page", "https://x.test/#top"),
]
NOT_HOMES = [
    ("https://x.test/news/1", "https://x.test/news/1-new-name"),
    ("https://x.test/news/1", "https://x.test/news/"),
    ("https://x.test/news/1", "https://x.test/?p=1"),
    ("https://x.test/en", "https://x.test/fr"),
    ("https://x.test/?p=1", "https://x.test/"),
    ("https://x.test/", "https://www.x.test/"),
    ("https://x.test/news/1", "https://x.test/archive"),
]


@pytest.mark.parametrize(("start", "end"), HOMES)
def test_a_redirect_up_to_the_home_page_means_missing(start, end):
    assert verdict(start, ended_at(end))[0] == "missing"


@pytest.mark.parametrize(("start", "end"), NOT_HOMES)
def test_a_redirect_to_another_page_means_standing(start, end):
    assert verdict(start, ended_at(end))[0] == "standing"


def test_a_page_that_failed_after_a_good_status_stands_and_after_none_is_unreachable():
    assert verdict("https://x.test/a", FetchFailed("too_large", "over", 200))[0] == "standing"
    for reason in ("timeout", "dns", "connect", "reset", "tls_error", "redirect_limit", "ssrf_blocked"):
        assert verdict("https://x.test/a", FetchFailed(reason, "x"))[0] == "unreachable"
    assert verdict("https://x.test/a", NotModified("https://x.test/a"))[0] == "unreachable"


def test_what_is_said_of_a_redirect_names_the_site_and_not_the_page():
    assert verdict("https://x.test/news/1", ended_at("https://x.test/names-a-person?p=1"))[1] == (
        "301 to https://x.test/…, 200"
    )
    assert verdict("https://x.test/news/1", ended_at("https://x.test/"))[1] == (
        "301 to https://x.test/, which is the home page"
    )
