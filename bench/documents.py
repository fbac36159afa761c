"""The documents of the benchmarks: RSS 2.0 as a ministry's press office publishes it, about 1.4 KB of HTML an entry,
and its web pages.
"""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

ENTRIES = 31
_FIRST = datetime(2026, 1, 1, tzinfo=UTC)


def feed(newest: int, entries: int = ENTRIES) -> bytes:
    """The document whose first entry has the number `newest`, and older ones behind it."""
    items = "".join(_item(number) for number in range(newest, newest - entries, -1))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"'
        ' xmlns:content="http://purl.org/rss/1.0/modules/content/"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:atom="http://www.w3.org/2005/Atom"><channel>'
        "<title>Ministry</title><link>https://ministry.example/</link><language>en-GB</language>"
        '<atom:link href="https://ministry.example/feed" rel="self" type="application/rss+xml"/>'
        f"{items}</channel></rss>"
    ).encode()


def page(number: int, edition: int) -> bytes:
    """The web page of statement `number`, some 44 KB; a word of it is another in each `edition`."""
    menu = "".join(f'<li class="menu-item"><a href="/section/{n}">Section number {n}</a></li>' for n in range(250))
    other = '<li><a href="/news/{0}">Another statement on something else, number {0}</a></li>'
    related = "".join(other.format(n) for n in range(250))
    text = "".join(
        f"<p>Paragraph {n} of statement {number}: both sides agreed to keep talking about the aid convoys, the line of"
        " contact, and the people who live along it. The envoy thanked the hosts for their patience and their tea.</p>"
        for n in range(30)
    )
    title = f"Statement {number} on the situation"
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{title} | Ministry</title></head><body>'
        f'<nav class="main-menu"><ul>{menu}</ul></nav><main><article><h1>{title}</h1><div itemprop="articleBody">{text}'
        f"<p>In all, {1_000 + edition} lorries crossed.</p></div></article></main>"
        f'<aside class="related"><ul>{related}</ul></aside><footer>Ministry</footer></body></html>'
    ).encode()


def _item(number: int) -> str:
    paragraph = (
        f'<p class="lead">The delegation of <a href="https://ministry.example/country/{number}?utm_source=rss">country'
        f" {number}</a> met the <strong>special envoy</strong> to discuss the “two-state” question &amp; the aid"
        " convoys; both sides agreed to keep talking. Ceasefire monitors reported no change along the"
        " line&nbsp;of contact.</p>"
    )
    listed = f"<ul><li>First point {number}</li><li>Second <em>point</em></li></ul>"
    listed += f'<img src="/i/{number}.jpg?v=3" alt="x"/>'
    return (
        f"<item><title>Statement {number} on the situation</title><link>https://ministry.example/news/{number}</link>"
        f'<guid isPermaLink="false">https://ministry.example/?p={number}</guid><dc:creator>Press office</dc:creator>'
        f"<category>Statements</category><category>Security</category>"
        f"<pubDate>{format_datetime(_FIRST + timedelta(seconds=20 * number))}</pubDate>"
        f"<description>Both sides agreed to keep talking ({number}).</description>"
        f"<content:encoded><![CDATA[{paragraph * 3}{listed}]]></content:encoded></item>"
    )
