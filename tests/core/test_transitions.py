"""The table of transitions, and nothing else."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from alerts.transitions import Fired, Outcome, Silent, Telling, alert_id, judge
from store.events import (
    EDIT_KINDS,
    CaptureDigest,
    Content,
    FeedId,
    ItemCompleted,
    ItemDelisted,
    ItemId,
    ItemPublished,
    ItemRestored,
    ItemRevised,
    ItemWithdrawn,
    Position,
    RuleDefined,
    RuleId,
    TextDigest,
)

NOW = datetime(2026, 11, 21, tzinfo=UTC)
ITEM, FEED = ItemId("ministry/a"), FeedId("ministry")
CAPTURE = CaptureDigest("sha256:" + "c" * 64)
CONTENT = Content(TextDigest("t"), TextDigest("x"), TextDigest("a"), "", "en", "", "", None, None)
ALL = ("appeared", "changed", "dropped", "withdrawn", "restored", "delisted")
RULE = RuleDefined(RuleId("r"), "Syria", {}, None, ALL, (), "normal", "wording")

PUBLISHED = ItemPublished(
    item=ITEM,
    feed=FEED,
    keys=(),
    content=CONTENT,
    baseline=False,
    backdated=False,
    surfaced=False,
    hold="",
    capture=CAPTURE,
    parser="p",
)
REVISED = ItemRevised(ITEM, FEED, (), CONTENT, "wording", (), ("text",), 1, 2, None, "", CAPTURE, "p")
COMPLETED = ItemCompleted(ITEM, FEED, CONTENT, 1, "", CAPTURE, "p")
WITHDRAWN = ItemWithdrawn(ITEM, FEED, "page-gone", NOW, NOW, ())
DELISTED = ItemDelisted(ITEM, FEED, "standing", NOW, NOW, ())


def restored(was: str) -> ItemRestored:
    return ItemRestored(ITEM, FEED, was, CAPTURE)  # type: ignore[arg-type]  # one of its words


@pytest.mark.parametrize(
    ("cause", "before", "now", "told", "expected"),
    [
        (PUBLISHED, False, True, (), Fired("appeared")),
        (PUBLISHED, False, False, (), Silent("no-match")),
        (replace(PUBLISHED, hold="first-fetch"), False, True, (), Fired("appeared", "first-fetch")),
        (replace(PUBLISHED, hold="surfaced"), False, False, (), Silent("no-match")),
        (REVISED, False, False, (), Silent("no-match")),
        (REVISED, False, False, ("appeared",), Silent("no-match")),
        (REVISED, False, True, (), Fired("appeared")),
        (REVISED, True, True, (), Fired("changed")),
        (REVISED, True, False, (), Fired("dropped")),
        (replace(REVISED, hold="reissue"), True, True, (), Fired("changed", "reissue")),
        (replace(REVISED, hold="flapping"), True, False, (), Fired("dropped", "flapping")),
        (replace(REVISED, hold="other-face"), True, True, (), Fired("changed", "other-face")),
        (replace(REVISED, hold="other-face"), False, True, (), Fired("appeared")),
        (replace(REVISED, hold="other-face"), True, False, (), Fired("dropped")),
        (COMPLETED, False, True, (), Fired("appeared")),
        (COMPLETED, False, False, (), Silent("no-match")),
        (COMPLETED, True, True, ("appeared",), Silent("matched-before")),
        (COMPLETED, True, False, ("appeared",), Silent("matched-before")),
        (replace(COMPLETED, hold="first-fetch"), False, True, (), Fired("appeared", "first-fetch")),
        (WITHDRAWN, False, True, (), Fired("withdrawn")),
        (WITHDRAWN, False, False, ("appeared",), Fired("withdrawn")),
        (WITHDRAWN, False, False, (), Silent("never-matched")),
        (DELISTED, False, True, (), Fired("delisted")),
        (DELISTED, False, False, ("appeared",), Fired("delisted")),
        (DELISTED, False, False, (), Silent("never-matched")),
        (restored("withdrawn"), False, True, (), Fired("restored")),
        (restored("withdrawn"), False, False, ("withdrawn",), Fired("restored")),
        (restored("withdrawn"), False, False, (), Silent("never-matched")),
        (restored("absent"), False, True, ("appeared",), Silent("only-absent")),
        (restored("delisted"), False, True, (), Silent("delisting-not-told")),
        (restored("delisted"), False, True, ("appeared",), Silent("delisting-not-told")),
        (restored("delisted"), False, True, ("appeared", "delisted"), Fired("restored")),
        (restored("delisted"), False, True, ("delisted", "restored", "changed"), Silent("delisting-not-told")),
    ],
)
def test_the_table(cause: Telling, before: bool, now: bool, told: tuple[str, ...], expected: Outcome) -> None:
    assert judge(RULE, cause, matched_before=before, matched_now=now, told=told) == expected


@pytest.mark.parametrize("least", EDIT_KINDS)
@pytest.mark.parametrize("kind", EDIT_KINDS)
def test_an_edit_counts_from_min_change_on_and_dates_never(kind: str, least: str) -> None:
    rule = replace(RULE, min_change=least)  # type: ignore[arg-type]  # pytest hands the words on as text
    edit = replace(REVISED, kind=kind)  # type: ignore[arg-type]  # pytest hands the words on as text
    outcome = judge(rule, edit, matched_before=True, matched_now=True, told=())
    if kind == "dates":
        assert outcome == Silent("dates-only")
    elif EDIT_KINDS.index(kind) < EDIT_KINDS.index(least):  # type: ignore[arg-type]  # as above
        assert outcome == Silent("below-min-change")
    else:
        assert outcome == Fired("changed")


@pytest.mark.parametrize("kind", EDIT_KINDS)
def test_appearing_and_dropping_follow_from_the_match_whatever_the_edit(kind: str) -> None:
    edit = replace(REVISED, kind=kind)  # type: ignore[arg-type]  # pytest hands the words on as text
    assert judge(RULE, edit, matched_before=False, matched_now=True, told=()) == Fired("appeared")
    assert judge(RULE, edit, matched_before=True, matched_now=False, told=()) == Fired("dropped")


@pytest.mark.parametrize(
    ("cause", "transition"),
    [
        (PUBLISHED, "appeared"),
        (REVISED, "changed"),
        (WITHDRAWN, "withdrawn"),
        (DELISTED, "delisted"),
        (restored("withdrawn"), "restored"),
    ],
)
def test_a_rule_that_does_not_ask_for_a_transition_stays_silent(cause: Telling, transition: str) -> None:
    rule = replace(RULE, on=tuple(one for one in ALL if one != transition))
    assert judge(rule, cause, matched_before=True, matched_now=True, told=("appeared",)) == Silent("not-in-on")


def test_the_id_of_an_alert_is_what_the_documentation_says() -> None:
    expected = "a1a47615eb1bacc3e52b5aa8bd235de1"
    assert alert_id(RuleId("syria"), "ministry/a", "appeared", Position(41)) == expected


def test_ids_differ_in_every_part() -> None:
    one = alert_id(RuleId("a"), "b", "c", Position(1))
    others = {
        alert_id(RuleId("x"), "b", "c", Position(1)),
        alert_id(RuleId("a"), "x", "c", Position(1)),
        alert_id(RuleId("a"), "b", "x", Position(1)),
        alert_id(RuleId("a"), "b", "c", Position(2)),
        alert_id(RuleId("ab"), "", "c", Position(1)),
    }
    assert len(others | {one}) == 6
