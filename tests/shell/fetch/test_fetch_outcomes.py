"""What comes back from one GET: documents, 304s, redirects, refusals, and the header values that must survive."""

from datetime import UTC, datetime, timedelta

import pytest

from aggregator.fetch.client import Fetcher
from aggregator.outcome import Fetched, FetchFailed, NotModified, Redirect


def test_a_200_gives_its_body_type_and_validators(play, serve, asking, response):
    async def scenario():
        answer = response(body=b"<rss/>", content_type="application/rss+xml", etag='W/"1"', last_modified="yesterday")
        async with serve(answer) as site, Fetcher() as fetcher:
            outcome = await fetcher.fetch(asking(site.url()))
            assert isinstance(outcome, Fetched)
            assert (outcome.url, outcome.body, outcome.status) == (site.url(), b"<rss/>", 200)
            assert (outcome.content_type, outcome.etag) == ("application/rss+xml", 'W/"1"')
            assert outcome.last_modified == "yesterday"
            assert ("etag", 'W/"1"') in outcome.headers
            assert site.seen[0].header("user-agent") == b"feedwitness/test"
            assert site.seen[0].header("accept-encoding") == b"gzip"
            assert site.seen[0].head.startswith(b"GET /feed HTTP/1.1\r\n")

    play(scenario)


VALIDATORS = [
    ('"plain"', "Sat, 21 Nov 2026 20:00:00 GMT"),
    ('W/"weak"', "Saturday, 21-Nov-26 20:00:00 GMT"),
    ("no quotes at all", "2026-11-21T20:00:00Z"),
    ('"a  b"', "  0"),
    ('"\xc3\xa9t\xc3\xa9 \xff"', "1700000000"),
    ('"' + "x" * 4000 + '"', "Sam., 21 nov. 2026"),
    ('"a", "b"', "Sat, 21 Nov 2026 20:00:00 +0300"),
]


@pytest.mark.parametrize(("etag", "last_modified"), VALIDATORS)
def test_validators_are_echoed_byte_for_byte(play, serve, asking, response, etag, last_modified):
    def answer(seen):
        if seen.header("if-none-match") is None:
            return response(body=b"x", etag=etag, last_modified=last_modified)
        return b"HTTP/1.1 304 Not Modified\r\n\r\n"

    async def scenario():
        async with serve(answer) as site, Fetcher() as fetcher:
            first = await fetcher.fetch(asking(site.url()))
            again = await fetcher.fetch(
                asking(site.url(), etag=first.etag, last_modified=first.last_modified, validated_url=first.url)
            )
            assert again == NotModified(site.url())
            assert site.seen[1].header("if-none-match") == etag.encode("latin-1")
            assert site.seen[1].header("if-modified-since") == last_modified.strip().encode("latin-1")

    play(scenario)


def test_a_304_that_nobody_asked_for_is_a_protocol_failure(play, serve, asking):
    async def scenario():
        async with serve(b"HTTP/1.1 304 Not Modified\r\n\r\n") as site, Fetcher() as fetcher:
            outcome = await fetcher.fetch(asking(site.url()))
            assert (outcome.reason, outcome.status) == ("protocol", 304)

    play(scenario)


def test_validators_reach_only_the_url_that_gave_them(play, serve, asking, response):
    """A static maintenance page is older than any feed: asked conditionally, it would say 304."""

    def answer(seen):
        if seen.path == "/feed":
            return response("302 Found", location="/maintenance")
        return response("304 Not Modified" if seen.header("if-modified-since") else "200 OK")

    async def scenario():
        async with serve(answer) as site, Fetcher() as fetcher:
            request = asking(site.url(), last_modified="Sat, 21 Nov 2026 20:00:00 GMT", validated_url=site.url("/rss"))
            assert isinstance(await fetcher.fetch(request), Fetched)
            request = asking(site.url(), etag='"1"', last_modified="x", validated_url=site.url("/maintenance"))
            assert isinstance(await fetcher.fetch(request), NotModified)
            assert [seen.header("if-none-match") for seen in site.seen] == [None, None, None, b'"1"']

    play(scenario)


def test_every_other_answer_is_a_failure_named_after_its_status(play, serve, asking, response):
    statuses = [201, 202, 204, 206, 300, 305, 400, 401, 403, 404, 410, 418, 429, 500, 502, 503, 599, 799]

    async def scenario():
        async with serve(lambda seen: response(f"{seen.path[1:]} \x1b[31mred")) as site, Fetcher() as fetcher:
            for status in statuses:
                outcome = await fetcher.fetch(asking(site.url(f"/{status}")))
                assert isinstance(outcome, FetchFailed)
                assert (outcome.reason, outcome.status) == (f"http_{status}", status)
                assert outcome.detail.isprintable()
                assert "red" not in outcome.detail

    play(scenario)


