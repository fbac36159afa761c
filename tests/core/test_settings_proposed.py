"""Rules that are only proposed: a file beside the settings in use, whole or of rules alone."""

from pathlib import Path

import pytest

from aggregator.settings import definitions, proposed

IN_USE = """
include = ["rules.d/*.toml"]
[feeds.kremlin-en]
url = "https://example.org/k.xml"
[feeds.un]
url = "https://example.org/u.xml"
[topics.syria]
any = ["Syria"]
[channels.desk]
type = "console"
[rules.health]
on = ["degraded"]
notify = ["desk"]
"""
RULES = """
[rules.syria]
match = "topic:syria"
feeds = ["kremlin-*"]
notify = ["desk"]
[rules.mali]
match = "Mali"
notify = ["desk"]
"""


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    (tmp_path / "feedwitness.toml").write_text(IN_USE)
    (tmp_path / "rules.d").mkdir()
    (tmp_path / "rules.d" / "watch.toml").write_text(RULES)
    return tmp_path


def read(desk: Path, text: str):
    (desk / "new.toml").write_text(text)
    return proposed("new.toml", "", {}, desk)


def matches(loaded):
    return {rule.rule: (rule.match, rule.feeds) for rule in definitions(loaded.settings)}


def test_a_file_of_rules_replaces_the_rules_that_it_names_and_leaves_the_others(desk):
    loaded = read(desk, '[rules.syria]\nmatch = "topic:syria AND aid"\nnotify = ["desk"]\n')
    assert loaded.mistakes == ()
    assert matches(loaded) == {
        "syria": ("topic:syria AND aid", None), "mali": ("Mali", None), "health": ("", None),
    }  # fmt: skip


def test_a_topic_in_it_counts_for_the_rules_in_use(desk):
    loaded = read(desk, '[topics.syria]\nany = ["Syria", "Syrie"]\n')
    told = {rule.rule: rule.topics for rule in definitions(loaded.settings)}
    assert told["syria"] == {"syria": ("Syria", "Syrie")}


def test_the_very_file_that_the_settings_include_comes_to_the_same(desk):
    assert matches(proposed("rules.d/watch.toml", "", {}, desk)) == matches(read(desk, IN_USE))


def test_channels_that_are_still_to_come_are_no_mistake(desk):
    assert read(desk, '[rules.new]\nmatch = "Oman"\nnotify = ["to-come"]\n').mistakes == ()


def test_a_file_with_feeds_of_its_own_is_a_whole_one(desk):
    loaded = read(desk, '[feeds.un]\nurl = "https://example.org/u.xml"\n[rules.only]\nmatch = "Syria"\n')
    assert matches(loaded) == {"only": ("Syria", None)}
    assert [each.message for each in read(desk, 'include = ["nothing.toml"]\n').mistakes] == [
        '"nothing.toml" does not exist'
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[rules.syria]\nmatch = "topic:syra"\n', "new.toml:2:16: unknown topic syra, did you mean syria?"),
        ('[rules.syria]\nmatch = "a AND"\n', "new.toml:2:12: a term must follow AND, but the query ends here"),
        ('[rules.syria]\nmatch = "a"\nfeeds = ["gone"]\n', 'new.toml:3:10: `feeds`: there is no feed "gone"'),
        ('[rule.syria]\nmatch = "a"\n', "new.toml:1:2: unknown table `rule`"),
        ("[rules.syria", "new.toml:1:13: no valid TOML"),
    ],
)
def test_every_mistake_in_it_has_its_place(desk, text, told):
    mistakes = [each.render().splitlines()[0] for each in read(desk, text).mistakes]
    assert len(mistakes) == 1
    assert mistakes[0].startswith(told)


def test_a_file_that_is_not_there_is_a_mistake(desk):
    (mistake,) = proposed("nowhere.toml", "", {}, desk).mistakes
    assert mistake.render().startswith("nowhere.toml:1:1: does not exist")
