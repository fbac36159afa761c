"""Matching: folding an item, finding the terms of many rules in it, compiling the rules.

Texts and rules are made from a fixed seed: words of five alphabets by Zipf's law, so that some terms stand in nearly
every item and most in none, as in real sets of rules.
"""

import random
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from itertools import accumulate

import ahocorasick_rs

from alerts.facts import Face
from alerts.index import Haystack
from alerts.rules import RuleSet
from alerts.terms import Page
from bench.result import Result
from store.events import FeedId, ItemId, RuleDefined, RuleId

ITEM_BYTES = 2048
RULES = 10_000
ENGLISH = (
    "the foreign minister said on monday that a two-state solution and the envoy's work were discussed in detail; "
    "3.5 million people don't have access to aid, according to U.S. officials. "
)
RUSSIAN = "Министр иностранных дел заявил, что обсуждалось урегулирование «конфликта» и ёмкость рынка — 3,5 млн. "
ARABIC = "وقال وزير الخارجية إن الأمم المتحدة تتابع الوضع وأكد أن المساعدات الإنسانية تصل إلى المحتاجين. "
FRENCH = (
    "Le ministère a déclaré que l’armée n'était pas présente à l'étranger ; les « négociations » sont très délicates. "
)
CHINESE = "外交部发言人表示，叙利亚问题应通过政治途径解决，联合国安理会第2254号决议是基础。"


def run() -> list[Result]:
    chance = random.Random(7)
    vocabulary = _vocabulary(chance)
    items = [_item(chance, vocabulary) for _ in range(40)]
    results = [
        Result(f"folding a 2 KB item, {name}", _each(lambda text: Page(text).line, [_cut(text)]), "us", 150)
        for name, text in (
            ("English", ENGLISH),
            ("Russian", RUSSIAN),
            ("Arabic", ARABIC),
            ("French", FRENCH),
            ("Chinese", CHINESE),
        )
    ]
    results.append(Result("folding a 2 KB item, mixed", _each(Haystack, items), "us", 150))
    few = 0.0
    for count, common in ((10, 1000), (RULES, 5000), (RULES, 1000)):
        rules = _rules(random.Random(8), vocabulary, count, common)
        started = time.process_time()
        compiled = RuleSet.compile(rules)
        seconds = time.process_time() - started
        hits = sum(len(compiled.match(item)) for item in items) / len(items)
        whole = _each(compiled.match, items)
        both = round(whole - _each(Haystack, items), 1)
        seldom = common == 5000
        few = whole if count == 10 else few
        budget = 150 if seldom else None
        results.append(
            Result(f"matching a folded item, {count} rules", both, "us", budget, f"{hits:.1f} rules match an item")
        )
        if seldom:
            results.append(Result(f"compiling {count} rules", seconds, "s", 2))
            results.append(Result("the bare automaton over the same terms", _automaton(rules, items), "us", peer=True))
        if seldom:
            ratio = Result("an item, folded and matched: 10,000 rules against 10", round(whole / few, 1), "x", 4)
            results.append(ratio)
            started = time.process_time()
            RuleSet.compile([*rules[:-1], replace(rules[-1], match="another")], like=compiled)
            results.append(Result("compiling them again, one changed", time.process_time() - started, "s"))
    return results + _costly_terms(items)


