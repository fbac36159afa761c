"""The pages hang together: each is in the site's navigation, links lead somewhere, and copies are exact."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
GOLDEN = ROOT / "tests" / "data" / "payloads"
PAGES = sorted(page.relative_to(ROOT) for page in [*DOCS.rglob("*.md"), *ROOT.glob("*.md")])
DECISIONS = sorted(page.name for page in (DOCS / "decisions").glob("0*.md"))


def named(entries: list[object] | str) -> Iterator[str]:
    """The pages that the navigation names."""
    if isinstance(entries, str):
        yield entries
        return
    for entry in entries:
        for below in entry.values() if isinstance(entry, dict) else [entry]:
            yield from named(below)


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_navigation_names_every_page_and_no_other() -> None:
    nav = tomllib.loads((ROOT / "zensical.toml").read_text("utf-8"))["project"]["nav"]
    pages = {str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md")} - {f"decisions/{name}" for name in DECISIONS}
    assert sorted(named(nav)) == sorted(pages)


def test_the_index_of_decisions_lists_them_all_by_their_titles() -> None:
    listed = re.findall(r"^- \[(.+)\]\((.+)\)$", (DOCS / "decisions" / "index.md").read_text("utf-8"), re.MULTILINE)
    titles = [
        (DOCS / "decisions" / name).read_text("utf-8").partition("\n")[0].removeprefix("# ") for name in DECISIONS
    ]
    assert listed == list(zip(titles, DECISIONS, strict=True))


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", (ROOT / page).read_text("utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "", text)):
        path, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", path):
            continue
        there = (ROOT / page).parent / path if path else ROOT / page
        assert there.exists(), target
        assert not anchor or anchor in anchors(there), target


def test_the_documents_shown_are_the_golden_ones() -> None:
    shown = re.findall(
        r"^## (\S+)$.*?```json\n(.*?)```", (DOCS / "payloads.md").read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    golden = [json.loads(path.read_text("utf-8")) for path in sorted(GOLDEN.glob("*.json"))]
    assert {kind: json.loads(body) for kind, body in shown} == {document["type"]: document for document in golden}


def test_the_receiver_shown_is_the_one_that_is_tested() -> None:
    (shown,) = re.findall(r"```python\n(.*?)```", (DOCS / "receiver.md").read_text("utf-8"), re.DOTALL)
    assert shown == (DOCS / "examples" / "receiver.py").read_text("utf-8")


@pytest.mark.long
def test_the_site_builds_without_a_warning_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    shutil.copytree(DOCS, tmp_path / "docs")
    shutil.copy(ROOT / "zensical.toml", tmp_path)
    built = subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--strict"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    pages = list((tmp_path / "site").rglob("*.html"))
    assert len(pages) > len(DECISIONS)
    loaded = {
        address
        for page in pages
        for address in re.findall(
            r'<(?:script|img|link)\b[^>]*(?:src|href)="?(https?://[^">\s]+)', page.read_text("utf-8")
        )
    }
    assert loaded == set()
