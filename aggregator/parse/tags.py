"""The tags of a document that may be HTML or XML, sound or not: names and attributes, nothing in between. Pure, linear.

For whoever wants a few attributes out of a page or a list and has no use for a tree: `alternates`, and lists of feeds.
No entity is expanded but references to single characters, no depth is kept, and nothing raises.
"""

import html
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from aggregator.parse.visible import TOKEN

MOST_ATTRIBUTES = 10_000
"""Characters of attributes in one tag that are read."""
_ATTRIBUTE = re.compile(r"""([^\s"'<>/=]++)\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s"'>]++))""")


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag; `name` in lower case, `source` the text of its attributes."""

    name: str
    closing: bool
    source: str

    @property
    def alone(self) -> bool:
        """It closes itself."""
        return self.source.endswith("/")

    @property
    def attributes(self) -> Mapping[str, str]:
        """By their names in lower case; of two of one name the first."""
        found: dict[str, str] = {}
        for name, double, single, bare in _ATTRIBUTE.findall(self.source[:MOST_ATTRIBUTES]):
            found.setdefault(name.lower(), html.unescape(double or single or bare))
        return found


def tags(source: str, opaque: Collection[str] = ()) -> Iterator[Tag]:
    """Every tag in its order. What stands inside of `opaque` elements is text, even where it looks like tags."""
    end = source.rfind(">") + 1
    at = 0
    while (token := TOKEN.search(source, at, end)) is not None:
        at = token.end()
        closing, name, attributes = token.groups()
        if name is None:
            continue
        tag = Tag(name.lower(), bool(closing), attributes)
        yield tag
        if tag.name in opaque and not tag.closing:
            close = re.compile(rf"</{re.escape(tag.name)}\b", re.IGNORECASE).search(source, at, end)
            if close is None:
                return
            at = close.start()
