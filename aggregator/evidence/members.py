"""A dossier, and what others added to it, as the members of a file of evidence: names and bytes, the same for the same.
Pure but for reading the two members that come with the program, the verifier and the words of README.txt.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from html import escape
from importlib.resources import files
from itertools import pairwise

from aggregator.evidence import warc
from aggregator.evidence.dossier import Dossier, Words
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
</head><body dir="auto"><h1>{title}</h1><h2>Title</h2><p>{head}</p><h2>Text</h2><p>{text}</p></body></html>
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
        **dict(_diffs(dossier.versions)),
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
    if dossier.versions:
        yield "versions/salt.txt", f"{dossier.salt.hex()}\n".encode()
    for number, words in dossier.versions.items():
        yield f"versions/{number}/title.txt", words.title.encode()
        yield f"versions/{number}/text.txt", words.text.encode()
        yield f"versions/{number}/about.json", words.about.encode()


def _diffs(versions: Mapping[int, Words]) -> Iterator[tuple[str, bytes]]:
    for (old, before), (new, after) in pairwise(sorted(versions.items())):
        title, text = word_diff(before.title, after.title).entries, word_diff(before.text, after.text).entries
        name = f"diffs/{old}-{new}"
        heading = f"Version {old} to version {new}"
        plain = f"{heading}: [-removed-] {{+added+}}\n\n{_worded(title)}\n\n{_worded(text)}\n"
        yield f"{name}.txt", encodable(plain).encode()
        page = _PAGE.format(title=heading, head=_marked(title), text=_marked(text))
        yield f"{name}.html", encodable(page).encode()


def _from_outside(outside: Outside) -> Iterator[tuple[str, bytes]]:
    if isinstance(stamp := outside.timestamp, Timestamp):
        yield "timestamp.tsr", stamp.answer
    if isinstance(copy := outside.archived, Archived):
        yield "archive.json", (compact(copy.as_row()) + "\n").encode()


def _worded(diff: Sequence[Entry]) -> str:
    return "".join(text.join(_MARKS.get(tag, ("", ""))) for tag, text in diff)


def _marked(diff: Sequence[Entry]) -> str:
    return "".join(escape(text).join(_TAGS.get(tag, ("", ""))) for tag, text in diff)
