"""JSON Feed 1.0 and 1.1 (jsonfeed.org) -> `ParsedFeed`. Pure; never raises.

JSON that is no feed is `not_a_feed`, JSON that ends too early is `cut`, what else cannot be read `parse_error`.
"""

import json
from datetime import UTC, datetime
from typing import cast

from aggregator.outcome import ParsedEntry, ParsedFeed, ParseFailed, ParseOutcome
from aggregator.parse import limits
from aggregator.parse.boilerplate import without_tail
from aggregator.parse.dates import LONGEST, to_utc
from aggregator.parse.links import absolute
from aggregator.parse.visible import from_html, from_plain, language_tag, one_line

_VERSIONS = {"1": "json10", "1.0": "json10", "1.1": "json11"}
_MARK = "://jsonfeed.org/version/"

Fields = dict[str, object]


def read(text: str, url: str, timezone: str, parser: str, problem: str = "") -> ParseOutcome:
    """`text` begins with `{`. `url` is the base of relative addresses, `timezone` that of times without a zone."""
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        return _broken(text.rstrip(" \t\r\n\0"), error)
    except (ValueError, RecursionError) as error:
        return ParseFailed("parse_error", f"the JSON cannot be read: {error}"[: limits.PROBLEM])
    items = document.get("items")
    version = _string(document, "version")
    if not isinstance(items, list) or (_MARK not in version and not _resembles(items)):
        return ParseFailed("not_a_feed", "JSON, but no JSON Feed")
    language = language_tag(_string(document, "language"))
    read_items = [_entry(cast(Fields, item), url, language, timezone) for item in items if isinstance(item, dict)]
    if len(read_items) > limits.ENTRIES:
        problem = f"{len(read_items)} entries, the first {limits.ENTRIES} are read"
    elif _MARK not in version:
        problem = problem or "no JSON Feed version"
    return ParsedFeed(
        format=_VERSIONS.get(version.rpartition("/")[2], "json"),
        title=one_line(_string(document, "title"))[: limits.FEED_TITLE],
        link=limits.Limiter().link(absolute(_string(document, "home_page_url"), url)),
        language=language,
        entries=tuple(read_items[: limits.ENTRIES]),
        tombstones=(),
        well_formed=_MARK in version,
        problem=problem,
        parser=parser,
        older=limits.Limiter().link(absolute(_string(document, "next_url"), url)),
    )


def _broken(text: str, error: json.JSONDecodeError) -> ParseFailed:
    if not text.endswith("}") or error.pos >= len(text) or error.msg.startswith("Unterminated string"):
        return ParseFailed("cut", "the JSON document ends before it is closed")
    return ParseFailed("parse_error", f"the JSON cannot be read: {error}"[: limits.PROBLEM])


def _resembles(items: list[object]) -> bool:
    """Feeds without a version exist; lists of anything else called `items` are more frequent."""
    wanted = ("content_html", "content_text", "date_published", "external_url")
    return bool(items) and all(
        isinstance(item, dict) and "id" in item and any(k in item for k in wanted) for item in items
    )


def _entry(item: Fields, base: str, language: str, timezone: str) -> ParsedEntry:
    limiter = limits.Limiter()
    title = limiter.cut(one_line(_string(item, "title")), limits.TITLE)
    text, markup = from_html(_string(item, "content_html"))
    if not text:
        text = from_plain(_string(item, "content_text")) or from_plain(_string(item, "summary"))
    published = one_line(_string(item, "date_published")[: 10 * LONGEST])[:LONGEST]
    updated = one_line(_string(item, "date_modified")[: 10 * LONGEST])[:LONGEST]
    return ParsedEntry(
        guid=limiter.guid(one_line(_identifier(item))),
        link=limiter.link(absolute(_string(item, "url") or _string(item, "external_url"), base)),
        title=title,
        text=limiter.cut(without_tail(text, title), limits.TEXT),
        markup=markup,
        author=limiter.cut(_authors(item), limits.AUTHOR),
        categories=limiter.categories([one_line(tag) for tag in _list(item, "tags") if isinstance(tag, str)]),
        language=language_tag(_string(item, "language")) or language,
        published=published,
        updated=updated,
        published_at=_moment(published, timezone),
        updated_at=_moment(updated, timezone),
        truncated=limiter.truncated,
    )


def _moment(given: str, timezone: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(given)
        parsed = moment.utctimetuple() if moment.tzinfo else moment.replace(tzinfo=UTC).utctimetuple()
    except (ValueError, OverflowError):
        return None
    return to_utc(given, parsed, timezone)


def _authors(item: Fields) -> str:
    people = [*_list(item, "authors"), item.get("author")]
    names = [one_line(_string(cast(Fields, person), "name")) for person in people[:50] if isinstance(person, dict)]
    return ", ".join(dict.fromkeys(name for name in names if name))


def _identifier(item: Fields) -> str:
    value = item.get("id")
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else ""


def _string(fields: Fields, key: str) -> str:
    value = fields.get(key)
    return value if isinstance(value, str) else ""


def _list(fields: Fields, key: str) -> list[object]:
    value = fields.get(key)
    return value if isinstance(value, list) else []
