"""What is in force is written into the log once, and only what changed."""

import sys
from datetime import UTC, datetime
from pathlib import Path

from aggregator import in_force
from aggregator import settings as translate
from aggregator.parts import parts_of
from config.load import Loaded
from store.database import SqlStore
from store.events import FeedBaselined, FeedId, Position, RuleDefined, feed_stream

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)

BASE = """
[feeds.a]
url = "https://a.example/feed"
tags = ["official"]
[feeds.b]
url = "https://b.example/feed"
[topics.syria]
any = ["Syria", "Сири*"]
[topics.other]
any = ["Other"]
[rules.one]
match = 'topic:syria AND NOT football'
feeds = ["tag:official"]
notify = ["console"]
[rules.sources]
on = ["degraded"]
notify = ["console"]
[channels.console]
type = "console"
"""


def read(tmp_path: Path, text: str) -> Loaded:
    path = tmp_path / "feedwitness.toml"
    path.write_text(text, encoding="utf-8")
    return translate.load(str(path), {}, tmp_path)


def apply(store: SqlStore, loaded: Loaded) -> bool:
    assert not loaded.mistakes, [mistake.render() for mistake in loaded.mistakes]
    wanted = parts_of(loaded, sys.stdout).in_force
    return store.write(lambda tx: in_force.apply(tx, wanted, NOW)).result()


def kinds(store: SqlStore) -> list[str]:
    with store.read() as tx:
        return [recorded.event.KIND for recorded in tx.log.read(Position(0), 100)]


def test_the_same_settings_leave_one_trace(tmp_path: Path, store: SqlStore) -> None:
    assert apply(store, read(tmp_path, BASE))
    assert not apply(store, read(tmp_path, BASE))
    assert kinds(store) == ["rule.defined/2", "rule.defined/2", "settings.applied/1"]


def test_a_rule_goes_into_the_log_with_its_topics_and_feeds_spelt_out(tmp_path: Path, store: SqlStore) -> None:
    apply(store, read(tmp_path, BASE))
    with store.read() as tx:
        one, sources = tx.rules.in_force()
    assert one.topics == {"syria": ("Syria", "Сири*")}
    assert one.feeds == (FeedId("a"),)
    assert (sources.match, sources.feeds, sources.on) == ("", None, ("degraded",))


def test_a_term_added_to_a_topic_defines_the_rules_that_name_it_anew(tmp_path: Path, store: SqlStore) -> None:
    apply(store, read(tmp_path, BASE))
    apply(store, read(tmp_path, BASE.replace('"Сири*"]', '"Сири*", "Syrie"]')))
    with store.read() as tx:
        defined = [one.event for one in tx.log.read(Position(3), 100) if isinstance(one.event, RuleDefined)]
    assert [rule.rule for rule in defined] == ["one"]


def test_a_rule_that_is_gone_from_the_settings_is_retired(tmp_path: Path, store: SqlStore) -> None:
    apply(store, read(tmp_path, BASE))
    apply(store, read(tmp_path, BASE.replace('[rules.sources]\non = ["degraded"]\nnotify = ["console"]\n', "")))
    assert kinds(store)[3:] == ["rule.retired/1", "settings.applied/1"]


def test_a_former_id_renames_a_known_feed_once(tmp_path: Path, store: SqlStore) -> None:
    baselined = FeedBaselined(FeedId("b"), 0, "guid", "sha256:0")  # type: ignore[arg-type]
    store.write(lambda tx: tx.log.append(feed_stream(FeedId("b")), [baselined], now=NOW)).result()
    renamed = BASE.replace("[feeds.b]", "[feeds.c]").replace(
        'url = "https://b.example/feed"', 'url = "https://b.example/feed"\nformerly = ["b"]'
    )
    apply(store, read(tmp_path, renamed))
    apply(store, read(tmp_path, renamed))
    assert kinds(store).count("feed.renamed/1") == 1


def test_mistakes_of_queries_and_terms_stand_in_the_order_of_the_file(tmp_path: Path) -> None:
    loaded = read(
        tmp_path,
        BASE.replace("football'", "AND'").replace('"Other"]', '"=two words"]').replace("tag:official", "tag:oficial"),
    )
    lines = [mistake.line for mistake in loaded.mistakes]
    assert loaded.settings is None
    assert lines == sorted(lines)
    assert len(lines) >= 3
