"""Holds what a replay found against the labels: what was found of what is true, and what was told though it is not.

In come the reports of replays, out come verdicts and their table. What is to be told and is told, held or missed is
counted by place; what is told at a place with another label, or with none, is a false edit, each named for judging.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bench import labels
from bench.differences import differences

HEAD = (
    "| history | comparisons | true edits | told | held | missed | false edits | per 10,000 | noise not told "
    "| withdrawn | of them false |"
)


class Found(Protocol):
    """What a replay says: its history, edits of words by place ("" told, else the hold), withdrawals by entry."""

    name: str
    found: dict[str, str]
    withdrawn: list[str]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One history. `true`: places to be told; `held` of them and `missed` of them; `false`: told, and should not be.

    `quiet`: labelled otherwise, by label, and not told, as it should be. `gone`: withdrawals that no label bears out.
    """

    name: str
    compared: int
    true: int
    told: int
    held: tuple[str, ...]
    missed: tuple[str, ...]
    false: tuple[str, ...]
    quiet: Counter[str]
    withdrawn: int
    gone: tuple[str, ...]


def judge(report: Found) -> Verdict:
    """Hold one replay, in the world of false 404s, against the labels of its history."""
    said = labels.read(report.name)
    left = labels.left(report.name)
    _, compared = differences(report.name)
    true = {place for place, label in said.items() if label in labels.TO_BE_TOLD}
    told = {place for place, hold in report.found.items() if not hold}
    return Verdict(
        name=report.name,
        compared=compared,
        true=len(true),
        told=len(true & told),
        held=tuple(sorted(f"{place} {report.found[place]}" for place in true & report.found.keys() - told)),
        missed=tuple(sorted(true - report.found.keys())),
        false=tuple(sorted(f"{place} {said.get(place, 'no difference')}" for place in told - true)),
        quiet=Counter(label for place, label in said.items() if place not in true | told),
        withdrawn=len(report.withdrawn),
        gone=tuple(sorted(set(report.withdrawn) - left)),
    )


def table(verdicts: Sequence[Verdict]) -> str:
    """The table of docs/change-detection.md, and below it each place that a person is to judge."""
    rows = [HEAD, "|---" * (HEAD.count("|") - 1) + "|", *(_row(each) for each in verdicts)]
    if len(verdicts) > 1:
        rows.append(_row(_all(verdicts)))
    for each in verdicts:
        rows += [f"held: {place}" for place in each.held]
        rows += [f"missed: {place}" for place in each.missed]
        rows += [f"false: {place}" for place in each.false]
        rows += [f"false withdrawal: {place}" for place in each.gone]
    return "\n".join(rows)


def _row(each: Verdict) -> str:
    noise = ", ".join(f"{number} {label}" for label, number in sorted(each.quiet.items()))
    return (
        f"| {each.name} | {each.compared:,} | {each.true} | {each.told} | {len(each.held)} | {len(each.missed)} "
        f"| {len(each.false)} | {10_000 * len(each.false) / max(1, each.compared):.2g} | {noise} "
        f"| {each.withdrawn} | {len(each.gone)} |"
    )


def _all(verdicts: Sequence[Verdict]) -> Verdict:
    return Verdict(
        name="all",
        compared=sum(each.compared for each in verdicts),
        true=sum(each.true for each in verdicts),
        told=sum(each.told for each in verdicts),
        held=tuple(place for each in verdicts for place in each.held),
        missed=tuple(place for each in verdicts for place in each.missed),
        false=tuple(place for each in verdicts for place in each.false),
        quiet=sum((each.quiet for each in verdicts), Counter()),
        withdrawn=sum(each.withdrawn for each in verdicts),
        gone=tuple(place for each in verdicts for place in each.gone),
    )
