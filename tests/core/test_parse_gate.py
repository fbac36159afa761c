"""The document part of the gate: what is no feed, or not a whole one, is refused by name; the rest is read."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.outcome import ParsedFeed, ParseFailed
from aggregator.parse.feed import parse

FEEDS = Path(__file__).parents[1] / "data" / "feeds"
URL = "https://source.example/feed"
ITEM = "<item><title>one</title><description>text &amp; more</description></item>"
FEED = f'<?xml version="1.0"?><rss version="2.0"><channel><title>t</title>{ITEM}{ITEM}</channel></rss>'


def reason(body: str | bytes) -> str:
    outcome = parse(body.encode() if isinstance(body, str) else body, "text/xml", URL)
    return outcome.reason if isinstance(outcome, ParseFailed) else "feed"


@pytest.mark.parametrize("body", [b"", b"   \r\n", b"\xef\xbb\xbf", b"\0\0\0"])
def test_an_empty_body(body):
    assert reason(body) == "empty"


@pytest.mark.parametrize(
    "page",
    [
        "<!DOCTYPE html><html><head><title>Just a moment...</title></head><body><script>window._cf_chl_opt={}</script>",
        "<html><head><title>Human Verification</title></head><body><script>AwsWafIntegration</script></body></html>",
        '<html><head><script type="text/javascript">(function(){window["bobcmn"]="10111"</script><APM_DO_NOT_TOUCH>',
        '<html><body><script src="/TSPD/0815?type=17"></script></body></html>',
        "<html><head><title>StormWall</title></head></html>",
        "<!doctype html><html><head><title>DDOS-GUARD</title></head></html>",
        "<html><body>Your request has been flagged as a scanner.</body></html>",
        "<html><head><META NAME=robots></head><body><iframe src='/_Incapsula_Resource?x'></iframe></body></html>",
    ],
)
def test_a_page_of_a_bot_wall_is_a_challenge(page):
    assert reason(page) == "challenge"


@pytest.mark.parametrize(
    "page",
    [
        "<!DOCTYPE html><html><body><h1>Not found</h1></body></html>",
        '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><body/></html>',
        "<p>Service unavailable</p>",
        "  <HTML><HEAD></HEAD></HTML>",
        "<html><body><feed><entry/></feed></body></html>",
    ],
)
def test_a_web_page_is_no_feed(page):
    assert reason(page) == "html"


@pytest.mark.parametrize(
    "body",
    [
        "Error establishing a database connection",
        "<Error><Code>AccessDenied</Code></Error>",
        '<opml version="2.0"><body/></opml>',
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"/>',
        '{"error": "rate limited"}',
        '{"items": [{"id": 1, "price": 2}]}',
        '["a"]',
        "\x1f\x8b\x08not inflated",
        "<<<<",
    ],
)
def test_something_else_is_no_feed(body):
    assert reason(body) == "not_a_feed"


CUT_PLACES = {
    "inside an item's text": FEED[: FEED.index("more")],
    "inside a tag": FEED[: FEED.index("<title>one") + 4],
    "exactly after an item": FEED[: FEED.index(ITEM) + len(ITEM)],
    "exactly before the root's end tag": FEED[: -len("</rss>")],
    "inside the root's end tag": FEED[:-1],
    "inside CDATA": "<rss><channel><item><description><![CDATA[<p>About </rss> and so",
    "right behind an end tag quoted in CDATA": "<rss><channel><item><description><![CDATA[ends with </rss>",
    "inside a comment": "<rss><channel><item/><!-- later: </rss>",
    "behind a comment": "<rss><channel><item/><!-- generated -->",
    "inside the root's start tag": '<?xml version="1.0"?><rss version="2.0',
    "in a second copy of the document": FEED + FEED[:-40],
    "a JSON Feed inside a string": '{"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "1", "title": "ab',
    "a JSON Feed after an item": '{"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "1"}',
    "a JSON Feed inside an escape": '{"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "\\',
}


@pytest.mark.parametrize("body", CUT_PLACES.values(), ids=CUT_PLACES)
def test_a_document_that_ends_before_its_root_closes_is_cut(body):
    assert reason(body) == "cut"


@pytest.mark.parametrize("name", [path.name for path in sorted(FEEDS.iterdir())])
@given(share=st.floats(0.0, 1.0))
def test_no_part_of_a_feed_passes_for_the_whole(name, share):
    whole = (FEEDS / name).read_bytes().rstrip()
    part = whole[: int(len(whole) * share)]
    if part != whole:
        outcome = parse(part, "text/xml", URL)
        assert isinstance(outcome, ParseFailed)
        assert outcome.reason in ("cut", "empty", "not_a_feed")


WHOLE = {
    "trailing comments of a cache": FEED + "\n<!-- cached --><!-- </rss> -->\n\n",
    "trailing zeros": FEED + "\0\0",
    "an end tag with blanks": FEED.replace("</rss>", "</rss\n >"),
    "an empty root": '<rss version="2.0"/>',
    "a prefixed root": '<a:feed xmlns:a="http://www.w3.org/2005/Atom"><a:title>t</a:title></a:feed>',
    "CDATA that quotes an end tag": FEED.replace("text &amp; more", "<![CDATA[ </rss> <!-- ]]>"),
}


@pytest.mark.parametrize("body", WHOLE.values(), ids=WHOLE)
def test_a_whole_document_is_not_cut(body):
    assert reason(body) == "feed"
    assert parse(body.encode(), "", URL).well_formed


def test_a_stray_ampersand_is_read_leniently_and_said():
    feed = parse(FEED.replace("&amp; more", "& more <br> &nbsp; end").encode(), "", URL)
    assert isinstance(feed, ParsedFeed)
    assert (len(feed.entries), feed.well_formed) == (2, False)
    assert feed.problem.startswith("not well-formed: ")
    assert feed.entries[0].text == "text & more\nend"


def test_warnings_of_a_script_around_a_feed_do_not_hide_it():
    feed = parse(b"<br />\n<b>Warning</b>: x in y.php<br />\n" + FEED.encode() + b"<b>Notice</b>", "", URL)
    assert isinstance(feed, ParsedFeed)
    assert (len(feed.entries), feed.problem) == (2, "text before the document")


def test_blanks_before_the_declaration_are_said_but_harmless():
    feed = parse(b"\n\n" + FEED.encode(), "", URL)
    assert isinstance(feed, ParsedFeed)
    assert (feed.well_formed, feed.problem) == (True, "white space before the XML declaration")
