"""The house rules that a linter does not know: sizes, and where broad catches may stand."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("aggregator", "alerts", "config", "store")
MOST_LINES_OF_A_MODULE = 400
MOST_LINES_OF_A_FUNCTION = 60
MOST_LINES_OF_A_TEST_FILE = 600
MODULES_WITH_A_REASON_TO_BE_LONGER = {
    "aggregator/evidence/verifier.py": "a third party gets one file that imports nothing of ours",
    "store/events.py": "the vocabulary is one page on purpose: every kind of event beside the others",
    "store/ports.py": "every question that may be asked of the store, in one place",
}


def modules() -> Iterator[Path]:
    for room in ROOMS:
        yield from sorted((ROOT / room).rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", list(modules()), ids=name_of)
def test_a_module_and_its_functions_stay_within_their_size(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if name_of(path) not in MODULES_WITH_A_REASON_TO_BE_LONGER:
        assert len(text.splitlines()) <= MOST_LINES_OF_A_MODULE
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            assert lines <= MOST_LINES_OF_A_FUNCTION, f"{node.name} has {lines} lines"


@pytest.mark.parametrize("path", sorted((ROOT / "tests").rglob("*.py")), ids=name_of)
def test_a_test_file_stays_within_its_size(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES_OF_A_TEST_FILE


def test_only_the_command_line_prints_or_exits() -> None:
    own_program = "aggregator/killable/serving.py"  # a process of its own, with an exit status of its own
    offenders = [
        name_of(path)
        for path in modules()
        if "cli" not in path.parts and name_of(path) != own_program
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("print", "sys.exit", "exit")
    ]
    assert offenders == []


def test_decision_records_are_numbered_without_gaps_and_say_their_status() -> None:
    records = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    assert [int(path.name[:4]) for path in records] == list(range(1, len(records) + 1))
    for path in records:
        assert "Status:" in path.read_text(encoding="utf-8"), path.name
