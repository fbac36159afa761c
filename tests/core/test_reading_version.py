"""What our own reading makes of documents has a version, and events name it: another reading is another version."""

import json
from dataclasses import asdict
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

from aggregator.deciding.normalise import FeedProfile, normalise, policy_for
from aggregator.outcome import ParsedFeed
from aggregator.parse.feed import PARSER, parse
from store.events import FeedId

DATA = Path(__file__).parents[1] / "data"
GOLDEN = DATA / "golden" / "readings.tsv"
URL = "https://ministry.example/feed"
PROFILE = FeedProfile(FeedId("ministry"), URL, timedelta(minutes=10))


def reading() -> str:
    """One digest of all that is read of the fixtures: texts, structure, dates, languages, links, keys and ids."""
    digest = sha256()
    for file in sorted((DATA / "feeds").iterdir()):
        parsed = parse(file.read_bytes(), "application/xml", URL)
        digest.update(f"{file.name}\n".encode())
        if isinstance(parsed, ParsedFeed):
            observed = normalise(parsed, PROFILE, policy_for(parsed, PROFILE, ""))
            rows = [asdict(each) for each in observed]
            digest.update(json.dumps(rows, default=str, sort_keys=True).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def test_whoever_changes_what_is_read_raises_the_version_of_the_parser() -> None:
    """A store that an older program wrote is put right by its captures only if the parser has another name."""
    known = dict(line.split("\t") for line in GOLDEN.read_text(encoding="utf-8").splitlines())
    assert PARSER in known, f"add a line for {PARSER}; those of older ones stay"
    assert reading() == known[PARSER], "what is read has changed: raise the number in PARSER (aggregator/parse/feed.py)"
