"""A daemon knows that its settings changed: every file that they came from leaves a trace."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from config.load import Loaded, load

MAIN = """
include = ["rules.d/*.toml", "more.toml"]
[feeds.a]
url = "https://a.example/feed"
password = { file = "secret" }
username = "desk"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rules.d").mkdir()
    (tmp_path / "rules.d" / "one.toml").write_text("")
    (tmp_path / "more.toml").write_text("")
    (tmp_path / "secret").write_text("hush")
    (tmp_path / "feedwitness.toml").write_text(MAIN)
    return tmp_path


def read(folder: Path) -> Loaded:
    return load(Path("feedwitness.toml"), {}, folder)


def replaced(path: Path) -> None:
    """What many editors do: a new file takes the place of the old one, here with its times and size."""
    stat = path.stat()
    other = path.with_name("other~")
    other.write_bytes(path.read_bytes())
    os.utime(other, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    other.rename(path)


def test_settings_that_nobody_touched_look_the_same(folder: Path) -> None:
    loaded = read(folder)
    assert not loaded.mistakes
    assert loaded.traces.again() == loaded.traces == read(folder).traces


@pytest.mark.parametrize(
    "touch",
    [
        lambda folder: (folder / "feedwitness.toml").write_text(MAIN + "# more"),
        lambda folder: (folder / "more.toml").unlink(),
        lambda folder: (folder / "secret").write_text("hash"),
        lambda folder: (folder / "rules.d" / "two.toml").write_text(""),
        lambda folder: (folder / "rules.d" / "one.toml").unlink(),
        lambda folder: replaced(folder / "more.toml"),
    ],
    ids=["edited", "gone", "secret", "one-more", "one-less", "replaced"],
)
def test_whatever_they_came_from_shows_when_it_changes(folder: Path, touch: Callable[[Path], object]) -> None:
    loaded = read(folder)
    touch(folder)
    assert loaded.traces.again() != loaded.traces


def test_a_file_that_was_missing_is_looked_for(folder: Path) -> None:
    (folder / "more.toml").unlink()
    (folder / "secret").unlink()
    loaded = read(folder)
    assert len(loaded.mistakes) == 2
    for name in ("more.toml", "secret"):
        before = loaded.traces.again()
        (folder / name).write_text("x")
        assert loaded.traces.again() != before
