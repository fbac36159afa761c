"""What an edit took out of an item's title and text, and what it put in: what `removed:` and `added:` look into.

In: the faces before and after. Out: a `Revision`. Pure. Only whole words count; a phrase is found where it was taken
out, or put in, in one piece.
"""

from dataclasses import dataclass

from alerts.diff import word_changes
from alerts.facts import Face
from alerts.tree import TextField


@dataclass(frozen=True, slots=True)
class Revision:
    """`added`: the field, the code point of its new text at which a stretch begins, and the stretch."""

    removed: tuple[str, ...]
    added: tuple[tuple[TextField, int, str], ...]


def revision_of(before: Face, now: Face) -> Revision:
    """What the edit between these two versions did to the words."""
    removed: list[str] = []
    added: list[tuple[TextField, int, str]] = []
    fields: tuple[tuple[TextField, str, str], ...] = (
        ("title", before.title, now.title),
        ("text", before.text, now.text),
        ("lead", before.fed, now.fed),
    )
    for name, old, new in fields if now.lead is not None else fields[:2]:
        place = 0
        for tag, text in word_changes(old, new) if old != new else ():
            if tag == "-":
                removed.append(text)
                continue
            if tag == "+":
                added.append((name, place, text))
            place += len(text)  # kept and added entries together are the new text
    return Revision(tuple(removed), tuple(added))
