"""An alert as the JSON document that webhooks carry: docs/webhooks-and-mail.md describes every field. Pure.

Comes in: `AlertFacts`. Goes out: the document as a dict in its published order, and as canonical bytes: the same facts
give the same bytes, always. Never fails on any text: lone surrogates are replaced, code point for code point.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal, NamedTuple
from urllib.parse import quote

from alerts.diff import Diff, Entry, shorten, word_diff
from alerts.facts import AlertFacts, Face, FeedCard
from alerts.plain import encodable
from store.events import FeedDegraded, FeedGap, FeedMoved, FeedReissued, Hit, ItemId, ItemRevised, ItemWithdrawn

MAX_TEXT = 20_000
"""Code points of `item.text`, and of the diff when the text is longer than this."""
MAX_MATCHES = 100
_AROUND = 60
_KEPT_AROUND_CHANGES = 200

Json = dict[str, object]


def body(facts: AlertFacts, base_url: str) -> bytes:
    """The exact bytes to sign and send. `base_url` without a trailing slash."""
    text = json.dumps(document(facts, base_url), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return encodable(text).encode()


def document(facts: AlertFacts, base_url: str) -> Json:
    """The document: `alert.*` for a transition of an item, `source.*` for the health of a source."""
    item = told_face(facts)
    if item is None:
        return {**_head(f"source.{facts.alert.transition}", facts), "data": _source_data(facts)}
    return {**_head(f"alert.{facts.alert.transition}", facts), "data": _item_data(facts, item, base_url)}


def history_url(base_url: str, item: ItemId) -> str:
    """Where the item's history can be read."""
    return f"{base_url.rstrip('/')}/items/{quote(item)}"


def timestamp(moment: datetime) -> str:
    """RFC 3339 in UTC with six digits of the second."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def item_diff(facts: AlertFacts) -> Diff | None:
    """The diff of the texts behind an edit; None where the alert is not about one, or a text was erased."""
    if facts.change is None or facts.before is None or facts.item is None:
        return None
    if edited_field(facts) == "lead":
        return _remembered_diff(facts.before.fed, facts.item.fed)
    return _remembered_diff(facts.before.text, facts.item.text)


def edited_field(facts: AlertFacts) -> Literal["text", "lead"]:
    """Which text the diff is about: what the feed says is not what is sent, where the page was read."""
    edits_page = facts.change is not None and "page" in facts.change.fields
    return "text" if edits_page or facts.item is None or facts.item.lead is None else "lead"


@lru_cache(maxsize=16)
def _remembered_diff(old: str, new: str) -> Diff:
    """One edit is told to many channels, under many rules."""
    return word_diff(old, new)


def told_face(facts: AlertFacts) -> Face | None:
    """The item that the alert is about, empty where its texts were erased; None for the health of a source."""
    alert = facts.alert
    if facts.item is not None or alert.item is None:
        return facts.item
    return Face(
        id=alert.item,
        feed=alert.feed,
        version=alert.version or 0,
        title="",
        text="",
        author="",
        categories=(),
        link="",
        language="",
        published_at=None,
        observed_at=facts.cause.recorded_at,
    )


def judged_face(facts: AlertFacts) -> Face | None:
    """The version in which the terms stand: of a dropped topic the one before, for the new one lacks them."""
    return facts.before if facts.alert.transition == "dropped" else facts.item


def _head(kind: str, facts: AlertFacts) -> Json:
    return {"type": kind, "timestamp": timestamp(facts.recorded_at), "schema": 1}


def _identity(facts: AlertFacts) -> Json:
    alert = facts.alert
    return {
        "alert_id": alert.alert,
        "rule": alert.rule,
        "severity": facts.rule.severity,
        "transition": alert.transition,
    }


def _item_data(facts: AlertFacts, item: Face, base_url: str) -> Json:
    return {
        **_identity(facts),
        "topics": list(facts.alert.topics),
        "feed": _feed(facts.feed),
        "item": _item(item, late=facts.recovered_late),
        "matches": [match.document() for match in matches(facts)],
        "change": _change(facts, facts.change) if facts.change else None,
        "withdrawal": _withdrawal(facts.withdrawal) if facts.withdrawal else None,
        "follows": facts.alert.follows,
        "blind_since": _moment(facts.blind_since),
        "evidence": _evidence(facts),
        "links": {"history": history_url(base_url, item.id)},
    }


def _source_data(facts: AlertFacts) -> Json:
    health = facts.health
    data = {
        **_identity(facts),
        "feed": _feed(facts.feed),
        "since": _moment(health.since) if health else None,
        "reason": health.reason if health else "",
    }
    match health:
        case FeedDegraded():
            data["failures"] = health.failures
        case FeedMoved():
            data["url"] = health.url
        case FeedReissued():
            data |= {"known": health.known, "changed": health.changed, "rekeyed": health.rekeyed}
        case FeedGap():
            data |= {"left": health.left, "new": health.new}
        case _:
            pass
    return {**data, "evidence": _evidence(facts)}


def _feed(feed: FeedCard) -> Json:
    return {"id": feed.id, "title": feed.title, "url": feed.url}


def _item(item: Face, *, late: bool) -> Json:
    fields: Json = {
        "id": item.id,
        "version": item.version or None,
        "title": item.title,
        "link": item.link,
        "published_at": _moment(item.published_at),
        "observed_at": timestamp(item.observed_at),
        "language": item.language,
        "text": item.text[:MAX_TEXT],
    }
    if item.truncated or len(item.text) > MAX_TEXT:
        fields["truncated"] = True
    if late:
        fields["recovered_late"] = True
    return fields


class Match(NamedTuple):
    """A hit as told: `place` is where it stands in `item.title` or `item.text` as sent, None where that is nowhere."""

    term: str
    field: str
    place: tuple[int, int] | None
    snippet: str

    def document(self) -> Json:
        """The match as JSON."""
        place = {"start": self.place[0], "end": self.place[1]} if self.place else {}
        return {"term": self.term, "field": self.field, **place, "snippet": self.snippet}


def matches(facts: AlertFacts) -> Sequence[Match]:
    """The alert's hits with what stands around them."""
    face = judged_face(facts)
    return [_match(hit, face, sent=face is facts.item) for hit in facts.alert.hits[:MAX_MATCHES]]


