"""The feed behind a page, looked for with the real fetcher and parser on a site that does what its script says."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network

import pytest

from aggregator.fetch.client import Fetcher
from aggregator.finding.search import DECLARED, GUESSED, ITSELF, LINKED, MOST, USUAL, Finder
from aggregator.outcome import FetchOutcome, FetchRequest
from aggregator.parse.pool import ParsePool

RSS = b"<rss version='2.0'><channel><title>News</title><item><title>a</title><guid>a</guid></item></channel></rss>"
LIKE = FetchRequest("", timeout=timedelta(seconds=10), max_body=1_000_000, user_agent="feedwitness/test")
HERE = (ip_network("127.0.0.1/32"),)


class Site(dict[str, tuple[int, bytes]]):
    """Pages by their path; a redirect's body is where it leads. `asked`: the paths that were asked for."""

    base = ""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []


class Server(ThreadingHTTPServer):
    request_queue_size = 64  # whoever is refused a place tries again after a second


@dataclass
class Recorder:
    """The fetcher, and what it was asked for: (address, whether it was said to be learnt)."""

    fetcher: Fetcher
    asked: list[tuple[str, bool]] = field(default_factory=list)

    async def fetch(self, request: FetchRequest) -> FetchOutcome:
        self.asked.append((request.url, request.learnt))
        return await self.fetcher.fetch(request)


@contextmanager
def open_site(host: str = "127.0.0.1") -> Iterator[Site]:
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked.append(self.path)
            status, body = site.get(self.path, (404, b"no such page"))
            self.send_response(status)
            if status in (301, 302):
                self.send_header("location", body.decode())
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = Server((host, 0), Handler)
    site.base = f"http://{host}:{server.server_port}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def site() -> Iterator[Site]:
    with open_site() as here:
        yield here


@pytest.fixture(scope="module")
def search():
    """A search over one parser for all tests here."""
    loop = asyncio.new_event_loop()
    pool = ParsePool()

    async def look(url, allow):
        async with Fetcher(allow) as fetcher:
            recorder = Recorder(fetcher)
            search.asked = recorder.asked
            return await Finder(recorder, pool, LIKE, lambda: datetime.now(UTC)).search(url)

    def search(url, allow=HERE):
        return loop.run_until_complete(look(url, allow))

    yield search
    loop.run_until_complete(pool.close())
    loop.close()


def page(*links: str, body: str = "") -> tuple[int, bytes]:
    head = "".join(f'<link rel="alternate" type="application/rss+xml" href="{link}">' for link in links)
    return 200, f"<!doctype html><html><head>{head}</head><body>{body}</body></html>".encode()


def found(result):
    return [(each.how, each.seen.url) for each in result.found]


def test_the_address_may_be_a_feed_itself(site, search):
    site["/feed"] = 200, RSS
    assert found(search(f"{site.base}/feed", ())) == [(ITSELF, f"{site.base}/feed")]
    assert site.asked == ["/feed"]


def test_a_declared_feed_is_found_and_nothing_is_guessed(site, search):
    site["/"] = page("/news.xml", "/gone.xml")
    site["/news.xml"] = 200, RSS
    result = search(f"{site.base}/")
    assert found(result) == [(DECLARED, f"{site.base}/news.xml")]
    assert [(each.how, each.reason) for each in result.missed] == [(ITSELF, "html"), (DECLARED, "http_404")]
    assert sorted(site.asked) == ["/", "/gone.xml", "/news.xml"]


def test_without_a_declaration_links_are_followed_and_then_usual_places_one_by_one(site, search):
    site["/"] = page(body='<a href="/press/rss">RSS</a>')
    site["/press/rss"] = 200, RSS
    assert found(search(f"{site.base}/")) == [(LINKED, f"{site.base}/press/rss")]
    site["/"] = page()
    site["/atom.xml"] = 200, RSS
    site.asked.clear()
    assert found(search(f"{site.base}/")) == [(GUESSED, f"{site.base}/atom.xml")]
    assert site.asked == ["/", "/feed", "/rss.xml", "/atom.xml"]


@pytest.mark.parametrize(("status", "asked"), [(403, 1 + len(USUAL)), (429, 1), (503, 1)])
def test_a_host_that_wants_to_be_left_alone_is(site, search, status, asked):
    site["/"] = status, b"no"
    result = search(f"{site.base}/")
    assert (found(result), len(site.asked)) == ([], asked)
    assert result.missed[0].reason == f"http_{status}"


def test_what_a_page_names_in_a_private_network_is_not_fetched(site, search):
    site["/"] = page("/news.xml", "http://localhost:1/", "http://169.254.169.254/latest")
    site["/news.xml"] = 200, RSS
    result = search(f"{site.base}/", ())
    assert {each.reason for each in result.missed if each.how == DECLARED} == {"ssrf_blocked"}
    assert site.asked == ["/"]


def test_usual_places_of_a_host_that_a_redirect_named_are_learnt(site, search):
    with open_site("127.0.0.2") as other:
        other["/"] = page()
        other["/feed"] = 200, RSS
        site["/"] = 302, f"{other.base}/".encode()
        blocked = search(f"{site.base}/", ())
        assert blocked.missed[0].reason == "ssrf_blocked"
        assert other.asked == []
        allowed = search(f"{site.base}/", (ip_network("127.0.0.0/8"),))
        assert found(allowed) == [(GUESSED, f"{other.base}/feed")]
        assert search.asked == [(f"{site.base}/", False), (f"{other.base}/feed", True)]


def test_usual_places_of_the_operators_own_host_are_not_learnt_and_what_its_page_names_is(site, search):
    site["/"] = page()
    site["/feed"] = 200, RSS
    assert found(search(f"{site.base}/", ())) == [(GUESSED, f"{site.base}/feed")]
    site["/"] = page("/feed")
    search(f"{site.base}/")
    assert search.asked == [(f"{site.base}/", False), (f"{site.base}/feed", True)]


def test_the_address_to_write_is_past_moves_for_good_and_before_others(site, search):
    site["/old"] = 301, b"/new"
    site["/new"] = 302, b"/today"
    site["/today"] = 200, RSS
    assert found(search(f"{site.base}/old")) == [(ITSELF, f"{site.base}/new")]


def test_two_addresses_of_one_feed_are_one_feed(site, search):
    site["/"] = page("/feed", "/feed/")
    site["/feed"] = 301, b"/feed/"
    site["/feed/"] = 200, RSS
    assert found(search(f"{site.base}/")) == [(DECLARED, f"{site.base}/feed/")]


def test_a_page_with_hundreds_of_feeds_is_not_a_reason_for_hundreds_of_requests(site, search):
    site["/"] = page(*(f"/{number}.xml" for number in range(300)))
    result = search(f"{site.base}/")
    assert len(site.asked) == 1 + MOST
    assert result.unseen == 300 - MOST


def test_a_page_against_robots_is_called_so(site, search):
    site["/"] = 200, b"<html><title>Just a moment...</title></html>"
    assert search(f"{site.base}/").missed[0].reason == "challenge"


def test_a_host_that_is_not_there_is_asked_once(search):
    result = search("http://127.0.0.1:1/")
    assert [each.reason for each in result.missed] == ["connect"]
    assert not result.answered
