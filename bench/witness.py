"""An independent witness for a rehearsal: holds its journal against a bare feedparser reading of the same histories.

usage: python -m bench.witness JOURNAL.json

Knows nothing of our parser, identities or rules: an entry is its id or link, a text is its tags stripped, a term is a
regular expression at word boundaries. Counts alerts that it can confirm, alerts that it cannot, and new entries with a
watched term that no alert told of (those held are to be found among them).
"""

import html
import io
import json
import re
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import feedparser

from bench.rehearsal import TOPICS, histories


@dataclass(frozen=True, slots=True)
class Said:
    """What an entry said from the document with this number on."""

    since: int
    title: str
    text: str


Entries = dict[str, list[Said]]


def read(documents: list[bytes]) -> tuple[int, Entries]:
    """The number of the first document with entries, and what each entry said over time."""
    first, entries = -1, defaultdict(list)
    for number, body in enumerate(documents):
        parsed = feedparser.parse(io.BytesIO(body), sanitize_html=False, resolve_relative_uris=False)
        if parsed.entries and first < 0:
            first = number
        for entry in parsed.entries:
            content = (entry.get("content") or [{}])[0].get("value") or entry.get("summary")
            said = Said(number, visible(entry.get("title")), visible(content))
            known = entries[re.sub(r"^https?://", "", entry.get("id") or entry.get("link") or "")]
            if not known or (known[-1].title, known[-1].text) != (said.title, said.text):
                known.append(said)
    return first, entries


def visible(markup: str | None) -> str:
    """Roughly what a reader sees."""
    text = re.sub(r"(?is)<(script|style)[^>]*>.*?</\1>|<[^>]+>", " ", markup or "")
    return " ".join(html.unescape(text).split())


def confirmed(hook: dict[str, Any], first: int, entries: Entries) -> str:
    """`right`, or what speaks against the alert."""
    item = hook["data"]["item"]
    title = visible(item["title"])
    same = [versions for versions in entries.values() if any(said.title == title for said in versions)]
    stems = {m["term"].strip("*=").casefold()[:4]: item[m["field"]][m["start"] : m["end"]].casefold()
             for m in hook["data"]["matches"] if m.get("start") is not None and m["field"] in item}  # fmt: skip
    if not all(found.startswith(stem) for stem, found in stems.items()):
        return "the place does not hold the term"
    if hook["type"] == "alert.appeared" and hook["data"]["change"] is None:
        return "right" if any(versions[0].since > first for versions in same) else "it was there from the start"
    return "right" if any(len(versions) > 1 for versions in same) else "no other text was ever there"


def at_word_boundaries(term: str) -> str:
    """A term of a topic as a regular expression."""
    end = "" if term.endswith("*") else r"(?!\w)"
    return r"(?<!\w)" + re.escape(term.strip("*")) + end


def main() -> None:
    """Print the witness's word on every alert, and on every silence."""
    hooks = [
        hook for hook in json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")) if hook["type"].startswith("alert")
    ]
    feeds = {name: read(documents) for name, documents in histories().items()}
    print(Counter((hook["type"], confirmed(hook, *feeds[hook["data"]["feed"]["id"]])) for hook in hooks))
    told = {
        (hook["data"]["feed"]["id"], hook["data"]["rule"], visible(hook["data"]["item"]["title"])) for hook in hooks
    }
    silent = Counter[str]()
    for rule, terms in TOPICS.items():
        pattern = re.compile("|".join(map(at_word_boundaries, terms)), re.IGNORECASE)
        for feed, (first, entries) in feeds.items():
            for versions in entries.values():
                if versions[0].since > first and pattern.search(f"{versions[0].title}\n{versions[0].text}"):
                    heard = any((feed, rule, said.title) in told for said in versions)
                    silent["told" if heard else "silent"] += 1
                    if not heard:
                        print("silent:", feed, rule, versions[0].title[:90])
    print(silent)


if __name__ == "__main__":
    main()
