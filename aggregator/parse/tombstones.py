"""RFC 6721 `at:deleted-entry` elements of an Atom document. Pure; never raises.

feedparser keeps only the last one, so they are read here, with expat and namespaces. A document that is not well-formed
has none: a statement is not declared withdrawn on the word of a broken document.
"""

from xml.parsers import expat

from aggregator.outcome import Tombstone
from aggregator.parse import limits
from aggregator.parse.visible import one_line

_ELEMENT = "http://purl.org/atompub/tombstones/1.0 deleted-entry"


def read_tombstones(document: str) -> tuple[Tombstone, ...]:
    """All tombstones that are children of the root element, in document order."""
    if "deleted-entry" not in document:
        return ()
    found: list[Tombstone] = []
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        ref = one_line(attributes.get("ref", ""))
        if name == _ELEMENT and depth == 2 and ref and len(found) < limits.TOMBSTONES:
            found.append(Tombstone(limits.Limiter().guid(ref), one_line(attributes.get("when", "")[:1000])[:200]))

    def end(_name: str) -> None:
        nonlocal depth
        depth -= 1

    parser = expat.ParserCreate("utf-8", namespace_separator=" ")
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    try:
        parser.Parse(document.encode("utf-8", "replace"), True)  # noqa: FBT003 - expat takes no keywords
    except (expat.ExpatError, ValueError):
        return ()
    return tuple(found)
