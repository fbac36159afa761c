"""The feeds that come with the program keep the promises of docs/catalogue.md."""

import re
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

from bench.catalogue import PAGE, feeds_of, title_of, written
from config import catalogue
from config.load import load

ROOT = Path(__file__).parents[2]
FILES = catalogue.matching("feeds/*.toml")
FEEDS = [each for file in FILES for each in feeds_of(file)]
WORDS = PAGE.read_text(encoding="utf-8")
KNOWN = re.compile(r"(?:Confirmed (?:by [\d,]+ polls up to )?20\d\d-\d\d|Carried by |Named )")
WINDOW = re.compile(r"(?:(\d+) items.*?)a window of ([\d.]+) (hours|days)")
IDS = ROOT / "tests" / "data" / "shipped-feed-ids.txt"
LANGUAGES = {"ar", "az", "de", "el", "en", "es", "fr", "hi", "pt", "ru", "sw", "zh-Hans"}


@cache
def vocabulary(about: str) -> set[str]:
    """The tags in the rows of the page's table of tags whose last cell begins with this."""
    (table,) = re.findall(r"^## Tags$(.*?)^## ", WORDS, re.MULTILINE | re.DOTALL)
    rows = re.findall(r"^\| ((?:`[a-z-]+` ?)+) \| (.*) \|$", table, re.MULTILINE)
    return {tag for tags, says in rows if says.startswith(about) for tag in re.findall(r"`([a-z-]+)`", tags)}


def test_all_of_them_together_load_without_a_mistake_or_a_warning(tmp_path: Path) -> None:
    included = 'include = ["shipped:feeds/*.toml"]\n[fetch]\ncontact = "desk@example.org"\n'
    enabled = "".join(f"[feeds.{each.feed.id}]\nenabled = true\n" for each in FEEDS)
    (tmp_path / "feedwitness.toml").write_text(included + enabled)
    loaded = load(None, {}, tmp_path)
    assert loaded.mistakes == loaded.warnings == (), "no address stands twice, no key is wrong"
    assert loaded.settings is not None
    assert len(loaded.settings.feeds) == len(FEEDS) > 100, "no id stands in two files"


def test_an_id_is_for_ever() -> None:
    ever_shipped = set(IDS.read_text(encoding="utf-8").split())
    now = {each.feed.id for each in FEEDS}
    assert now <= ever_shipped, f"add new ids to {IDS.name}; take none out"
    assert ever_shipped <= now | {old for each in FEEDS for old in each.feed.formerly}, "a renamed feed says `formerly`"


def test_what_is_known_of_a_feed_is_said_above_it() -> None:
    assert [each.feed.id for each in FEEDS if not KNOWN.match(each.remark)] == []


def test_a_confirmed_feed_is_watched_or_says_why_not_and_no_other_is_watched() -> None:
    for each in FEEDS:
        confirmed = each.remark.startswith("Confirmed")
        assert each.feed.enabled == (not each.why_off), f"{each.feed.id}: say why beside `enabled = false`"
        assert confirmed == ("not confirmed" not in each.why_off), each.feed.id
        assert confirmed or not each.feed.enabled, each.feed.id


def test_a_feed_has_a_title_and_a_known_language() -> None:
    assert [each.feed.id for each in FEEDS if each.feed.title == each.feed.id] == []
    assert {each.feed.language for each in FEEDS} <= LANGUAGES


def test_each_is_official_and_says_whose_and_what_it_is_in_the_words_of_the_page() -> None:
    whose = vocabulary("whose")
    for each in FEEDS:
        first, *others = each.feed.tags
        assert first == "official", each.feed.id
        assert whose & set(others), each.feed.id
        assert set(others) - whose, each.feed.id
    assert {tag for each in FEEDS for tag in each.feed.tags} == vocabulary("")


def test_nobody_is_asked_more_often_than_is_polite_nor_so_rarely_that_a_day_is_lost() -> None:
    odd = [each.feed.id for each in FEEDS if not timedelta(minutes=5) <= each.feed.every <= timedelta(hours=2)]
    assert odd == []


def test_we_say_who_we_are_but_where_the_remark_says_that_it_is_refused() -> None:
    wrong = [each.feed.id for each in FEEDS if (each.feed.user_agent is not None) != ("browser" in each.remark)]
    assert wrong == []


def test_plain_http_is_asked_only_where_the_remark_says_so() -> None:
    wrong = [each.feed.id for each in FEEDS if each.feed.url.startswith("http:") != ("lain http" in each.remark)]
    assert wrong == []


def test_a_short_window_is_looked_at_six_times_and_silence_is_told_only_when_it_is_long() -> None:
    known = [(each.feed, found) for each in FEEDS if (found := WINDOW.search(each.remark))]
    assert {"eu-commission", "un-press", "un-news", "kremlin-en", "white-house"} <= {feed.id for feed, _ in known}
    for feed, (items, length, unit) in ((feed, found.groups()) for feed, found in known):
        window = timedelta(**{unit: float(length)})
        assert feed.every * 6 <= window, feed.id
        assert feed.quiet_after is None or feed.quiet_after >= max(10 * window / int(items), timedelta(days=2)), feed.id


def test_a_part_of_another_feed_is_off_while_the_whole_is_on() -> None:
    feeds = {each.feed.id: each.feed for each in FEEDS}
    parts = {each.feed.id: re.match(r"part of ([a-z-]+)", each.why_off) for each in FEEDS}
    assert sum(found is not None for found in parts.values()) > 15
    assert all(feeds[found[1]].enabled for found in parts.values() if found)


def test_the_starter_watches_thirteen_as_it_says(tmp_path: Path) -> None:
    loaded = load(Path(catalogue.STARTER), {}, tmp_path)
    watched = [name for name, feed in loaded.draft.feeds.items() if feed.enabled]
    assert len(watched) == 13
    assert "thirteen official feeds" in catalogue.shipped("starter/feedwitness.toml").decode()
    confirmed = {each.feed.id for each in FEEDS if each.remark.startswith("Confirmed")}
    assert set(watched) <= confirmed - {"mid-ru", "mid-en"}, "nothing that is expected to be blocked"
    assert "watch thirteen of them" in WORDS


def test_each_file_says_what_it_holds_and_how_it_is_included() -> None:
    for file in FILES:
        first = catalogue.shipped(file).decode().splitlines()[0]
        assert first == f'# {title_of(file)}. `include = ["shipped:{file}"]`'


def test_the_page_is_what_the_files_say() -> None:
    assert written(WORDS) == WORDS, "run `python -m bench.catalogue`, and read what it changed"


@pytest.mark.parametrize("block", re.findall(r"```toml\n(.*?)```", WORDS, re.DOTALL))
def test_every_example_of_the_page_loads(tmp_path: Path, block: str) -> None:
    (tmp_path / "feedwitness.toml").write_text(block, encoding="utf-8")
    assert load(None, {}, tmp_path).mistakes == ()


def test_the_wheel_holds_every_shipped_file() -> None:
    inside = {file.distribution_path for file in WheelBuilder(str(ROOT)).recurse_included_files()}
    assert {f"config/{name}" for name in catalogue.listing()} <= inside
