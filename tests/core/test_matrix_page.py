"""docs/test-matrix.md names tests that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAMED = re.compile(r"`(tests/[\w/]+\.py)?::(test_\w+)`( \*long\*)?")


def named() -> list[tuple[Path, str, bool]]:
    found, path = [], ""
    for line in (ROOT / "docs" / "test-matrix.md").read_text().splitlines():
        for file, test, long in NAMED.findall(line):
            path = file or path
            found.append((ROOT / path, test, bool(long)))
    return found


def test_every_test_that_the_matrix_names_exists_and_is_long_where_it_says_so() -> None:
    for path, test, long in named():
        before, defined, _ = path.read_text().partition(f"def {test}(")
        assert defined, f"{path.name} has no {test}"
        decorators = before.rsplit("\n\n", 1)[1]
        assert ("@pytest.mark.long\n" in decorators) == long, test


def test_every_row_names_a_test() -> None:
    rows = [line for line in (ROOT / "docs" / "test-matrix.md").read_text().splitlines() if line.startswith("| ")]
    silent = [row for row in rows if not row.startswith("| fault") and not NAMED.search(row)]
    assert silent == []
