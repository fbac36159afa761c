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


def look(play, serve, asking, answer, *, allow=LOOPBACK, sibling="/news/2", words=(), made_up=False, **more):
    async def scenario():
        async with serve(answer) as site, Fetcher(allow) as fetcher:
            asked = PageProbe(ITEM, site.url("/news/1"), site.url(sibling) if sibling else "", words, made_up)
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


@pytest.mark.parametrize(
    ("coding", "why"),
    [
        (b"Content-Encoding: br\r\n", "200, though what it says could not be read"),
        (b"", "200, and it holds the item's words"),
    ],
)
def test_a_page_without_end_stands_and_is_read_no_further_than_its_beginning(play, serve, asking, coding, why):
    async def endless(seen, reader, writer):
        writer.write(b"HTTP/1.1 200 OK\r\n" + coding + b"\r\n<h1>Grain moves north</h1>")
        while True:
            writer.write(bytes(65536))
            await writer.drain()

    async def scenario():
        async with serve(talk=endless) as site, Fetcher(LOOPBACK) as fetcher:
            asked = PageProbe(ITEM, site.url("/a/b"), site.url("/a/c"), ("Grain moves north", ""))
            seen = await probe(fetcher, asked, asking(site.url()), NOW)
            assert (seen.verdict, seen.detail, seen.sibling_stands) == ("standing", why, True)

    play(scenario)


# --- sites that answer 200 to anything --------------------------------------------------------------------------------

WORDS = ("Grain moves north", "Forty trucks cross each week, the minister said.")
OTHERWISE = "200, and a made-up address is answered otherwise"
NOT_FOUND = b"<title>Ministry</title><p>Sorry, there is no such page. Visit 4711."


def site_with(response, pages, otherwise=None):
    """Answers these paths with these bytes, and any other path as a site without the right status does."""
    return lambda one: pages.get(one.path) or otherwise or response(body=NOT_FOUND)


def test_what_the_site_answers_to_anything_is_missing_while_another_page_has_words_of_its_own(
    play, serve, asking, response
):
    pages = {"/news/2": response(body=b"<h1>Fish moves south</h1>")}
    seen, site = look(play, serve, asking, site_with(response, pages), words=WORDS)
    assert (seen.verdict, seen.sibling_stands, seen.made_up, seen.sibling_alike) == ("missing", True, True, False)
    assert seen.detail == "200, as the site answers a made-up address (the same words, digits aside)"
    assert len({one.path for one in site.seen}) == 3
    assert all(one.path.startswith("/news/") for one in site.seen)


def test_a_made_up_address_is_asked_only_where_the_page_answers(play, serve, asking, response):
    pages = {"/news/1": response("404 Not Found"), "/news/2": response()}
    for made_up, asked in ((False, 2), (True, 3)):
        seen, site = look(play, serve, asking, site_with(response, pages), words=WORDS, made_up=made_up)
        assert (seen.verdict, seen.sibling_stands, seen.made_up) == ("missing", True, False)
        assert seen.detail == "404 Not Found"
        assert len(site.seen) == asked


def test_once_a_made_up_address_counted_all_three_are_asked_in_one_breath(play, serve, asking, response):
    pages = {"/news/2": response(body=b"<h1>Fish moves south</h1>")}
    seen, site = look(play, serve, asking, site_with(response, pages), words=WORDS, made_up=True)
    assert (seen.verdict, seen.sibling_stands, len(site.seen)) == ("missing", True, 3)


def test_a_page_that_holds_the_words_of_the_item_stands_whatever_a_made_up_address_says(play, serve, asking, response):
    for body in (b"<h1>Grain moves north</h1>", b"<p>Forty trucks cross each week, the minister said. More"):
        pages = {"/news/2": response(body=b"other")}
        seen, _ = look(play, serve, asking, site_with(response, pages, response(body=body)), words=WORDS)
        assert (seen.verdict, seen.detail) == ("standing", "200, and it holds the item's words")


@pytest.mark.parametrize(
    ("status", "verdict_and_why"),
    [
        ("404 Not Found", ("standing", f"{OTHERWISE} (404 Not Found)")),
        ("403 Forbidden", ("standing", f"{OTHERWISE} (http_403: 403 Forbidden)")),
        ("500 Oops", ("standing", f"{OTHERWISE} (http_500: 500 Internal Server Error)")),
        ("503 Away", ("unreachable", "200, but the site did not answer a made-up address, to compare")),
        ("429 Slow down", ("unreachable", "200, but the site did not answer a made-up address, to compare")),
        ("200 OK", ("standing", "200, and a made-up address is answered with another page")),
    ],
)  # fmt: skip
def test_a_page_without_the_words_stands_where_the_site_knows_made_up_addresses(
    play, serve, asking, response, status, verdict_and_why
):
    pages = {"/news/1": response(body=b"<h1>New headline</h1>"), "/news/2": response(body=b"other")}
    seen, _ = look(play, serve, asking, site_with(response, pages, response(status, b"no")), words=WORDS)
    assert (seen.verdict, seen.detail) == verdict_and_why
    assert seen.made_up


def test_a_site_whose_every_page_is_the_same_shell_proves_nothing(play, serve, asking, response):
    shell = response(body=b"<title>Ministry</title><noscript>Please switch JavaScript on</noscript><div id=app>")
    seen, _ = look(play, serve, asking, shell, words=WORDS)
    assert (seen.verdict, seen.sibling_stands, seen.sibling_alike) == ("missing", False, True)


def test_a_redirect_that_made_up_addresses_share_means_missing(play, serve, asking, response):
    pages = {"/news/2": response(body=b"other"), "/search": response(body=b"Search")}
    answers = site_with(response, pages, response("302 Found", location="/search"))
    seen, site = look(play, serve, asking, answers, words=WORDS)
    assert (seen.verdict, seen.sibling_stands) == ("missing", True)
    place = site.url("/")
    assert seen.detail == f"302 to {place}…, 200, as the site answers a made-up address (both led to the same address)"


def test_without_a_sibling_of_its_kind_nothing_is_made_up(play, serve, asking, response):
    for sibling in ("", "/transcripts/2"):
        seen, site = look(play, serve, asking, response(body=NOT_FOUND), words=WORDS, sibling=sibling, made_up=True)
        assert (seen.verdict, seen.detail, seen.made_up) == ("standing", "200", False)
        assert {one.path for one in site.seen} <= {"/news/1", sibling}


def test_made_up_addresses_are_guarded_like_all_that_was_learnt(play, serve, asking, response):
    seen, site = look(play, serve, asking, response(body=NOT_FOUND), allow=[], made_up=True, auth=("u", "secret"))
    assert (seen.verdict, site.connections) == ("unreachable", 0)


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
