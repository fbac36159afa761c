"""Manners: how many at once, and when a host is left alone."""

import asyncio
from datetime import UTC, datetime, timedelta

from aggregator.fetch.client import Fetcher
from aggregator.fetch.etiquette import Etiquette
from aggregator.outcome import FetchFailed, Redirect

NOW = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)


def most_at_once(play, urls, *, max_in_flight, per_host):
    async def scenario():
        manners = Etiquette(max_in_flight, per_host)
        running, most = 0, 0

        async def visit(url):
            nonlocal running, most
            async with manners.turn(url):
                running += 1
                most = max(most, running)
                await asyncio.sleep(0)
                running -= 1

        await asyncio.gather(*map(visit, urls))
        return most

    return play(scenario)


def test_a_host_gets_no_more_at_once_than_it_is_allowed_whatever_its_ports_and_case(play):
    urls = [f"http{'s' * (n % 2)}://{'Feeds' if n % 3 else 'feeds'}.test:{8000 + n}/{n}" for n in range(20)]
    assert most_at_once(play, urls, max_in_flight=64, per_host=2) == 2


def test_all_hosts_together_keep_within_the_whole(play):
    urls = [f"http://host{n}.test/" for n in range(30)]
    assert most_at_once(play, urls, max_in_flight=7, per_host=2) == 7


def test_a_busy_host_holds_nobody_else_up(play):
    async def scenario():
        manners = Etiquette(max_in_flight=2, per_host=1)
        release = asyncio.Event()

        async def visit(url):
            async with manners.turn(url):
                await release.wait()

        slow = [asyncio.create_task(visit("http://slow.test/")) for _ in range(5)]
        await asyncio.sleep(0)
        async with asyncio.timeout(1), manners.turn("http://quick.test/"):
            pass
        release.set()
        await asyncio.gather(*slow)

    play(scenario)


def test_a_place_is_given_back_when_a_visitor_is_cancelled_or_fails(play):
    async def scenario():
        manners = Etiquette(max_in_flight=1, per_host=1)
        for _ in range(3):
            try:
                async with asyncio.timeout(0), manners.turn("http://x.test/"):
                    await asyncio.Event().wait()
            except TimeoutError:
                pass
        async with asyncio.timeout(1), manners.turn("http://x.test/"):
            pass

    play(scenario)


def test_a_host_that_asks_for_rest_gets_it_whichever_feed_was_told(play, serve, asking, response):
    def answer(seen):
        return response("429 Too many", retry_after="120") if seen.path == "/busy" else response()

    async def scenario():
        manners = Etiquette(64, 2)
        async with serve(answer) as site, Fetcher() as fetcher:
            for path in ("/busy", "/fine"):
                request = asking(site.url(path))
                manners.heed(request, await fetcher.fetch(request), NOW)
            assert manners.not_before(site.url("/another"), NOW) == NOW + timedelta(seconds=120)
            assert manners.not_before(site.url("/another"), NOW + timedelta(seconds=119)) is not None
            assert manners.not_before(site.url("/another"), NOW + timedelta(seconds=120)) is None
            assert manners.not_before("http://other.test/", NOW) is None

    play(scenario)


def test_it_is_the_host_that_answered_that_is_left_alone(asking):
    manners = Etiquette(64, 2)
    told = FetchFailed(
        "http_503", "x", 503, timedelta(minutes=5), redirects=(Redirect(302, "https://CDN.test:8443/feed"),)
    )
    manners.heed(asking("https://feeds.test/"), told, NOW)
    assert manners.not_before("http://cdn.test/", NOW) == NOW + timedelta(minutes=5)
    assert manners.not_before("https://feeds.test/", NOW) is None


def test_a_shorter_wish_does_not_shorten_a_longer_one_and_other_failures_wish_nothing(asking):
    manners = Etiquette(64, 2)
    request = asking("https://feeds.test/")
    for status, minutes in ((503, 10), (429, 1), (404, 60), (500, 60)):
        manners.heed(request, FetchFailed(f"http_{status}", "x", status, timedelta(minutes=minutes)), NOW)
    assert manners.not_before(request.url, NOW) == NOW + timedelta(minutes=10)
    manners.heed(request, FetchFailed("http_503", "x", 503, None), NOW)
    assert manners.not_before(request.url, NOW) == NOW + timedelta(minutes=10)
