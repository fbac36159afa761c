"""An alert as people read it: the facts in short lines and marked pieces, before any template gives them a form. Pure.

Comes in: `AlertFacts`. Goes out: a `Story` whose single lines are harmless everywhere; longer texts (`pieces`, `diff`)
are as the source wrote them, and templates pass each through `plain` (and HTML through escaping).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from urllib.parse import urlsplit

from alerts.diff import Diff, shorten
from alerts.facts import AlertFacts, Face
from alerts.payload import (
    MAX_TEXT,
    changed_about,
    edited_field,
    history_url,
    item_diff,
    judged_face,
    matches,
    places,
    told_face,
)
from alerts.plain import one_line
from store.events import FeedGap, FeedMoved, FeedReissued, ItemCompleted

MAX_TITLE = 250
_KEPT_AROUND_CHANGES = 120
_KEPT_IN_A_LINE = 60
_MOST_OF_A_LINE = 400
_PREFIX = {
    "appeared": "",
    "changed": "Changed: ",
    "dropped": "Topic dropped: ",
    "withdrawn": "Withdrawn: ",
    "restored": "Restored: ",
    "delisted": "Delisted: ",
}
_SOURCE_NEWS = {
    "degraded": "Source cannot be seen",
    "recovered": "Source is seen again",
    "quiet": "Source is quiet",
    "gone": "Source is gone",
    "moved": "Source has moved",
    "reissued": "Source was reissued",
    "gap": "Statements may have been missed",
}
_ON_PAGE = "on the page behind the link, which was read after the feed"
_LATE = "missed when it was news, for the feed's list had rolled past it; found on an older page of the feed"


@dataclass(frozen=True, slots=True)
class Story:
    """What a message tells. Lines that do not apply are ""; `details` are label and value in reading order.

    `pieces` is the text with whether a term stands there, `diff` the same with the tag of each entry before it.
    `removed` and `added` are changes outside the text (title, author, …); `changes` are those of the text, each with a
    few words around it, in one line of [-removed-] {+added+}.
    """

    subject: str
    title: str
    happened: str
    details: tuple[tuple[str, str], ...]
    link: str
    history: str
    language: str
    pieces: tuple[tuple[bool, str], ...]
    diff: tuple[tuple[str, bool, str], ...]
    removed: tuple[str, ...]
    added: tuple[str, ...]
    changes: tuple[str, ...]
    snippets: tuple[str, ...]
    footer: str


def story(facts: AlertFacts, base_url: str) -> Story:
    """The story of a transition of an item, or of a source's health."""
    item = told_face(facts)
    return _source_story(facts) if item is None else _item_story(facts, item, base_url)


