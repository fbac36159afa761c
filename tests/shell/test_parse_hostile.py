"""Documents made to break a parser, through the pool: each ends in time, as a feed or with a named reason."""

import asyncio
import os
import random
import socket
from datetime import timedelta

import pytest
from feedparser.mixin import _FeedParserMixin

from aggregator.outcome import ParsedFeed, ParseFailed, ParseOutcome
from aggregator.parse.pool import ParsePool

URL = "https://source.example/feed"
H = b'<?xml version="1.0" encoding="utf-8"?>\n'


def rss(inner: bytes, declaration: bytes = H) -> bytes:
    return declaration + b'<rss version="2.0"><channel><title>t</title>' + inner + b"</channel></rss>"


def item(inner: bytes, declaration: bytes = H) -> bytes:
    return rss(b"<item><guid>1</guid>" + inner + b"</item><item><guid>2</guid></item>", declaration)


def html(inner: bytes) -> bytes:
    return item(b"<description><![CDATA[" + inner + b"</p>]]></description>")


def atom(inner: bytes) -> bytes:
    return H + b'<feed xmlns="http://www.w3.org/2005/Atom"><entry>' + inner + b"</entry></feed>"


def entity(length: int, times: int) -> bytes:
    doctype = b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "' + b"a" * length + b'">]>'
    return item(b"<title>" + b"&a;" * times + b"</title>", doctype)


def many(pattern: str, times: int) -> bytes:
    return "".join(pattern % number for number in range(times)).encode()


DEFUSED = {
    "R1 instructions": b"<?" + b"encoding='" * 2000 + b"\n<rss/>",
    "R2 blank lines": H + b"\n" * 42_000 + b'<rss version="2.0"/>',
    "R3 style": html(b'<p style="' + b"a" * 26_000 + b'">x'),
    "R4 blanks in a style": html(b'<p style="a' + b" " * 25_000 + b'a">x'),
    "R5 addresses in a style": html(b'<p style="' + b"url(" * 13_000 + b'">x'),
    "R11 a slow encoding": b'<?xml version="1.0" encoding="punycode"?><rss/>-' + b"aaab" * 100_000,
    "R13 drawings": html(b"<svg>" * 100_000),
    "M1 an entity, leniently": entity(20_000, 20_000).replace(b"</title>", b"&bad</title>", 1),
    "M3 an endless attribute in HTML": html(b"<a " + b"x" * 4_900_000),
    "M4 an entity on one line": entity(50_000, 100_000),
    "X1 encoding undefined": b'<?xml version="1.0" encoding="undefined"?><rss/>',
    "X2 encoding not ASCII": b'<?xml version="1.0" encoding="\xff"?><rss/>',
    "X3 encoding with a zero": b'<?xml version="1.0" encoding="a\0b"?><rss/>',
    "X4 beyond Unicode": item(b"<title>&#x110000; &bad</title>"),
    "X5 half a pair": item(b"<title>&#xD800; &bad</title>"),
    "X6 a long number": item(b"<title>&#99999999999; &bad</title>"),
    "X7 a longer number": html(b"&#" + b"9" * 5_000 + b";"),
    "X8 a place": item(b"&bad <gml:posList/>"),
    "X9 a licence": item(b"&bad </creativeCommons:license>"),
    "X10 a width": item(b"&bad </width></height>"),
    "X11 chapters": item(b"&bad <psc:chapters><psc:chapter/></psc:chapters>"),
}

ENDLESS = {
    "R6 an author": item(b"<author>" + b"a" * 42_000 + b"</author>"),
    "R7 an address": item(b"<author>a@" + b"a." * 20_000 + b"!</author>"),
    "R8 categories": item(many("<category>%d</category>", 20_000)),
    "R9 attributes": item(b"<x " + many('a%d="" ', 25_000) + b"/>"),
    "R10 namespaces": H
    + b"<rss "
    + many('xmlns:n%d="u:x" ', 10_000)
    + b"><channel>"
    + b"<n9:a/>" * 10_000
    + b"</channel></rss>",
    "R12 unclosed elements": rss(b"<a>" * 500_000),
    "R14 links": item(b"<link/>" * 350_000),
    "R14 contents": atom(b"<content/>" * 200_000),
    "R15 entries": rss(b"<item/>" * 700_000),
    "R15 depth": rss(b"<a>" * 500_000 + b"</a>" * 500_000),
    "M3 an endless attribute in XML": rss(b"&bad <a " + b"x" * 4_900_000),
}

