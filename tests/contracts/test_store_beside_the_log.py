"""What lies beside the log: texts, captures, poll states, checkpoints, rules."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store.chain import text_digest
from store.database import SqlStore
from store.events import (
    AlertId,
    AlertRaised,
    CaptureDigest,
    ChannelId,
    FeedId,
    FeedRenamed,
    ItemId,
    ItemPublished,
    ItemRestored,
    Position,
    RuleDefined,
    RuleId,
    RuleRetired,
    TextDigest,
)
from store.instants import from_micros
from store.ports import Capture, PollState, Transaction
from store.texts import pack, unpack

Publish = Callable[..., ItemPublished]
ITEM = ItemId("a/1")


def put(store: SqlStore, item: ItemId, text: str) -> TextDigest:
    return store.write(lambda tx: tx.texts.put(item, text)).result()


def get(store: SqlStore, *digests: str) -> dict[TextDigest, str]:
    with store.read() as tx:
        return dict(tx.texts.get([TextDigest(digest) for digest in digests]))


def test_a_text_comes_back_by_its_salted_digest(store: SqlStore) -> None:
    digest = put(store, ITEM, "Мир")
    salt = store.write(lambda tx: tx.texts.salt(ITEM)).result()
    assert len(salt) == 16
    assert digest == text_digest(salt, "Мир")
    assert get(store, digest, "unknown") == {digest: "Мир"}


def test_the_same_text_is_kept_once_for_an_item_and_apart_for_another(store: SqlStore) -> None:
    first, again, other = (put(store, ItemId(item), "same") for item in ("a/1", "a/1", "a/2"))
    assert first == again
    assert first != other
    assert get(store, first, other) == {first: "same", other: "same"}


def test_a_job_reads_the_texts_that_it_put(store: SqlStore) -> None:
    def job(tx: Transaction) -> list[str]:
        digest = tx.texts.put(ITEM, "words")
        return list(tx.texts.get([digest, digest]).values())

    assert store.write(job).result() == ["words"]
    assert store.write(job).result() == ["words"]


def test_more_texts_than_one_statement_takes(store: SqlStore) -> None:
    digests = store.write(lambda tx: [tx.texts.put(ITEM, f"text {n}") for n in range(1200)]).result()
    assert len(get(store, *digests)) == 1200


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_packed_texts_unpack_the_same(text: str) -> None:
    assert unpack(pack(text)) == text
    assert unpack(pack(text * 50)) == text * 50


@given(st.binary(max_size=60))
def test_damaged_texts_never_raise(body: bytes) -> None:
    unpack(body)
    unpack(b"\1" + body)


def capture(name: str, at: datetime) -> Capture:
    headers = (("content-type", "text/xml"), ("etag", '"é"'))
    return Capture(CaptureDigest(f"sha256:{name}"), FeedId("a"), "http://a.example/", headers, b"\0body", at)


def test_a_capture_is_kept_as_first_received(store: SqlStore, now: datetime) -> None:
    first = capture("1", now)
    store.write(lambda tx: tx.captures.put(first)).result()
    store.write(lambda tx: tx.captures.put(replace(first, fetched_at=now + timedelta(days=1)))).result()
    with store.read() as tx:
        assert tx.captures.get(first.digest) == first
        assert tx.captures.get(CaptureDigest("sha256:none")) is None


def test_pruning_drops_old_captures_that_no_alert_cites(store: SqlStore, now: datetime, published: Publish) -> None:
    for name in ("old", "cited", "cited by return", "seen again"):
        store.write(lambda tx, name=name: tx.captures.put(capture(name, now))).result()
    store.write(lambda tx: tx.captures.put(capture("seen again", now + timedelta(days=2)))).result()
    store.write(lambda tx: tx.captures.put(capture("new", now + timedelta(days=2)))).result()
    back = ItemRestored(ItemId("a/2"), FeedId("a"), "withdrawn", CaptureDigest("sha256:cited by return"))
    events = [published("a/1", capture=CaptureDigest("sha256:cited")), published("a/2"), back]
    store.write(lambda tx: tx.log.append("feed:a", events, now=now)).result()
    alerts = [raised("1", "a/1", 1, "appeared"), raised("2", "a/2", 3, "restored")]
    store.write(lambda tx: tx.log.append("rule:r", alerts, now=now)).result()
    assert store.write(lambda tx: tx.captures.prune(now + timedelta(days=1))).result() == 1
    with store.read() as tx:
        kept = ("cited", "cited by return", "seen again", "new")
        assert all(tx.captures.get(CaptureDigest(f"sha256:{name}")) for name in kept)
        assert tx.captures.get(CaptureDigest("sha256:old")) is None


def test_pruning_much_takes_many_short_transactions(store: SqlStore, now: datetime) -> None:
    def fill(tx: Transaction) -> None:
        for number in range(1100):
            tx.captures.put(capture(str(number), now))

    store.write(fill).result()
    later = now + timedelta(days=1)
    portions = [store.write(lambda tx: tx.captures.prune(later)).result() for _ in range(4)]
    assert (sum(portions), portions[-1]) == (1100, 0)
    assert max(portions) <= 500


def raised(name: str, item: str, cause: int, transition: str) -> AlertRaised:
    at = (AlertId(name), RuleId("r"), FeedId("a"), ItemId(item), transition, Position(cause))
    return AlertRaised(*at, version=1, before=None, hits=(), topics=(), follows=None)


def states(feed: str) -> st.SearchStrategy[PollState]:
    times = st.none() | st.integers(0, 2**52).map(from_micros)
    words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
    named = dict.fromkeys(("next_at", "last_polled_at", "last_good_at", "last_new_at", "failing_since"), times)
    return st.builds(
        PollState,
        st.just(FeedId(feed)),
        full_fetch_at=times,
        failures=st.integers(0, 99),
        goods=st.integers(0, 99),
        reason=words,
        etag=words,
        last_modified=words,
        validated_url=words,
        body=words,
        open=st.booleans(),
        memory=words,
        **named,
    )


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(states("a"), states("b"))
def test_poll_states_come_back_as_saved(store: SqlStore, first: PollState, second: PollState) -> None:
    store.write(lambda tx: tx.polls.save([first, second])).result()
    with store.read() as tx:
        assert tx.polls.all() == {"a": replace(first, memory=None), "b": replace(second, memory=None)}
        assert tx.polls.memory(FeedId("a")) == first.memory


def test_a_memory_stays_unless_a_new_one_is_given(store: SqlStore) -> None:
    assert store.write(lambda tx: tx.polls.memory(FeedId("a"))).result() == ""
    for memory in ("{}", None):
        store.write(lambda tx, memory=memory: tx.polls.save([PollState(FeedId("a"), memory=memory)])).result()
    assert store.write(lambda tx: tx.polls.memory(FeedId("a"))).result() == "{}"
    store.write(lambda tx: tx.polls.save([])).result()


def test_a_renamed_feed_keeps_its_poll_state(store: SqlStore, now: datetime) -> None:
    old, new = FeedId("old"), FeedId("new")
    store.write(lambda tx: tx.polls.save([PollState(old, failures=7), PollState(new)])).result()
    store.write(lambda tx: tx.log.append("feed:new", [FeedRenamed(new, old)], now=now)).result()
    store.write(lambda tx: tx.polls.rename(old, new)).result()  # once more does no harm
    with store.read() as tx:
        assert tx.polls.all() == {new: PollState(new, failures=7)}


def test_a_checkpoint_starts_before_the_first_event_and_moves(store: SqlStore) -> None:
    seen = []
    for position in (5, 9):
        seen.append(store.write(lambda tx: tx.checkpoints.get("react")).result())
        store.write(lambda tx, at=position: tx.checkpoints.set("react", Position(at))).result()
    with store.read() as tx:
        assert [*seen, tx.checkpoints.get("react"), tx.checkpoints.get("other")] == [0, 5, 9, 0]


def rule(name: str, match: str) -> RuleDefined:
    topics = {"syria": ("Syria", "Сири*")}
    return RuleDefined(RuleId(name), match, topics, None, ("appeared",), (ChannelId("desk"),), "normal", "wording")


def test_rules_are_those_in_force_at_a_position(store: SqlStore, now: datetime) -> None:
    first, second, other = rule("r", "Syria"), rule("r", "Syria OR Iraq"), rule("a", "aid")
    for event in (first, second, other, RuleRetired(RuleId("r"))):
        store.write(lambda tx, event=event: tx.log.append(f"rule:{event.rule}", [event], now=now)).result()
    with store.read() as tx:
        assert [tx.rules.in_force(Position(at)) for at in range(5)] == [
            [],
            [first],
            [second],
            [other, second],
            [other],
        ]
        assert tx.rules.in_force() == [other]
