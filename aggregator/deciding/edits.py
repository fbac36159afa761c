"""What changed between two states of one item: the kind of edit, its flags, and the fields it touched.

Pure. In come two faces of an item (what it said, what it says), out comes an `Edit`, or None where nothing changed
that a reader could see. Kinds are those of CONTRACT 3, the strongest wins.
"""

import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from aggregator.deciding.dates_in_text import dates_of
from aggregator.deciding.identity import comparable_link
from aggregator.deciding.names_in_text import names_differ
from aggregator.deciding.wording import TextChange, differing, has_grown, negations_differ, numbers_differ, text_change
from store.events import EDIT_KINDS, About, EditFlag, EditKind

LONGEST = 100_000
"""Code points of the stretches that differ, both together, beyond which dates, names and growth are not looked for."""

_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Face:
    """What an item shows in one version. Dates are the claimed ones, as given and as read (UTC)."""

    title: str
    text: str
    about: About
    markup: str
    published: str
    updated: str
    published_at: datetime | None
    updated_at: datetime | None
    language: str = ""


@dataclass(frozen=True, slots=True)
class Edit:
    """The difference: strongest kind, flags, and fields changed (title, text, author, category, link, dates)."""

    kind: EditKind
    flags: tuple[EditFlag, ...]
    fields: tuple[str, ...]


def compare(old: Face, new: Face, boilerplate: Collection[str] = ()) -> Edit | None:
    """The edit that leads from `old` to `new`. Text blocks whose `block_key` is in `boilerplate` are looked past
    on both sides; that can only weaken an edit. A statement that is nothing but such blocks is compared as it stands.
    """
    title, text = text_change(old.title, new.title), text_change(old.text, new.text)
    before, after = old, new
    if text == "wording" and boilerplate:
        before, after = _beside(old, new, boilerplate)
        text = text_change(before.text, after.text)
    kinds: list[EditKind] = []
    fields: list[str] = []
    if title:
        fields.append("title")
        kinds.append("title" if title == "wording" else title)
    if text:
        fields.append("text")
        kinds.append(text)
    metadata = _metadata(old.about, new.about)
    if metadata:
        fields += metadata
        kinds.append("metadata")
    if old.markup != new.markup and (old.title, old.text) == (new.title, new.text):
        fields.append("text")
        kinds.append("markup")
    dates = _dates(old, new)
    if dates:
        fields += dates
        kinds.append("dates")
    if not kinds:
        return None
    return Edit(max(kinds, key=EDIT_KINDS.index), _flags(before, after, title, text), tuple(fields))


def block_key(block: str) -> str:
    """A short fingerprint of one block of text; counters in it do not matter."""
    return hashlib.sha256(_DIGITS.sub("0", block).encode("utf-8", "surrogatepass")).hexdigest()[:12]


def without_blocks(text: str, blocks: Collection[str]) -> str:
    """The text without the blocks (lines) that have one of these keys."""
    if not blocks or not text:
        return text
    return "\n".join(line for line in text.split("\n") if block_key(line) not in blocks)


def changed_blocks(old: str, new: str) -> tuple[frozenset[str], frozenset[str]]:
    """The blocks that only the old text has, and those that only the new one has."""
    before, after = set(old.split("\n")), set(new.split("\n"))
    return frozenset(before - after), frozenset(after - before)


def _beside(old: Face, new: Face, boilerplate: Collection[str]) -> tuple[Face, Face]:
    """Both faces without the blocks of the site, unless nothing else is in either."""
    before, after = without_blocks(old.text, boilerplate), without_blocks(new.text, boilerplate)
    return (replace(old, text=before), replace(new, text=after)) if before or after else (old, new)


def _metadata(old: About, new: About) -> list[str]:
    if old == new:
        return []
    changed = []
    if " ".join(old.author.split()) != " ".join(new.author.split()):
        changed.append("author")
    if set(old.categories) != set(new.categories):
        changed.append("category")
    if comparable_link(old.link) != comparable_link(new.link):
        changed.append("link")
    return changed


def _dates(old: Face, new: Face) -> list[str]:
    return [
        name
        for name, before, after, before_at, after_at in (
            ("published", old.published, new.published, old.published_at, new.published_at),
            ("updated", old.updated, new.updated, old.updated_at, new.updated_at),
        )
        if (before_at != after_at if before_at and after_at else before != after)
    ]


def _flags(old: Face, new: Face, title: TextChange | None, text: TextChange | None) -> tuple[EditFlag, ...]:
    if "wording" not in (title, text):
        return ()
    before, after = f"{old.title}\n{old.text}", f"{new.title}\n{new.text}"
    found: dict[EditFlag, bool] = {
        "number": numbers_differ(before, after),
        "negation": negations_differ(before, after),
    }
    gone, come = differing(before, after)
    if len(gone) + len(come) <= LONGEST:
        is_short = len(before) + len(after) <= LONGEST
        found["date"] = dates_of(gone) != dates_of(come)
        found["name"] = names_differ(*((before, after) if is_short else (gone, come)), new.language)
        found["growth"] = title != "wording" and has_grown(old.text, new.text)
    return tuple(flag for flag, is_so in found.items() if is_so)