def _match(hit: Hit, face: Face | None, *, sent: bool) -> Match:
    text = face.text_of(hit.field) if face else ""
    last = min(len(text), MAX_TEXT) if hit.field == "text" else len(text)
    placed = sent and hit.field in ("title", "text") and hit.end <= last
    field = "text" if hit.field == "lead" else hit.field
    return Match(hit.term, field, (hit.start, hit.end) if placed else None, snippet(text, hit))


def snippet(text: str, hit: Hit) -> str:
    """The match with up to 60 characters on each side, cut between words."""
    if hit.field not in ("title", "text", "lead"):
        return text[: 4 * _AROUND]
    start, end = max(hit.start - _AROUND, 0), min(hit.end + _AROUND, len(text))
    before, after = text[start : hit.start], text[hit.end : end]
    if start and " " in before:
        before = before.split(" ", 1)[1]
    if end < len(text) and " " in after:
        after = after.rsplit(" ", 1)[0]
    shown = " ".join(f"{before}{text[hit.start : hit.end]}{after}".split())
    return f"{'…' if start else ''}{shown}{'…' if end < len(text) else ''}"


def _change(facts: AlertFacts, change: ItemRevised) -> Json:
    removed, added = changed_about(facts)
    entries = tuple[Entry, ...]()
    if diff := item_diff(facts):
        removed, added = [*removed, *diff.removed], [*added, *diff.added]
        entries = sent_diff(diff)
    return {
        "kind": change.kind,
        "flags": list(change.flags),
        "fields": list(change.fields),
        "from_version": change.from_version,
        "to_version": change.to_version,
        "reverts_to": change.reverts_to,
        "added": added,
        "removed": removed,
        "diff": [list(entry) for entry in entries],
    }


def sent_diff(diff: Diff) -> tuple[Entry, ...]:
    """The whole diff while it is of ordinary size; of a very long one what surrounds the changes."""
    if sum(len(e.text) for e in diff.entries) <= MAX_TEXT:
        return diff.entries
    return shorten(diff.entries, keep=_KEPT_AROUND_CHANGES, limit=MAX_TEXT)


def changed_about(facts: AlertFacts) -> tuple[list[str], list[str]]:
    """What an edit removed and added outside the text: words of the title, whole values of the rest."""
    before, after = facts.before, facts.item
    if facts.change is None or before is None or after is None:
        return [], []
    title = word_diff(before.title, after.title)
    removed, added = list(title.removed), list(title.added)
    for old, new in (
        (before.author, after.author),
        (", ".join(before.categories), ", ".join(after.categories)),
        (before.link, after.link),
    ):
        if old != new:
            removed += [old[:MAX_TEXT]] if old else []
            added += [new[:MAX_TEXT]] if new else []
    return removed, added


def _withdrawal(withdrawal: ItemWithdrawn) -> Json:
    return {
        "grade": withdrawal.grade,
        "last_seen_at": timestamp(withdrawal.last_seen_at),
        "first_absent_at": timestamp(withdrawal.first_absent_at),
        "evidence": list(withdrawal.evidence),
    }


def _evidence(facts: AlertFacts) -> Json:
    """The event that proves it. `capture` is null where that event cites no response body, `checkpoint` where no signed
    one covers it."""
    capture = getattr(facts.cause.event, "capture", "") or None
    return {
        "position": facts.cause.position,
        "hash": facts.cause.hash.hex(),
        "capture": capture,
        "checkpoint": facts.checkpoint or None,
    }


def _moment(moment: datetime | None) -> str | None:
    return timestamp(moment) if moment else None


def places(hits: Sequence[Hit], field: str) -> list[tuple[int, int]]:
    """Where terms stand in one field."""
    return [(hit.start, hit.end) for hit in hits if hit.field == field]
