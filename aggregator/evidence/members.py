"""A dossier, and what others added to it, as the members of a file of evidence: names and bytes, the same for the same.
Pure but for reading the two members that come with the program, the verifier and the words of README.txt.
"""

import json
from collections.abc import Iterator, Sequence
from hashlib import sha256
from html import escape
from importlib.resources import files
from itertools import pairwise

from aggregator.evidence import warc
from aggregator.evidence.dossier import Dossier, Reading, Words
from aggregator.evidence.outside import NOTHING, Archived, Outside, Timestamp
from aggregator.evidence.readme import readme
from aggregator.shown.form import compact
from alerts.diff import Entry, word_diff
from alerts.plain import encodable
from store.proof import ProvenEvent

_MARKS = {"-": ("[-", "-]"), "+": ("{+", "+}")}
_TAGS = {"-": ("<del>", "</del>"), "+": ("<ins>", "</ins>")}
_PAGE = """<!DOCTYPE html>
<html><head><meta charset="utf-8"><title>{title}</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>body{{font-family:sans-serif;max-width:44em;margin:1em;white-space:pre-wrap}}del{{background:#fdd}}ins{{background:#dfd}}</style>
</head><body dir="auto"><h1>{title}</h1>{parts}</body></html>
"""


def members(dossier: Dossier, software: str, outside: Outside = NOTHING) -> dict[str, bytes]:
    """Every member by its name; `software` is what made it, with its version."""
    made = {
        "README.txt": readme(dossier, software, outside),
        "verify.py": files("aggregator.evidence").joinpath("verifier.py").read_bytes(),
        "checkpoint.txt": dossier.head.note.encode(),
        "key.txt": f"{dossier.head.key}\n".encode(),
        "events.jsonl": b"".join(map(_event, dossier.events)),
        "history.json": (compact(list(dossier.history)) + "\n").encode(),
        "captures.warc.gz": warc.archive(dossier.captures, software),
        **dict(_versions(dossier)),
        **dict(_diffs(dossier.readings)),
        **dict(_from_outside(outside)),
    }
    sums = "".join(f"{sha256(made[name]).hexdigest()}  {name}\n" for name in sorted(made))
    return {**made, "SHA256SUMS": sums.encode()}


def _event(event: ProvenEvent) -> bytes:
    """The columns as they were hashed; `data` as the text that it is, so that not a byte of it is lost."""
    row = {
        "position": event.position,
        "event_id": event.event_id,
        "stream": event.stream,
        "version": event.version,
        "kind": event.kind,
        "subject": event.subject,
        "recorded_at": event.recorded_at,
        "data": event.data.decode(),
        "hash": event.hash.hex(),
        "previous": event.previous.hex(),
        "path": [each.hex() for each in event.path],
    }
    return (json.dumps(row, separators=(",", ":")) + "\n").encode()


def _versions(dossier: Dossier) -> Iterator[tuple[str, bytes]]:
    """A folder for each version as it began, and in it one for each time that it was known better later on."""
    if dossier.readings:
        yield "versions/salt.txt", f"{dossier.salt.hex()}\n".encode()
    for one in dossier.readings:
        folder, words = f"versions/{one.version}", one.words
        if not one.begins:
            folder += f"/read-{one.position}"
        yield f"{folder}/title.txt", words.title.encode()
        yield f"{folder}/text.txt", words.text.encode()
        yield f"{folder}/about.json", words.about.encode()
        if words.page is not None:
            yield f"{folder}/page.txt", words.page.encode()


def _diffs(readings: Sequence[Reading]) -> Iterator[tuple[str, bytes]]:
    """From what was known of a version at last to the beginning of the next."""
    for before, after in pairwise(readings):
        if not after.begins:
            continue
        heading = f"Version {before.version} to version {after.version}"
        diffs = [(named, word_diff(old, new).entries) for named, old, new in _compared(before.words, after.words)]
        name = f"diffs/{before.version}-{after.version}"
        plain = f"{heading}: [-removed-] {{+added+}}\n\n" + "\n\n".join(_worded(diff) for _, diff in diffs) + "\n"
        yield f"{name}.txt", encodable(plain).encode()
        parts = "".join(f"<h2>{named}</h2><p>{_marked(diff)}</p>" for named, diff in diffs)
        yield f"{name}.html", encodable(_PAGE.format(title=heading, parts=parts)).encode()


def _compared(before: Words, after: Words) -> list[tuple[str, str, str]]:
    pairs = [("Title", before.title, after.title), ("Text", before.text, after.text)]
    if before.page is not None and after.page is not None:
        pairs.append(("Page", before.page, after.page))
    return pairs


def _from_outside(outside: Outside) -> Iterator[tuple[str, bytes]]:
    if isinstance(stamp := outside.timestamp, Timestamp):
        yield "timestamp.tsr", stamp.answer
    if isinstance(copy := outside.archived, Archived):
        yield "archive.json", (compact(copy.as_row()) + "\n").encode()


def _worded(diff: Sequence[Entry]) -> str:
    return "".join(text.join(_MARKS.get(tag, ("", ""))) for tag, text in diff)


def _marked(diff: Sequence[Entry]) -> str:
    return "".join(escape(text).join(_TAGS.get(tag, ("", ""))) for tag, text in diff)
