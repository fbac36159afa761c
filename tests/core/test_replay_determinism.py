"""The same events give the same alerts, in whatever order this process happens to keep its sets."""

import os
import subprocess
import sys

import pytest

REPLAY = """
import hashlib, random, sys
from dataclasses import replace
from datetime import UTC, datetime
from alerts.facts import Face
from alerts.judge import judgements
from alerts.rules import RuleSet
from alerts.sight import Sight
from alerts.transitions import Fired, alert_id
from store.events import (CaptureDigest, Content, FeedId, ItemId, ItemPublished, ItemRevised, ItemWithdrawn, Position,
    RuleDefined, RuleId, TextDigest)

chance, count = random.Random(42), int(sys.argv[1])
words = [f"w{number}" for number in range(60)] + ["санкции", "санкций", "叙利亚", "sanction", "sanctions"]
shapes = ["{} {}", "{} OR {}", '"{} {}"~4', "{} NOT {}", "/{}\\\\w/ OR {}", "removed:{} OR added:{}", "topic:t {} {}"]
every = ("appeared", "changed", "dropped", "withdrawn", "restored")
rules = RuleSet.compile([
    RuleDefined(RuleId(f"rule-{number}"), chance.choice(shapes).format(*chance.sample(words, 2)),
        {"t": tuple(chance.sample(words, 9))}, None, every, (), "normal", "wording", bool(number % 2))
    for number in range(50)])
content = Content(TextDigest("t"), TextDigest("x"), TextDigest("a"), "m", "en", "", "", None, None)
start = Face(ItemId("f/0"), FeedId("f"), 1, "", "", "", (), "", "ru", None, datetime(2026, 1, 1, tzinfo=UTC))
known, told, ids, hits = {}, {}, [], []
for position in range(1, count + 1):
    item = ItemId(f"f/{chance.randrange(count // 4)}")
    before = known.get(item)
    now = replace(before or start, id=item, version=(before.version if before else 0) + 1,
        title=" ".join(chance.choices(words, k=5)), text=" ".join(chance.choices(words, k=30)))
    if before is None:
        cause = ItemPublished(item, now.feed, (), content, False, False, False, "", CaptureDigest("c"), "p")
    elif chance.random() < 0.9:
        cause = ItemRevised(item, now.feed, (), content, "wording", (), ("text",), before.version, now.version,
            None, "", CaptureDigest("c"), "p")
    else:
        continue
    known[item] = now
    for judged in judgements(rules, cause, Sight(now, before), told.get(item, {})):
        if isinstance(judged.outcome, Fired):
            rule, transition = judged.rule.rule, judged.outcome.transition
            told.setdefault(item, {}).setdefault(rule, []).append(transition)
            ids.append(alert_id(rule, item, transition, Position(position)))
            hits.append(repr(judged.match))
print(len(ids), *(hashlib.sha256("\\n".join(list_).encode()).hexdigest() for list_ in (ids, hits)))
"""


def replayed(events: int, seed: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", REPLAY, str(events)],
        env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_two_replays_under_different_hash_seeds_raise_the_same_alerts() -> None:
    first = replayed(150, "1")
    assert int(first.split()[0]) > 150
    assert replayed(150, "4242") == first


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_two_replays_of_a_hundred_thousand_events_raise_the_same_alerts() -> None:
    assert replayed(100_000, "1") == replayed(100_000, "4242")