def test_retry_after_is_read_beside_the_servers_own_clock(play, serve, asking, response):
    def answer(seen):
        date = "Sat, 21 Nov 2026 20:00:00 GMT" if seen.path == "/dated" else "nonsense"
        return response("503 Away", retry_after="Sat, 21 Nov 2026 20:02:00 GMT", date=date)

    async def scenario():
        now = datetime(2026, 11, 21, 20, 1, 30, tzinfo=UTC)
        async with serve(answer) as site, Fetcher(clock=lambda: now) as fetcher:
            dated = await fetcher.fetch(asking(site.url("/dated")))
            undated = await fetcher.fetch(asking(site.url("/undated")))
            assert (dated.reason, dated.retry_after) == ("http_503", timedelta(seconds=120))
            assert undated.retry_after == timedelta(seconds=30)

    play(scenario)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed_and_told(play, serve, asking, response, status):
    def answer(seen):
        places = {"/feed": "/a?x=1#part", "/a?x=1": "deep/b"}
        place = places.get(seen.path)
        return response(f"{status} Moved", b"never read", location=place) if place else response(body=b"here")

    async def scenario():
        async with serve(answer) as site, Fetcher() as fetcher:
            outcome = await fetcher.fetch(asking(site.url()))
            assert outcome.body == b"here"
            assert outcome.url == site.url("/deep/b")
            assert outcome.redirects == (
                Redirect(status, site.url("/a?x=1")),
                Redirect(status, site.url("/deep/b")),
            )

    play(scenario)


def test_five_redirects_are_followed_and_a_sixth_is_not(play, serve, asking, response):
    def answer(seen):
        left = int(seen.path[1:])
        return response("302 Found", location=f"/{left - 1}") if left else response(body=b"end")

    async def scenario():
        async with serve(answer) as site, Fetcher() as fetcher:
            assert isinstance(await fetcher.fetch(asking(site.url("/5"))), Fetched)
            outcome = await fetcher.fetch(asking(site.url("/6")))
            assert (outcome.reason, len(outcome.redirects)) == ("redirect_limit", 5)

    play(scenario)


BAD_PLACES = {
    "/loop": "redirect_limit",
    "": "redirect_limit",
    "file:///etc/passwd": "bad_scheme",
    "ftp://example.org/": "bad_scheme",
    "javascript:alert(1)": "bad_scheme",
    "data:text/xml,<rss/>": "bad_scheme",
    "gopher://127.0.0.1/": "bad_scheme",
    "http://": "ssrf_blocked",
    "http://[::1": "ssrf_blocked",
    "http://example.org:99999/": "bad_url",
    "http://example.org:0/": "bad_url",
}


@pytest.mark.parametrize(("place", "reason"), BAD_PLACES.items())
def test_a_redirect_to_nowhere_fit_has_a_name(play, serve, asking, response, place, reason):
    async def scenario():
        async with serve(response("302 Found", location=place)) as site, Fetcher() as fetcher:
            outcome = await fetcher.fetch(asking(site.url("/loop")))
            assert outcome.reason == reason
            assert outcome.detail

    play(scenario)


def test_a_redirect_without_a_place_is_its_status(play, serve, asking, response):
    async def scenario():
        async with serve(response("301 Moved")) as site, Fetcher() as fetcher:
            assert (await fetcher.fetch(asking(site.url()))).reason == "http_301"

    play(scenario)


def test_no_body_is_read_when_none_is_wanted(play, serve, asking):
    async def endless(seen, reader, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>")
        await reader.read()

    async def scenario():
        async with serve(talk=endless) as site, Fetcher() as fetcher:
            outcome = await fetcher.fetch(asking(site.url(), max_body=0))
            assert isinstance(outcome, Fetched)
            assert (outcome.body, outcome.content_type) == (b"", "text/html")

    play(scenario)


UNUSABLE = {
    "": "bad_url",
    "feed.xml": "bad_url",
    "//example.org/": "bad_url",
    "http://": "bad_url",
    "http:///feed": "bad_url",
    "http://[::1/": "bad_url",
    "http://secret:pass@[::1/": "bad_url",
    "http://secret:pass@example.org:70000/": "bad_url",
    "http://ex ample.org\x00/": "bad_url",
    "http://☃secret.test/": "bad_url",
    "http://" + "a" * 70 + ".test/": "dns",
    "file:///etc/passwd": "bad_scheme",
    "HTTPX://example.org/": "bad_scheme",
}


@pytest.mark.parametrize(("url", "reason"), UNUSABLE.items())
def test_an_operators_unusable_url_is_named_and_its_secrets_are_not(play, asking, url, reason):
    async def scenario():
        async with Fetcher() as fetcher:
            outcome = await fetcher.fetch(asking(url))
            assert outcome.reason == reason
            assert "secret" not in outcome.detail

    play(scenario)