def when(moment: datetime | None) -> str:
    """A time as people read it, in UTC; "" for none."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if moment else ""


def _item_story(facts: AlertFacts, item: Face, base_url: str) -> Story:
    face, diff = judged_face(facts), item_diff(facts)
    title = one_line(item.title, MAX_TITLE) or one_line(item.link, MAX_TITLE) or item.id
    heading = f"{_PREFIX.get(facts.alert.transition, '')}{title}"
    removed, added = changed_about(facts)
    link = one_line(item.link)
    return Story(
        subject=f"[{facts.rule.rule}] {heading}",
        title=title,
        happened=_happened(facts),
        details=_item_details(facts, item, link),
        link=link if _scheme(link) in ("http", "https") else "",
        history=history_url(base_url, item.id),
        language=one_line(item.language, 35),
        pieces=tuple(marked(face.text[:MAX_TEXT], places(facts.alert.hits, "text"))) if face and not diff else (),
        diff=tuple(_marked_diff(facts, diff)) if diff else (),
        removed=_lines(removed),
        added=_lines(added),
        changes=tuple(_changes(diff)) if diff else (),
        snippets=tuple(dict.fromkeys(one_line(m.snippet) for m in matches(facts)))[:3],
        footer=_footer(facts),
    )


def marked(text: str, where: Sequence[tuple[int, int]]) -> Iterator[tuple[bool, str]]:
    """The text in pieces, each with whether a term stands there; overlapping places become one piece."""
    done = 0
    for start, end in sorted((max(start, 0), min(end, len(text))) for start, end in where):
        if end <= max(done, start):
            continue
        if start > done:
            yield False, text[done:start]
        yield True, text[max(start, done) : end]
        done = end
    if done < len(text):
        yield False, text[done:]


def _marked_diff(facts: AlertFacts, diff: Diff) -> Iterator[tuple[str, bool, str]]:
    """The diff, shortened, with the terms marked that stand in the new text."""
    where = places(facts.alert.hits, edited_field(facts)) if judged_face(facts) is facts.item else []
    offset = 0
    for tag, text in shorten(diff.entries, keep=_KEPT_AROUND_CHANGES, limit=MAX_TEXT):
        if tag in ("=", "+"):
            here = [(start - offset, end - offset) for start, end in where]
            yield from ((tag, is_match, piece) for is_match, piece in marked(text, here))
            offset += len(text)
        else:
            yield tag, False, text
            offset += int(text) if tag == "…" else 0


def worded(entries: Iterable[tuple[str, str]]) -> str:
    """A diff in plain text: [-removed-] {+added+}, and […] where something was left out."""
    around = {"-": ("[-", "-]"), "+": ("{+", "+}"), "=": ("", "")}
    return "".join(" […] " if tag == "…" else text.join(around[tag]) for tag, text in entries).strip()


def _changes(diff: Diff) -> Iterator[str]:
    """The changes of a text, a line for those that stand close together."""
    for left_out, near in groupby(shorten(diff.entries, keep=_KEPT_IN_A_LINE, limit=MAX_TEXT), lambda e: e.tag == "…"):
        if not left_out:
            yield one_line(worded(near), _MOST_OF_A_LINE)


def _lines(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(one_line(text, MAX_TITLE) for text in texts)


def _happened(facts: AlertFacts) -> str:
    change = facts.change
    if change is None:
        return facts.alert.transition
    flags = "".join(f", {flag}" for flag in change.flags)
    back = f", back to version {change.reverts_to}" if change.reverts_to else ""
    versions = f"version {change.from_version} to {change.to_version}{back}"
    where = ", on its page" if "page" in change.fields else ""
    return f"{facts.alert.transition} ({change.kind}{flags}){where}: {versions}"


def _item_details(facts: AlertFacts, item: Face, link: str) -> tuple[tuple[str, str], ...]:
    gone = facts.withdrawal
    terms = ", ".join(dict.fromkeys(one_line(hit.term, 80) for hit in facts.alert.hits))
    rows = [
        ("Source", _source(facts)),
        ("Link", link),
        ("Claimed", f"{when(item.published_at)} (by the source)" if item.published_at else ""),
        ("Observed", when(item.observed_at)),
        ("Recovered late", _LATE if facts.recovered_late else ""),
        ("Matched", one_line(terms, 300)),
        ("Found", _ON_PAGE if isinstance(facts.cause.event, ItemCompleted) else ""),
        ("Severity", facts.rule.severity if facts.rule.severity != "normal" else ""),
        ("Last seen", when(gone.last_seen_at) if gone else ""),
        ("Missed first", when(gone.first_absent_at) if gone else ""),
        ("Grade", gone.grade if gone else ""),
        *(("Evidence", one_line(line, 300)) for line in (gone.evidence[:10] if gone else ())),
        ("Not seen since", f"{when(facts.blind_since)}: when this happened is not known" if facts.blind_since else ""),
    ]
    return tuple((label, value) for label, value in rows if value)


def _source_story(facts: AlertFacts) -> Story:
    health = facts.health
    news = _SOURCE_NEWS.get(facts.alert.transition, f"Source: {facts.alert.transition}")
    title = f"{news}: {one_line(facts.feed.title, MAX_TITLE) or facts.feed.id}"
    rows = [
        ("Source", _source(facts)),
        ("Address", one_line(facts.feed.url, 500)),
        ("Since", when(health.since) if health else ""),
        ("Reason", one_line(health.reason, 300) if health else ""),
        ("New address", one_line(health.url, 500) if isinstance(health, FeedMoved) else ""),
        ("Known", _reissue(health) if isinstance(health, FeedReissued) else ""),
        ("Listed", _gap(health) if isinstance(health, FeedGap) else ""),
    ]
    return Story(
        subject=f"[{facts.rule.rule}] {title}",
        title=title,
        happened=facts.alert.transition,
        details=tuple((label, value) for label, value in rows if value),
        link="",
        history="",
        language="",
        pieces=(),
        diff=(),
        removed=(),
        added=(),
        changes=(),
        snippets=(),
        footer=_footer(facts),
    )


def _reissue(reissued: FeedReissued) -> str:
    return f"{reissued.known} items, of which {reissued.changed} changed and {reissued.rekeyed} came under new ids"


def _gap(gap: FeedGap) -> str:
    return f"{gap.left} items then, none of them now, and {gap.new} new ones"


def _source(facts: AlertFacts) -> str:
    title = one_line(facts.feed.title, MAX_TITLE)
    return f"{title} ({facts.feed.id})" if title and facts.feed.id else title or facts.feed.id


def _footer(facts: AlertFacts) -> str:
    cause = facts.cause
    return f"alert {facts.alert.alert} · log position {cause.position} · hash {cause.hash.hex()[:16]}"


def _scheme(link: str) -> str:
    """The scheme of a link in lower case; "" for what is no link."""
    try:
        return urlsplit(link).scheme.lower()
    except ValueError:
        return ""
