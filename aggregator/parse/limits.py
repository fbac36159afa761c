"""How much of one document is kept, so that one event stays small. Pure.

Measured against 5,000 real feeds nothing legitimate is cut. A link that is too long is left out, because a shortened
address is another address; an identifier that is too long keeps its beginning and a digest, so that two stay two.
"""

import hashlib
from dataclasses import dataclass

ENTRIES = 5_000
TITLE = 2_000
TEXT = 1_000_000
LINK = 4_096
GUID = 2_048
AUTHOR = 500
CATEGORIES = 100
CATEGORY = 200
TOMBSTONES = 5_000
FEED_TITLE = 500
GENERATOR = 200
FEED_LINKS = 100
PROBLEM = 300


@dataclass(slots=True)
class Limiter:
    """Cuts the fields of one entry and remembers whether it had to. Sizes are code points."""

    truncated: bool = False

    def cut(self, text: str, limit: int) -> str:
        """At most `limit` code points."""
        if len(text) <= limit:
            return text
        self.truncated = True
        return text[:limit].rstrip()

    def guid(self, text: str) -> str:
        """A stand-in for an identifier that is too long."""
        if len(text) <= GUID:
            return text
        self.truncated = True
        digest = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
        return f"{text[:200]}#sha256:{digest}"

    def link(self, text: str) -> str:
        """The address, or "" when it is too long to be one."""
        if len(text) <= LINK:
            return text
        self.truncated = True
        return ""

    def categories(self, names: list[str]) -> tuple[str, ...]:
        """Each name once, in its order."""
        unique = tuple(dict.fromkeys(self.cut(name, CATEGORY) for name in names if name))
        if len(unique) > CATEGORIES:
            self.truncated = True
        return unique[:CATEGORIES]