ALLOWED = {"parse_error", "parse_timeout", "parse_memory", "cut", "not_a_feed"}


async def outcomes(bodies: list[bytes], seconds: float = 20, size: int = 1) -> list[ParseOutcome]:
    pool = ParsePool(size, timedelta(seconds=seconds))
    try:
        return [await pool.parse(body, "text/xml", URL) for body in bodies]
    finally:
        await pool.close()


@pytest.mark.timeout(300)
def test_what_once_stopped_a_parser_is_read_or_refused_at_once():
    found = dict(zip(DEFUSED, asyncio.run(outcomes(list(DEFUSED.values()))), strict=True))
    failed = {name: outcome.reason for name, outcome in found.items() if isinstance(outcome, ParseFailed)}
    assert failed == {"R1 instructions": "not_a_feed", "R11 a slow encoding": "cut"}
    for name in [
        name for name in DEFUSED if name.split()[0] in ("X4", "X5", "X6", "X7", "X8", "X9", "X10", "X11", "M1")
    ]:
        outcome = found[name]
        assert isinstance(outcome, ParsedFeed)
        assert [entry.guid for entry in outcome.entries] == ["1", "2"], name
    for name in ("M1 an entity, leniently", "M4 an entity on one line"):
        outcome = found[name]
        assert isinstance(outcome, ParsedFeed)
        assert "aaaa" not in outcome.entries[0].title, name


@pytest.mark.long
@pytest.mark.timeout(300)
@pytest.mark.parametrize("body", ENDLESS.values(), ids=ENDLESS)
def test_what_stops_a_parser_ends_at_the_deadline_and_the_next_feed_is_read(body):
    hostile, ordinary = asyncio.run(outcomes([body, item(b"<title>x</title>")], 5))
    assert isinstance(hostile, ParsedFeed) or hostile.reason in ALLOWED
    assert isinstance(ordinary, ParsedFeed)


HANDLED = [name[7:].replace("_", ":", 1) for name in dir(_FeedParserMixin) if name.startswith("_start_")]
VALUES = [
    "",
    "x",
    "&",
    "&#xD800;",
    "&#x110000;",
    "&nbsp;",
    "1",
    "x:y",
    "2026-11-20",
    "<![CDATA[<p>]]>",
    "a@b.c",
    "]]>",
    "é",
]
ATTRIBUTES = ["type", "href", "rel", "mode", "start", "url", "xml:base", "xml:lang", "isPermaLink", "term", "version"]


def soup(chance: random.Random) -> bytes:
    """Elements that feedparser has handlers for, opened, closed and quoted at random inside a feed."""
    pieces = []
    for _ in range(chance.randint(1, 40)):
        name, value = chance.choice(HANDLED), chance.choice(VALUES)
        attribute = f' {chance.choice(ATTRIBUTES)}="{chance.choice(VALUES)}"' if chance.random() < 0.4 else ""
        pieces.append(chance.choice((f"<{name}{attribute}>{value}", f"</{name}>", f"<{name}{attribute}/>", value)))
    body = "".join(pieces).encode()
    if chance.random() < 0.2:
        body = bytes(chance.randrange(256) if chance.random() < 0.05 else byte for byte in body)
    return chance.choice((rss, item, atom, html))(body)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("count", [300, pytest.param(5_000, marks=pytest.mark.long)])
def test_tag_soup_is_always_answered(count):
    source = random.Random(count)  # a seed, so that a failure can be had again
    bodies = [soup(source) for _ in range(count)]
    reasons = {outcome.reason for outcome in asyncio.run(outcomes(bodies)) if isinstance(outcome, ParseFailed)}
    assert reasons <= {"parse_error", "cut"}


def test_a_body_that_names_a_file_or_an_address_opens_neither(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)  # whoever opens it waits for ever
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.2)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        external = f'<!DOCTYPE r [<!ENTITY x SYSTEM "{address}x"><!ENTITY y SYSTEM "{pipe}">]>'.encode()
        bodies = [
            str(pipe).encode(),
            address.encode(),
            b"/dev/zero",
            b"/etc/passwd",
            item(b"<title>&x;&y;</title>", external),
        ]
        found = asyncio.run(outcomes(bodies, 5))
        with pytest.raises(TimeoutError):
            listener.accept()
    assert [getattr(outcome, "reason", "feed") for outcome in found] == [*["not_a_feed"] * 4, "feed"]
