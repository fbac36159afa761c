"""One entry as feedparser gives it -> `ParsedEntry`. Pure; never raises on what feedparser can return.

feedparser's helpfulness is undone where it invents: an Atom id is no link, and a missing `updated` is not `published`.
"""

from dataclasses import dataclass
from typing import Any

from aggregator.outcome import ParsedEntry
from aggregator.parse import limits
from aggregator.parse.boilerplate import without_tail
from aggregator.parse.dates import LONGEST, to_utc
from aggregator.parse.links import absolute
from aggregator.parse.visible import from_html, from_plain, language_tag, one_line

_PLAIN = "text/plain"

Fields = dict[str, Any]  # feedparser has no types: what comes out of it is looked at here and nowhere else


@dataclass(frozen=True, slots=True)
class Context:
    """What an entry inherits from its document. `base` is the document's URL; `timezone` an IANA name or ""."""

    base: str
    language: str
    timezone: str
    atom: bool


def read_entry(fields: Fields, context: Context) -> ParsedEntry:
    """Every field tidied and held within `limits`."""
    limiter = limits.Limiter()
    title = limiter.cut(title_of(fields), limits.TITLE)
    text, markup = _text(fields)
    published = _given(fields, "published") or _given(fields, "created")
    parsed = stored(fields, "published_parsed") if stored(fields, "published") else stored(fields, "created_parsed")
    updated = _given(fields, "updated")
    return ParsedEntry(
        guid=limiter.guid(one_line(_string(fields, "id"))),
        link=limiter.link(absolute(_link(fields, context), context.base)),
        title=title,
        text=limiter.cut(without_tail(text, title), limits.TEXT),
        markup=markup,
        author=limiter.cut(_author(fields), limits.AUTHOR),
        categories=limiter.categories(_categories(fields)),
        language=_language(fields) or context.language,
        published=published,
        updated=updated,
        published_at=to_utc(published, parsed, context.timezone),
        updated_at=to_utc(updated, stored(fields, "updated_parsed"), context.timezone),
        truncated=limiter.truncated,
    )


def stored(fields: Fields, key: str) -> Any:
    """The value as stored: feedparser's own `get` invents `updated` and `link`, warns, and takes ten times as long."""
    return dict.get(fields, key)


def _string(fields: Fields, key: str) -> str:
    value = stored(fields, key)
    return value if isinstance(value, str) else ""


def _dicts(fields: Fields, key: str) -> list[Fields]:
    value = stored(fields, key)
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []


def _given(fields: Fields, key: str) -> str:
    return one_line(_string(fields, key)[: 10 * LONGEST])[:LONGEST]


def title_of(fields: Fields) -> str:
    """The visible title of an entry or a feed, on one line."""
    value = _string(fields, "title")
    detail = stored(fields, "title_detail")
    if ("<" not in value and "&" not in value) or (isinstance(detail, dict) and _string(detail, "type") == _PLAIN):
        return one_line(value)
    return " ".join(from_html(value)[0].split("\n"))


def _text(fields: Fields) -> tuple[str, str]:
    """Visible text and fingerprint: of the first content that shows anything, else of the summary."""
    markup = ""
    for content in _dicts(fields, "content"):
        shown = _visible(_string(content, "value"), _string(content, "type"))
        if shown[0]:
            return shown
        markup = markup or shown[1]
    detail = stored(fields, "summary_detail")
    text, summary_markup = _visible(
        _string(fields, "summary"), _string(detail, "type") if isinstance(detail, dict) else ""
    )
    return text, summary_markup or markup


def _visible(value: str, media_type: str) -> tuple[str, str]:
    if media_type == _PLAIN:
        return from_plain(value), ""
    if media_type and not media_type.startswith("text/") and not media_type.endswith("xml"):
        return "", ""
    return from_html(value)


def _link(fields: Fields, context: Context) -> str:
    """The link that the document really gives: feedparser makes one up from the id where there is none."""
    chosen = _string(fields, "link")
    alternates = [
        href
        for link in _dicts(fields, "links")
        if _string(link, "rel") == "alternate" and (href := _string(link, "href"))
    ]
    if chosen in alternates:
        return chosen
    if alternates:
        return alternates[0]
    return chosen if stored(fields, "guidislink") and not context.atom else ""


def _author(fields: Fields) -> str:
    """The names, or where there is no name the address, of all authors."""
    names = [_string(author, "name") or _string(author, "email") for author in _dicts(fields, "authors")[:50]]
    found = [name for name in names if name] or [_string(fields, "author")]
    return ", ".join(dict.fromkeys(one_line(name[: 2 * limits.AUTHOR]) for name in found))


def _categories(fields: Fields) -> list[str]:
    return [one_line(_string(tag, "label") or _string(tag, "term")) for tag in _dicts(fields, "tags")]


def _language(fields: Fields) -> str:
    for detail in (*_dicts(fields, "content")[:1], stored(fields, "summary_detail"), stored(fields, "title_detail")):
        if isinstance(detail, dict) and (language := language_tag(_string(detail, "language"))):
            return language
    return ""
