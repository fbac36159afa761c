"""What is said of a source, and that it is said once (matrix row 26)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aggregator.deciding.memory import FeedMemory
from aggregator.health import (
    HostOutcome,
    address,
    after_failure,
    after_failures,
    after_good,
    after_redirects,
    network_change,
    pardoned,
)
from aggregator.outcome import Redirect
from bench.watcher import profile
from store.events import (
    FeedDegraded,
    FeedGone,
    FeedId,
    FeedMoved,
    FeedQuiet,
    FeedRecovered,
    NetworkLost,
    NetworkRestored,
)
from store.ports import PollState

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
TEN = timedelta(minutes=10)
FRESH = PollState(FeedId("ministry"))
NEW = "https://new.example/feed"


def play(outcomes: str, *, every: timedelta = TEN, step: timedelta = TEN, **settings):
    """Polls: `.` good, `n` good with news, `x` failed, `g` 410. Gives the last state and (poll, event) pairs."""
    state, said = FRESH, []
    for number, outcome in enumerate(outcomes):
        at = NOW + number * step
        feed = profile(every=every, **settings)
        if outcome in ".n":
            turn = after_good(feed, state, at, new=outcome == "n")
        else:
            turn = after_failure(feed, state, "http_410" if outcome == "g" else "http_503", at)
        state = turn.state
        said += [(number, type(event)) for event in turn.events]
    return state, said


@pytest.mark.parametrize(
    ("outcomes", "said"),
    [
        ("nx.x.x.", []),
        ("nxx.xx.", []),
        ("nxxx", [(3, FeedDegraded)]),
        ("nxxxxxx", [(3, FeedDegraded)]),
        ("nxxx.", [(3, FeedDegraded)]),
        ("nxxx..", [(3, FeedDegraded), (5, FeedRecovered)]),
        ("nxxx.x..", [(3, FeedDegraded), (7, FeedRecovered)]),
        ("xxx..", [(2, FeedDegraded), (4, FeedRecovered)]),
        ("ng", [(1, FeedGone)]),
        ("nggg", [(1, FeedGone)]),
        ("ng..", [(1, FeedGone), (3, FeedRecovered)]),
        ("nxxxg", [(3, FeedDegraded), (4, FeedGone)]),
    ],
)
def test_each_turn_is_said_once(outcomes: str, said: list) -> None:
    assert play(outcomes)[1] == said


def test_three_quick_failures_are_not_yet_degraded() -> None:
    assert play("nxxx", step=timedelta(minutes=1))[1] == []


def test_recovery_says_since_when_we_were_blind() -> None:
    state, _ = play("nxxx.")
    (recovered,) = after_good(profile(), state, NOW + 5 * TEN, new=False).events
    assert isinstance(recovered, FeedRecovered)
    assert (recovered.since, recovered.reason) == (NOW + TEN, "http_503")


def test_a_failed_poll_forgets_nothing_good() -> None:
    state, _ = play("nx")
    assert (state.last_good_at, state.last_new_at, state.failing_since) == (NOW, NOW, NOW + TEN)


def test_while_our_own_network_is_lost_no_source_is_degraded() -> None:
    state, _ = play("nxx")
    assert after_failure(profile(), state, "dns", NOW + 9 * TEN, network_lost=True).events == ()


def test_silence_longer_than_agreed_is_said_once_per_silence() -> None:
    _, said = play(
        "n.......n.......", step=timedelta(hours=4), every=timedelta(hours=4), quiet_after=timedelta(hours=20)
    )
    assert said == [(6, FeedQuiet), (14, FeedQuiet)]


def test_without_quiet_after_silence_is_no_matter() -> None:
    assert play("n" + "." * 50, step=timedelta(days=1))[1] == []


def redirected(days: list[float], hops: tuple[Redirect, ...]):
    memory, said = FeedMemory(), []
    for day in days:
        memory, moved = after_redirects(profile(), memory, hops, NOW + timedelta(days=day))
        said += [day] if moved else []
    return memory, said


@pytest.mark.parametrize("status", [301, 308])
def test_a_permanent_redirect_is_adopted_after_seven_days_of_agreement_once(status: int) -> None:
    memory, said = redirected([0, 3, 6.9, 7, 8], (Redirect(status, NEW),))
    assert said == [7]
    assert address(profile(), memory) == NEW


@pytest.mark.parametrize(
    "hops",
    [(), (Redirect(302, NEW),), (Redirect(307, NEW),), (Redirect(301, "https://b.example/"), Redirect(302, NEW))],
)
def test_nothing_else_is_ever_adopted(hops: tuple[Redirect, ...]) -> None:
    memory, said = redirected([0, 8, 16], hops)
    assert (said, address(profile(), memory)) == ([], profile().url)


def test_one_poll_that_disagrees_begins_the_week_anew() -> None:
    memory, _ = redirected([0, 5], (Redirect(301, NEW),))
    memory, _ = after_redirects(profile(), memory, (), NOW + timedelta(days=6))
    memory, moved = after_redirects(profile(), memory, (Redirect(301, NEW),), NOW + timedelta(days=7))
    assert moved is None


def test_an_adopted_address_that_fails_three_times_is_given_up() -> None:
    memory, _ = redirected([0, 7], (Redirect(301, NEW),))
    assert address(profile(), after_failures(memory, replace(FRESH, failures=2))) == NEW
    assert address(profile(), after_failures(memory, replace(FRESH, failures=3))) == profile().url


def test_an_address_that_the_operator_changes_is_theirs() -> None:
    memory, _ = redirected([0, 7], (Redirect(301, NEW),))
    assert address(profile(url="https://own.example/feed"), memory) == "https://own.example/feed"


def test_the_event_of_a_move_names_the_new_address() -> None:
    memory, _ = redirected([0], (Redirect(301, NEW),))
    _, moved = after_redirects(profile(), memory, (Redirect(301, NEW),), NOW + timedelta(days=7))
    assert moved == FeedMoved(FeedId("ministry"), NOW, "permanent redirect, the same for 7 days", NEW)


def hosts(reasons: str) -> list[HostOutcome]:
    return [HostOutcome(f"h{n}", NOW, {"x": "connect", "5": "http_503", ".": ""}[r]) for n, r in enumerate(reasons)]


@pytest.mark.parametrize(
    ("reasons", "lost"), [("xxx.", True), ("xx..", False), ("xxx", False), ("555.", False), ("xxxx....x", True)]
)
def test_over_half_of_the_hosts_out_of_reach_is_our_network(reasons: str, lost: bool) -> None:
    assert isinstance(network_change(hosts(reasons), None, NOW), NetworkLost) == lost


def test_the_network_is_back_when_most_hosts_answer() -> None:
    assert network_change(hosts("xxx."), NOW, NOW) is None
    back = network_change(hosts("x..."), NOW - TEN, NOW)
    assert isinstance(back, NetworkRestored)
    assert back.since == NOW - TEN


def test_what_was_seen_long_ago_does_not_count() -> None:
    assert network_change(hosts("xxxx"), None, NOW + timedelta(hours=1)) is None


def test_failures_while_our_network_is_lost_are_not_the_sources() -> None:
    good = after_good(profile(), FRESH, NOW, new=False).state
    unreachable = after_failure(profile(), good, "dns", NOW + TEN, network_lost=True).state
    assert (unreachable.failing_since, unreachable.failures, unreachable.health) == (None, 0, "ok")
    answered = after_failure(profile(), good, "http_503", NOW + TEN, network_lost=True).state
    assert answered.failing_since == NOW + TEN, "it did answer"


def test_failures_that_turn_out_to_be_our_networks_are_pardoned_and_older_ones_are_not() -> None:
    failed = after_failure(profile(), FRESH, "connect", NOW).state
    assert pardoned(failed, NOW) == replace(failed, health="ok", failing_since=None, failures=0, reason="")
    assert pardoned(failed, NOW + TEN) == failed
    other = after_failure(profile(), FRESH, "http_503", NOW).state
    assert pardoned(other, NOW) == other
