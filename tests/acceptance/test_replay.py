"""Real histories, replayed: every edit told is an edit, and no page that wrongly says 404 makes a withdrawal.

The judgements behind these numbers stand in docs/change-detection.md. Each history is played twice: with pages that all
stand, and in the worst world, where the page of everything asked for is missing while its neighbours' pages answer.
"""

from collections import Counter

import pytest

from bench import verdicts
from bench.replay import CORPUS, Report, replay

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.long,
    pytest.mark.skipif(not (CORPUS / "history").is_dir(), reason="FEEDWITNESS_CORPUS names no corpus"),
]

EDITS = {
    "eu-fr-regulators-items-json": {"title": 2, "metadata": 1},
    "letterboxd-rss": {"title": 3, "wording": 19, "punctuation": 2, "markup": 1},
    "saprss-ru-rss": {"wording": 39},
    "signal-archive-a": {"wording": 1, "metadata": 1},
    "ubc-status-atom": {"title": 5, "wording": 267, "dates": 21},
    "whitehouse-briefings-scraped": {"wording": 13},
}
TAKEN_DOWN = {
    "letterboxd-rss": {"Master of the Universe, 2026 - ★★★", "Rob Roy - ★★★"},
    "saprss-ru-rss": {"https://fas.st/", "ПОЛНОЕ РУКОВОДСТВО"},
    "whitehouse-briefings-scraped": {"Briefings & Statements"},
}
"""How the titles begin of what really left the middle of its feed and never came back."""


@pytest.fixture(scope="module")
def replayed() -> dict[tuple[str, bool], Report]:
    return {(name, missing): replay(name, missing=missing) for name in EDITS for missing in (True, False)}


@pytest.mark.parametrize("name", EDITS)
def test_the_edits_are_those_that_were_judged(replayed: dict[tuple[str, bool], Report], name: str) -> None:
    counts = replayed[name, False].counts
    assert {k.removeprefix("edit:"): n for k, n in counts.items() if k.startswith("edit:") and n} == EDITS[name]


@pytest.mark.parametrize("name", EDITS)
def test_in_the_worst_world_only_what_was_taken_down_is_withdrawn(
    replayed: dict[tuple[str, bool], Report], name: str
) -> None:
    titles = [line.split("'")[1] for line in replayed[name, True].withdrawals if " withdrawn " in line]
    for title in titles:
        assert title.startswith(tuple(TAKEN_DOWN.get(name, ("nothing",)))), title


@pytest.mark.parametrize("name", EDITS)
def test_with_pages_that_stand_nothing_is_withdrawn(replayed: dict[tuple[str, bool], Report], name: str) -> None:
    assert replayed[name, False].counts["withdrawn"] == 0


def test_mass_changes_were_held(replayed: dict[tuple[str, bool], Report]) -> None:
    held = Counter(line.rsplit("hold=", 1)[1].split("\n")[0] for line in replayed["saprss-ru-rss", False].edits)
    assert held == {"reissue": 39}


def test_challenge_pages_were_failed_polls(replayed: dict[tuple[str, bool], Report]) -> None:
    assert replayed["ubc-status-atom", False].failed == {"challenge": 5}
    assert replayed["saprss-ru-rss", False].failed == {"challenge": 4}


def test_held_against_the_labels_every_edit_is_told_and_one_that_is_none(
    replayed: dict[tuple[str, bool], Report],
) -> None:
    judged = [verdicts.judge(replayed[name, True]) for name in EDITS]
    assert sum(each.true for each in judged) == 297
    assert [place for each in judged for place in (*each.held, *each.missed, *each.gone)] == []
    assert [place for each in judged for place in each.false] == [
        "whitehouse-briefings-scraped:30:10f20ed0c680d6ba template"
    ]
