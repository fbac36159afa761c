"""Every kind of wrong setting, as tests/data/settings/wrong.txt lists them: what is said, and where."""

import re
from pathlib import Path

import pytest

from config.load import load

TABLE = (Path(__file__).parents[1] / "data" / "settings" / "wrong.txt").read_text(encoding="utf-8")


def case(block: str) -> tuple[str, str, list[str]]:
    name, *lines = block.rstrip("\n").split("\n")
    told = [line.removeprefix("--> ") for line in lines if line.startswith("--> ")]
    return name, "\n".join(line for line in lines if not line.startswith("--> ")) + "\n", told


CASES = [case(block) for block in TABLE.split("\n=== ")[1:]]


@pytest.mark.parametrize(("text", "expected"), [pytest.param(text, told, id=name) for name, text, told in CASES])
def test_a_wrong_setting_is_named_with_its_place_and_with_what_would_be_right(
    tmp_path: Path, text: str, expected: list[str]
) -> None:
    (tmp_path / "feedwitness.toml").write_text(text, encoding="utf-8")
    loaded = load(None, {}, tmp_path)
    assert expected
    assert [f"{one.line}:{one.column}: {one.message}" for one in loaded.mistakes] == expected
    assert loaded.settings is None
    assert all(one.render().startswith(f"feedwitness.toml:{one.line}:{one.column}: ") for one in loaded.mistakes)
    assert not any("hidden-42" in one.render() for one in loaded.mistakes), "a secret is never shown"


def test_all_mistakes_of_many_files_are_reported_at_once_and_in_order(tmp_path: Path) -> None:
    number_of = {}
    for number, (name, text, told) in enumerate(CASES):
        if re.search(r"^\[(fetch|web|store|daemon)\]|^(fetch|feeds|include|includ) =|^formerly", text, re.MULTILINE):
            continue  # tables that can stand only once, and cases that lean on another table's name
        if "no valid TOML" in told[0]:
            continue  # after which it does not say which names are unknown
        own = re.sub(r"\b(feeds|rules|channels|topics)\.(\w+)\]", rf"\1.\2-{number}]", text)
        (tmp_path / f"{number:03}.toml").write_text(own, encoding="utf-8")
        number_of[f"{number:03}.toml"] = name
    (tmp_path / "feedwitness.toml").write_text('include = ["*.toml"]\n', encoding="utf-8")
    loaded = load(None, {}, tmp_path)
    assert {one.file for one in loaded.mistakes} == number_of.keys()
    assert len(number_of) > 60
    assert [(one.file, one.line) for one in loaded.mistakes] == sorted((one.file, one.line) for one in loaded.mistakes)
