"""docs/performance.md from the figures of one run. Pure: figures and facts come in, text goes out."""

import math
from collections.abc import Iterator, Mapping, Sequence

from bench.result import Result

_HEAD = """# Performance

Written by `make bench` (`python -m bench`), which runs everything below in one run on one machine; run it on yours to
get your own. CPU time counts a process and its children, so waiting costs nothing and helpers are not free. What stands
beside our figures was measured in the same run: on another machine all of them move together.
"""


def page(facts: Mapping[str, str], figures: Mapping[str, tuple[str, Sequence[Result]]], notes: str) -> str:
    """`figures`: by bench, what it is (its first paragraph) and what it measured; a bench that failed has none."""
    budgets = [one for _, results in figures.values() for one in results if one.budget is not None]
    summary = ["| what | ours | budget | | measured beside it |", "|---|---:|---:|---|---|"]
    summary += [row for _, results in figures.values() for row in _summary(results)]
    return "\n".join(
        [
            _HEAD,
            "\n".join(f"- {name}: {value}" for name, value in facts.items()),
            "\n## Budgets\n",
            *summary,
            "",
            _verdict(budgets),
            "\n" + notes.strip(),
            *(part for name, (about, results) in figures.items() for part in _section(name, about, results)),
            "",
        ]
    )


def kept(one: Result) -> bool:
    """Whether a figure is within its budget; one without a budget is."""
    return one.budget is None or one.value <= one.budget


def _verdict(budgets: Sequence[Result]) -> str:
    missed = [one for one in budgets if not kept(one)]
    if not missed:
        return f"All {len(budgets)} budgets are kept in this run."
    lines = [f"- {one.name}: {_number(one.value)} {one.unit} against {_number(one.budget)}" for one in missed]
    return "\n".join([f"Missed in this run ({len(missed)} of {len(budgets)}):", "", *lines])


def _summary(results: Sequence[Result]) -> Iterator[str]:
    """A row for each budget; what was measured beside it stands with the first one of its unit."""
    peers = [one for one in results if one.peer]
    for one in results:
        if one.budget is not None:
            beside = [peer for peer in peers if peer.unit == one.unit]
            peers = [peer for peer in peers if peer not in beside]
            told = "; ".join(f"{peer.name} {_number(peer.value)}" for peer in beside)
            mark = "kept" if kept(one) else "**missed**"
            yield f"| {one.name} | {_number(one.value)} {one.unit} | {_number(one.budget)} | {mark} | {told} |"


def _section(name: str, about: str, results: Sequence[Result]) -> list[str]:
    lines = [f"\n## {name.capitalize()}\n", about, ""]
    if not results:
        return [*lines, "This bench failed in this run."]
    lines += ["| what | figure | budget | note |", "|---|---:|---:|---|"]
    for one in results:
        what = f"*{one.name}*" if one.peer else one.name
        lines.append(f"| {what} | {_number(one.value)} {one.unit} | {_number(one.budget)} | {one.note} |")
    return lines


def _number(value: float | None) -> str:
    if value is None:
        return ""
    if math.isnan(value):
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
