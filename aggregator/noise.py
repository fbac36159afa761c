"""What of an item's change is noise: blocks of the site that come and go, and what never rests. Pure.

In comes one item's latest version and what it says now, out comes the edit beside all noise, if there is one; else the
whole change with the name of the noise that it is. Nothing is left out that was not found in both.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from aggregator import template, unrest, volatile
from aggregator.edits import Edit, Face, compare
from aggregator.plan import Plan
from aggregator.restless import Restless, Volatile
from store.events import ItemId
from store.ports import KnownItem

Noise = Literal["", "template", "volatile"]
"""What a change is, where it is nothing but blocks of the site, or what never rests."""


@dataclass(frozen=True, slots=True)
class Found:
    """What comparing one item gave, and what to remember of it. `waits`: it never rests; recorded not long ago."""

    edit: Edit | None
    spots: tuple[Volatile, ...]
    restless: Restless | None = None
    noise: Noise = ""
    waits: bool = False


class Comparer:
    """Compares items of one document, beside the blocks of the site and what never rests. `faces`: as last recorded."""

    def __init__(self, plan: Plan, boilerplate: frozenset[str], faces: Mapping[ItemId, Face]) -> None:
        self._look = plan.look
        self._matches = plan.matches
        self._boilerplate = boilerplate
        self._faces = faces
        self._elsewhere: Mapping[str, int] | None = None

    def compare(self, known: KnownItem, old: Face, new: Face) -> Found:
        """What leads from `old`, the latest version of the item, to `new`, what it says now."""
        memory, at = self._look.memory, self._look.at
        before = memory.volatile.get(known.id, ())
        spots = volatile.counted(before, new.text, at)
        edit = self._edit(*volatile.beside(old, new, spots))
        if edit is None:
            return Found(None, spots)
        rested = len(spots) < len(before) and self._edit(*volatile.beside(old, new, before)) is None
        stir = unrest.unrest(memory.restless.get(known.id), *volatile.beside(old, new, spots), at)
        spots += stir.found
        left, right = volatile.beside(old, new, spots)
        beside = self._edit(left, right) if stir.found else edit
        noise: Noise = "volatile" if rested or beside is None or stir.usual else ""
        if stir.usual and stir.now and at - known.changed_at < unrest.RECORDED_EVERY:
            return Found(edit, spots, stir.now, waits=True)
        if beside is not None and not noise:
            beside, noise = self._beside_the_site(beside, left, right)
        return Found(beside or edit, volatile.moved(spots, new.text), stir.now, noise)

    def _edit(self, old: Face, new: Face) -> Edit | None:
        edit = compare(old, new, self._boilerplate)
        return None if edit is None or edit.kind == "dates" else edit

    def _beside_the_site(self, edit: Edit, old: Face, new: Face) -> tuple[Edit, Noise]:
        """The edit without blocks of the site that came or went as a whole; as it is, if there is nothing else."""
        if "text" not in edit.fields or edit.kind not in ("wording", "title"):
            return edit, ""
        parts = template.parts_of_the_site(old.text, new.text, self._standing(), len(self._matches))
        if not parts:
            return edit, ""
        bare = [replace(face, text=template.without(face.text, parts), markup="") for face in (old, new)]
        rest = self._edit(*bare)
        return (replace(rest, fields=edit.fields), "") if rest else (edit, "template")

    def _standing(self) -> Mapping[str, int]:
        if self._elsewhere is None:
            recorded = ((match.known, match.seen.text) for match in self._matches if match.known)
            self._elsewhere = template.standing(
                (self._faces[known.id].text if known.id in self._faces else text, text) for known, text in recorded
            )
        return self._elsewhere
