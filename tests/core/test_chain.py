"""The hash chain: as published in docs/log-format.md, and moved by every column."""

import hashlib
import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from store import chain

PAGE = (Path(__file__).parents[2] / "docs" / "log-format.md").read_text(encoding="utf-8")
ROW = (7, "01936c3e-7b00-7000-8000-000000000001", "feed:a", 3, "item.published/1", "a/b", 1795291200123456, b"{}")


def test_the_worked_example_of_the_published_format_holds() -> None:
    columns = {}
    for line in re.findall(r"^\| `(\w+)` \|(.*)\|$", PAGE.split("## An example")[1].split("##")[0], re.MULTILINE):
        columns[line[0]] = [cell.strip().strip("`").replace("(empty)", "") for cell in line[1].split("|")]
    previous = chain.GENESIS
    for row in (0, 1):
        cell = {name: cells[row] for name, cells in columns.items()}
        leaf = chain.leaf(
            int(cell["position"]),
            cell["event_id"],
            cell["stream"],
            int(cell["version"]),
            cell["kind"],
            cell["subject"],
            int(cell["recorded_at"]),
            cell["data"].encode(),
        )
        previous = chain.link(previous, leaf)
        assert previous.hex() == cell["hash"]


def test_the_leaf_is_what_the_page_says_in_plain_steps() -> None:
    def column(value: int | str | bytes) -> bytes:
        raw = value.to_bytes(8, "big", signed=True) if isinstance(value, int) else value
        raw = raw.encode() if isinstance(raw, str) else raw
        return len(raw).to_bytes(8, "big") + raw

    assert chain.leaf(*ROW) == hashlib.sha256(b"\0" + b"".join(map(column, ROW))).digest()


@given(st.integers(0, 7), st.integers(-(2**63), 2**63 - 1), st.text(st.characters(exclude_categories=["Cs"])))
def test_no_two_rows_share_a_leaf(which: int, number: int, text: str) -> None:
    changed = list(ROW)
    before = changed[which]
    changed[which] = number if isinstance(before, int) else text if isinstance(before, str) else text.encode()
    assert (chain.leaf(*changed) == chain.leaf(*ROW)) == (changed == list(ROW))  # type: ignore[arg-type]


def test_text_cannot_wander_from_one_column_into_the_next() -> None:
    assert chain.leaf(1, "ab", "c", 1, "", "", 0, b"") != chain.leaf(1, "a", "bc", 1, "", "", 0, b"")


def test_a_text_digest_is_salt_and_text() -> None:
    assert chain.text_digest(b"0" * 16, "мир") == hashlib.sha256(b"0" * 16 + "мир".encode()).hexdigest()
