"""`python -m bench`: every bench, one after the other, each in a process of its own; writes docs/performance.md.

`python -m bench NAME…` runs only these and prints their figures. Exit status 1 when a bench fails; a budget that is
missed is said, not punished: a busy machine misses budgets too.
"""

import argparse
import importlib
import json
import os
import platform
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from bench.report import kept, page
from bench.result import Result

BENCHES = ("unchanged", "news", "append", "matching", "backtest", "latency", "size", "fetch", "parse", "visits")
LONGEST_SECONDS = 420
ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "performance.md"
NOTES = Path(__file__).with_name("notes.md")
QUIET = 1.5


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("bench", nargs="*", help=f"only these: {', '.join(BENCHES)}")
    parser.add_argument("--one", choices=BENCHES, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        print(json.dumps([asdict(result) for result in importlib.import_module(f"bench.{args.one}").run()]))
        return 0
    facts = _facts()
    if os.getloadavg()[0] > QUIET:
        print(f"the machine is busy (load {os.getloadavg()[0]:.1f}): figures will be worse than they are")
    figures = {name: (_about(name), _run(name)) for name in args.bench or BENCHES}
    facts["date"] += f", {os.getloadavg()[0]:.1f} after it"
    if not args.bench:
        PAGE.write_text(page(facts, figures, NOTES.read_text()))
        print(f"written: {PAGE.relative_to(ROOT)}")
    return int(any(not results for _, results in figures.values()))


def _run(name: str) -> Sequence[Result]:
    print(f"{name}:", flush=True)
    try:
        told = subprocess.run(
            [sys.executable, "-m", "bench", "--one", name],
            stdout=subprocess.PIPE, cwd=ROOT, check=True, timeout=LONGEST_SECONDS,
        ).stdout  # fmt: skip
    except subprocess.SubprocessError as failed:
        print(f"  failed: {failed}")
        return ()
    results = [Result(**fields) for fields in json.loads(told)]
    for one in results:
        budget = "" if one.budget is None else f"  ({'within' if kept(one) else 'OVER'} {one.budget:g})"
        print(f"  {one.name}: {one.value:.4g} {one.unit}{budget}  {one.note}", flush=True)
    return results


def _about(name: str) -> str:
    return (importlib.import_module(f"bench.{name}").__doc__ or "").strip()


def _facts() -> dict[str, str]:
    cpuinfo = Path("/proc/cpuinfo").read_text()
    model = next((line.partition(":")[2].strip() for line in cpuinfo.splitlines() if "model name" in line), "unknown")
    libraries = ("feedparser", "httpx", "sqlalchemy", "apscheduler", "pydantic")
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, load {os.getloadavg()[0]:.1f} before the run",
        "machine": f"{os.cpu_count()} x {model}, {platform.system()} {platform.release()}",
        "versions": f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, feedwitness "
        f"{version('feedwitness')}, " + ", ".join(f"{name} {version(name)}" for name in libraries),
        "command": "`make bench`",
    }


if __name__ == "__main__":
    sys.exit(main())