def _costly_terms(items: Sequence[Face]) -> list[Result]:
    """Terms that are more than a literal: a thousand of each kind, over items in which a few of them stand."""
    chance, vocabulary = random.Random(9), _vocabulary(random.Random(7))
    words = [(_zipf(chance, vocabulary, 1, skip=200)[0], chance.choice(vocabulary)) for _ in range(1000)]
    expressions = [rf"\b{first}\w* (?:{second}|the)\b" for first, second in words]
    results = []
    for name, queries, budget in (
        ("expressions", [f"/{expression}/" for expression in expressions], 1000),
        (
            "pairs of words near each other",
            [f'"{first} {second}"~5' for first, second in words if first != second],
            150,
        ),
    ):
        started = time.process_time()
        compiled = RuleSet.compile([_rule(number, query) for number, query in enumerate(queries)])
        seconds = time.process_time() - started
        both = _each(compiled.match, items) - _each(Haystack, items)
        results.append(Result(f"matching a folded item, 1000 {name}", round(both, 1), "us", budget))
        results.append(Result(f"compiling 1000 {name}", round(seconds, 3), "s", 2))
    naive = [re.compile(expression, re.IGNORECASE) for expression in expressions]
    started = time.process_time()
    for item in items[:2]:
        [one.search(item.text) for one in naive]
    loop = (time.process_time() - started) / 2 * 1e6
    results.append(Result("a loop over the same 1000 expressions, Python's re", round(loop), "us", peer=True))
    stemmed = [replace(_rule(number, first), stem=True) for number, (first, _) in enumerate(words)]
    both = _each(RuleSet.compile(stemmed).match, items) - _each(Haystack, items)
    results.append(Result("matching a folded item, 1000 words in all forms", round(both, 1), "us"))
    return results


def _rule(number: int, match: str) -> RuleDefined:
    return RuleDefined(RuleId(f"r{number}"), match, {}, None, ("appeared",), (), "normal", "wording")


def _automaton(rules: Sequence[RuleDefined], items: Sequence[Face]) -> float:
    words = {f" {word} " for rule in rules for word in rule.match.split() if word.isalpha() and not word.isupper()}
    automaton = ahocorasick_rs.AhoCorasick(sorted(words))
    lines = [Haystack(item).line for item in items]
    return _each(lambda line: automaton.find_matches_as_indexes(line, overlapping=True), lines)


def _each(work: Callable[..., object], inputs: Sequence[object]) -> float:
    """Microseconds of CPU for one, the best of several rounds."""
    rounds = max(400 // len(inputs), 1)
    best = float("inf")
    for _ in range(12):
        started = time.process_time()
        for _ in range(rounds):
            for one in inputs:
                work(one)
        best = min(best, (time.process_time() - started) / rounds / len(inputs))
    return round(best * 1e6, 1)


def _cut(text: str) -> str:
    return (text * 40).encode()[:ITEM_BYTES].decode(errors="ignore")


def _vocabulary(chance: random.Random) -> list[str]:
    alphabets = ("etaoinshrdlu", "etaoinshrdlu", "оеаинтсрвлкм", "اليمنتبردسو", "éàetaoinsrlu")
    made = {"".join(chance.choices(chance.choice(alphabets), k=chance.randint(3, 11))) for _ in range(25_000)}
    words = sorted(made)
    chance.shuffle(words)
    return words


def _zipf(chance: random.Random, vocabulary: Sequence[str], count: int, skip: int = 0) -> list[str]:
    places = chance.choices(range(skip, len(vocabulary)), cum_weights=_weights(len(vocabulary) - skip), k=count)
    return [vocabulary[place] for place in places]


@cache
def _weights(words: int) -> list[float]:
    return list(accumulate(1 / (rank + 1) for rank in range(words)))


def _item(chance: random.Random, vocabulary: Sequence[str]) -> Face:
    text = " ".join(_zipf(chance, vocabulary, 400)).encode()[:ITEM_BYTES].decode(errors="ignore")
    return Face(
        id=ItemId("f/1"),
        feed=FeedId("f"),
        version=1,
        title=text[:60],
        text=text[60:],
        author="",
        categories=(),
        link="",
        language="en",
        published_at=None,
        observed_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def _rules(chance: random.Random, vocabulary: Sequence[str], count: int, common: int) -> list[RuleDefined]:
    """Rules as people write them, names and phrases, often two of them together; without the most common words."""
    shapes = (
        "{} AND {}",
        "{} {} NOT {}",
        '"{} {}"',
        "{} OR {} AND {}",
        "({} OR {}) AND ({} OR {})",
        "{}* {}",
        "title:{}",
    )
    made = []
    for number in range(count):
        shape = chance.choice(shapes)
        match = shape.format(*_zipf(chance, vocabulary, 4, skip=common))
        made.append(_rule(number, match))
    return made


if __name__ == "__main__":
    for result in run():
        print(f"{result.name:45} {result.value:10} {result.unit:3} {result.budget or '':>6} {result.note}")
