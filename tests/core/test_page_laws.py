"""Laws of deciding about pages, over random lives of a page."""

from datetime import timedelta

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from aggregator.page.text import PageUnread
from alerts.diff import word_diff
from bench.page_watcher import ANOTHER_PAGE, Answer, PageWatcher
from bench.watcher import MONDAY, Watcher, document, entry, profile
from store.events import (
    Event,
    ItemCompleted,
    ItemId,
    ItemPublished,
    ItemReextracted,
    ItemRestored,
    ItemRevised,
    ItemWithdrawn,
)

WORDS = (
    "minister",
    "convoy",
    "trucks",
    "forty",
    "never",
    "the",
    "of",
    "border",
    "Amman",
    "12",
    "120",
    "ты",
    "не",
    "да",
)
WALL = "Access denied\nYou have been blocked. Please contact the owner of this site. Reference 18.2f3a"
FAILURES: list[Answer] = [
    "unreachable",
    PageUnread("challenge", ""),
    PageUnread("empty", ""),
    PageUnread("extractor_died", ""),
    WALL,
]

blocks = st.lists(st.sampled_from(WORDS), min_size=3, max_size=12).map(" ".join)
pages = st.lists(blocks, min_size=2, max_size=6).map("\n".join)
lives = st.lists(pages | st.sampled_from(["missing", "gone"]), min_size=1, max_size=6)


class Life:
    """One item, listed or rolled off, and its page."""

    def __init__(self, *, listed: bool) -> None:
        self.feed = Watcher(profile())
        self.now = MONDAY + timedelta(days=2)
        self.waits = False
        """It is to be read again in whole: no validators are kept, so no 304 can come."""
        self.feed.poll(document(*(entry(name, hours=ord(name) - 97) for name in "cba")), self.now)
        self.pages = PageWatcher(self.feed)
        oldest = min(self.feed.versions.values(), key=lambda each: str(each[0].content.published_at))
        self.item: ItemId = next(item for item, each in self.feed.versions.items() if each is oldest)
        if not listed:
            self.feed.poll(document(*(entry(name, hours=ord(name) - 97) for name in "edc")), self.now)
            assert self.item not in {entry.item for entry in self.feed.memory.window}

    def visit(self, shown: Answer, hours: float = 3) -> list[Event]:
        self.now += timedelta(hours=hours)
        self.pages.control = WALL if shown == WALL else ANOTHER_PAGE
        told = self.pages.visit(self.item, shown, self.now)
        no_page_came = shown in ("unreachable", "missing", "gone")
        self.waits = self.pages.decisions[-1].reread or (self.waits and no_page_came)
        return told


def said(events: list[Event]) -> list[tuple[str, object]]:
    """What the events say of the item, whenever it was seen."""
    return [(type(event).__name__, getattr(event, "kind", ""), getattr(event, "hold", "")) for event in events]


@settings(deadline=None, max_examples=40)
@given(lives, st.booleans())
def test_the_same_page_twice_gives_nothing(life: list[str], listed: bool) -> None:
    it = Life(listed=listed)
    for shown in life:
        it.visit(shown, hours=0.1)
        if not it.pages.decisions[-1].doubtful:
            assert it.visit(shown, hours=0.1) == []


@settings(deadline=None, max_examples=40)
@given(lives, st.booleans(), st.data())
def test_failures_304s_and_walls_in_between_change_nothing(life: list[str], listed: bool, data: st.DataObject) -> None:
    plain, disturbed = Life(listed=listed), Life(listed=listed)
    stood = False
    for shown in life:
        for failure in data.draw(st.lists(st.sampled_from(FAILURES), max_size=2)):
            assert disturbed.visit(failure, hours=0) == []
        if stood and not disturbed.waits and data.draw(st.booleans()):
            assert disturbed.visit(None, hours=0) == []
        assert said(plain.visit(shown)) == said(disturbed.visit(shown))
        stood = shown not in ("missing", "gone")


@settings(deadline=None, max_examples=40)
@given(lives, st.booleans(), st.data())
def test_what_is_told_is_a_legal_life(life: list[str], listed: bool, data: st.DataObject) -> None:
    """The watcher refuses versions out of turn and states that cannot follow each other; here is the rest."""
    it = Life(listed=listed)
    for shown in life:
        it.visit(data.draw(st.sampled_from([shown, *FAILURES])), hours=data.draw(st.sampled_from([0.1, 1, 4, 30])))
    events = [event for event in it.feed.events if getattr(event, "item", "") == it.item]
    kinds = [type(event) for event in events]
    assert kinds.count(ItemCompleted) <= 1
    assert kinds[0] is ItemPublished
    if ItemRevised in kinds:
        assert ItemCompleted in kinds[: kinds.index(ItemRevised)]
    gone_and_back = [kind for kind in kinds if kind in (ItemWithdrawn, ItemRestored)]
    assert gone_and_back == [ItemWithdrawn, ItemRestored] * (len(gone_and_back) // 2) + [ItemWithdrawn] * (
        len(gone_and_back) % 2
    )
    assert not (listed and gone_and_back)
    assert ItemReextracted not in kinds


@settings(deadline=None, max_examples=40)
@given(pages, st.data())
def test_a_changed_word_is_one_edit_with_that_word(page: str, data: st.DataObject) -> None:
    words = page.split(" ")
    place = data.draw(st.integers(0, len(words) - 1))
    assume("\n" not in words[place])
    changed = " ".join([*words[:place], "Damascus", *words[place + 1 :]])
    it = Life(listed=True)
    it.visit(page)
    assume(not it.pages.decisions[-1].doubtful)
    edits = [*it.visit(changed, hours=1), *it.visit(changed, hours=1)]
    assert len(edits) == 1
    (edit,) = edits
    assert isinstance(edit, ItemRevised)
    assert (edit.kind, edit.fields, edit.hold) == ("wording", ("page",), "")
    diff = word_diff(page, changed)
    assert (diff.removed, diff.added) == ((words[place],), ("Damascus",))
    assert edit.content.page
    assert it.feed.texts[edit.content.page.text] == changed


CHROME = ["Share this page", "Read also: 7 facts", "Subscribe to our newsletter", "Поделиться", "Accept all cookies"]


@settings(deadline=None, max_examples=40)
@given(pages, st.lists(st.sampled_from(CHROME), min_size=1, unique=True), st.data())
def test_lines_of_the_site_are_never_told(page: str, chrome: list[str], data: st.DataObject) -> None:
    """They stand in every page of the site from one day on, in whatever place."""
    lines = page.split("\n")
    for line in chrome:
        lines.insert(data.draw(st.integers(0, len(lines))), line)
    it = Life(listed=True)
    it.visit(page)
    assume(not it.pages.decisions[-1].doubtful)
    it.now += timedelta(hours=1)
    it.pages.control = "\n".join([ANOTHER_PAGE, *chrome])
    edits = it.pages.visit(it.item, "\n".join(lines), it.now)
    assert [hold for _, _, hold in said(edits)] in ([], ["template"])
