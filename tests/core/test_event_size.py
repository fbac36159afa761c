"""However large the fields of a feed, an event stays small: at most 256 KB, for the log is for ever."""

from datetime import timedelta

from aggregator.outcome import ParsedFeed
from aggregator.parse.feed import parse
from bench.watcher import MONDAY, Watcher, profile
from store.codec import encode
from store.events import ItemPublished, ItemRevised, ItemWithdrawn

MOST = 256 * 1024
ATOM = 'xmlns="http://www.w3.org/2005/Atom" xmlns:at="http://purl.org/atompub/tombstones/1.0"'


def entry(number: int, filler: str, hours: int) -> str:
    tags = "".join(f'<category term="{filler[:300]}{tag}"/>' for tag in range(1_000 if filler else 0))
    return (
        f'<entry xml:lang="{filler[:5_000]}"><id>urn:{number}{filler}</id><title>T{filler}</title>{tags}'
        f'<link href="https://ministry.example/{number}{filler}"/><author><name>{filler[:60_000]}</name></author>'
        f"<updated>2026-11-{10 + hours:02}T12:00:00Z</updated><content>{filler} text</content></entry>"
    )


def feed(*entries: str, more: str = "") -> ParsedFeed:
    read = parse(f"<feed {ATOM}><title>F</title>{''.join(entries)}{more}</feed>".encode(), "", "https://a.example/f")
    assert isinstance(read, ParsedFeed)
    return read


def test_no_field_however_large_makes_a_large_event() -> None:
    watcher, at = Watcher(profile()), MONDAY
    ordinary = [entry(number, "", number) for number in range(4)]
    watcher.poll(feed(*reversed(ordinary)), at)
    huge = feed(entry(5, "x" * 30_000, 5), *reversed(ordinary))
    events = watcher.poll(huge, at + timedelta(hours=1))
    edited = feed(entry(5, "x" * 30_000, 5).replace("<title>T", "<title>Other"), *reversed(ordinary))
    events += watcher.poll(edited, at + timedelta(hours=2))
    stone = f'<at:deleted-entry ref="urn:2" when="{"9" * 100_000}"/>'
    buried = feed(ordinary[3], ordinary[1], ordinary[0], more=stone)
    events += watcher.poll(buried, at + timedelta(hours=3))
    kinds = {type(event) for event in events}
    assert kinds >= {ItemPublished, ItemRevised, ItemWithdrawn}
    assert all(event.content.truncated for event in events if isinstance(event, ItemPublished | ItemRevised))
    sizes = {type(event).__name__: len(encode(event)[1]) for event in events}
    assert max(sizes.values()) <= MOST, sizes
    assert sum(sizes.values()) <= 16_384, sizes
