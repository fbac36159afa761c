"""What ships with the program is right, and every setting is in the reference."""

import re
from pathlib import Path
from typing import get_args

import pytest

from config import catalogue, later
from config.build import toml_keys
from config.load import load
from config.model import (
    CHANNEL_TYPES,
    Daemon,
    FeedSettings,
    Fetch,
    HealthKind,
    ItemTransition,
    MinChange,
    Rule,
    Severity,
    Store,
    Table,
    Topic,
    Web,
)
from store import events

DOCS = (Path(__file__).parents[2] / "docs" / "settings.md").read_text(encoding="utf-8")
TABLES: dict[str, type[Table]] = {
    "[store]": Store, "[daemon]": Daemon, "[fetch]": Fetch, "[web]": Web, "[feeds.ID]": FeedSettings,
    "[topics.NAME]": Topic, "[rules.NAME]": Rule,
    **{f'type = "{name}"': model for name, model in CHANNEL_TYPES.items()},
}  # fmt: skip


@pytest.mark.parametrize("name", catalogue.listing())
def test_every_shipped_file_loads_without_a_mistake(tmp_path: Path, name: str) -> None:
    loaded = load(Path(catalogue.PREFIX + name), {}, tmp_path)
    assert not loaded.mistakes, "\n".join(one.render() for one in loaded.mistakes)
    assert not [one for one in loaded.warnings if "`contact`" not in one.message and "no feed" not in one.message]


def test_all_shipped_feeds_and_topics_stand_beside_each_other(tmp_path: Path) -> None:
    (tmp_path / "feedwitness.toml").write_text('include = ["shipped:feeds/*.toml", "shipped:topics/*.toml"]\n')
    loaded = load(None, {}, tmp_path)
    assert loaded.settings is not None
    texts = [catalogue.shipped(name).decode() for name in catalogue.matching("feeds/*.toml")]
    written = re.findall(r"^\[feeds\.([\w-]+)\]", "\n".join(texts), re.MULTILINE)
    assert sorted(written) == sorted(loaded.settings.feeds), "no id stands in two files"
    for feed in loaded.settings.feeds.values():
        assert feed.title != feed.id
        assert feed.language
        assert "official" in feed.tags
        assert feed.timezone != "UTC"


def test_the_starter_watches_a_dozen_sources_and_tells_the_console(tmp_path: Path) -> None:
    loaded = load(Path(catalogue.STARTER), {}, tmp_path)
    assert loaded.settings is not None
    watched = [feed for feed in loaded.settings.feeds.values() if feed.enabled]
    assert 11 <= len(watched) <= 14
    assert {"un-news", "un-press", "kremlin-en", "white-house"} <= {feed.id for feed in watched}
    assert {"syria", "peacekeeping"} < set(loaded.settings.topics)
    assert set(loaded.settings.rules) == {"syria", "peacekeeping", "sources"}
    assert all(rule.notify == ("console",) for rule in loaded.settings.rules.values())
    assert loaded.settings.store.path == tmp_path / "feedwitness.db", "never inside the installed package"


def test_the_starter_named_by_its_path_keeps_its_store_out_of_the_package(tmp_path: Path) -> None:
    path = Path(catalogue.__file__).parent / "starter" / "feedwitness.toml"
    loaded = load(path, {}, tmp_path)
    assert loaded.settings is not None
    assert loaded.settings.store.path == tmp_path / "feedwitness.db"


def test_topics_speak_six_languages_and_no_term_is_written_twice(tmp_path: Path) -> None:
    loaded = load(Path(catalogue.STARTER), {}, tmp_path)
    for topic in loaded.draft.topics.values():
        terms = "".join(topic.any)
        for letters in ("[a-z]", "[а-я]", "[\u0621-\u064a]", "[\u4e00-\u9fff]"):
            assert re.search(letters, terms), f"{topic.id} has no term in {letters}"
    for name in catalogue.matching("topics/*.toml"):
        bare = re.sub(r"#.*", "", catalogue.shipped(name).decode())
        written = re.findall(r'"([^"]+)"', bare.split("any = [")[1])
        assert len(written) == len(set(written))


def test_a_shipped_file_that_is_not_there_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        catalogue.shipped("../pyproject.toml")


@pytest.mark.parametrize("heading", TABLES)
def test_every_setting_is_in_the_reference(heading: str) -> None:
    section = DOCS.split(f"# {heading}\n", 1)[-1] if heading != 'type = "console"' else DOCS
    section = re.split(r"\n#{2,3} ", section)[0]
    listed = set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))
    if heading == 'type = "console"':
        listed = set()
    assert listed == toml_keys(TABLES[heading]) - {"type"}


def test_the_reference_names_nothing_that_is_not_there_yet() -> None:
    for section, keys in later.KEYS.items():
        for key in keys.keys() - {"timezone", "password"}:
            assert f"| `{key}` |" not in DOCS, f"{section}.{key}"


@pytest.mark.parametrize("block", re.findall(r"```toml\n(.*?)```", DOCS, re.DOTALL))
def test_every_example_of_the_reference_loads(tmp_path: Path, block: str) -> None:
    (tmp_path / "feedwitness.toml").write_text(block, encoding="utf-8")
    assert load(None, {}, tmp_path).mistakes == ()


def test_settings_speak_the_vocabulary_of_the_log() -> None:
    assert get_args(ItemTransition) == get_args(events.Transition)
    assert get_args(HealthKind) == get_args(events.HealthKind)
    assert get_args(Severity) == get_args(events.Severity)
    assert get_args(MinChange) == events.EDIT_KINDS[1:], "`dates` is recorded and never told"
