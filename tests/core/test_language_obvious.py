"""The language of rules against a slow, obvious judge, written from docs/rules.md alone.

Texts are put together from words whose folded form is written down here, so the judge folds nothing, splits nothing and
parses nothing: it knows every word and its place, and tries each term at each of them. Whatever queries and texts come
up, both must agree whether a rule matches, and on every place.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise, product

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.facts import Face
from alerts.query import check
from alerts.rules import RuleSet
from store.events import FeedId, ItemId, RuleDefined, RuleId

LONG = int(os.environ.get("FEEDWITNESS_EXAMPLES", "3000"))
"""Texts of the long run; each is asked some thirty to forty queries, so together more than a hundred thousand."""


# --- texts of known words -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Word:
    """A word as rules see it: folded, where it stands, the number of its first and of its last letter or word."""

    folded: str
    start: int
    end: int
    first: int
    last: int
    cased: str

    @property
    def is_run(self) -> bool:
        return self.folded[0] >= "\u2e80"


TOKENS: dict[str, list[tuple[str, str]]] = {
    "aid": [("aid", "aid")],
    "Aid": [("Aid", "aid")],
    "convoy": [("convoy", "convoy")],
    "Convoy’s": [("Convoy", "convoy")],
    "aid-convoy": [("aid", "aid"), ("-", ""), ("convoy", "convoy")],
    "Syria": [("Syria", "syria")],
    "SYRIA": [("SYRIA", "syria")],
    "Sýria": [("Sýria", "syria")],
    "Syrian": [("Syrian", "syrian")],
    "Assyria": [("Assyria", "assyria")],
    "WHO": [("WHO", "who")],
    "who": [("who", "who")],
    "S-300": [("S", "s"), ("-", ""), ("300", "300")],
    "s300": [("s300", "s300")],
    "resettlement": [("resettlement", "resettlement")],
    "settlement": [("settlement", "settlement")],
    "ёлка": [("ёлка", "елка")],
    "ЕЛКА": [("ЕЛКА", "елка")],
    "Сирии": [("Сирии", "сирии")],
    "сирийский": [("сирийский", "сирийский")],
    "май": [("май", "май")],
    "маи": [("маи", "маи")],
    "سوريا": [("سوريا", "سوريا")],
    "وسوريا": [("وسوريا", "وسوريا")],
    "وبالسوريا": [("وبالسوريا", "وبالسوريا")],
    "مسوريا": [("مسوريا", "مسوريا")],
    "الأمن": [("الأمن", "الامن")],
    "للأمن": [("للأمن", "للامن")],
    "أمن": [("أمن", "امن")],
    "叙利亚": [("叙利亚", "叙利亚")],
    "关于叙利亚问题": [("关于叙利亚问题", "关于叙利亚问题")],
    "问题": [("问题", "问题")],
    "叙利叙利亚": [("叙利叙利亚", "叙利叙利亚")],
}
"""What a token is made of: pieces as written, with what each is to a rule ("" is no word)."""

SEPARATORS = (" ", ", ", " – ", "\n")


def words_of(text: "Text") -> list[Word]:
    found: list[Word] = []
    place = number = 0
    for token, separator in text:
        for written, folded in TOKENS[token]:
            if folded:
                letters = len(folded) if folded[0] >= "\u2e80" else 1
                found.append(Word(folded, place, place + len(written), number, number + letters - 1, written))
                number += letters
            place += len(written)
        place += 2 * token.endswith("’s") + len(separator)
    return found


Text = tuple[tuple[str, str], ...]


def written(text: Text) -> str:
    return "".join(token + separator for token, separator in text)


# --- what is looked for -------------------------------------------------------------------------------------------

Place = tuple[int, int]
Span = tuple[int, int, int, int]
"""Start and end as shown, number of the first and of the last word."""

CLITICS = [a + b + c for a in ("", "و", "ف") for b in ("", "ب", "ك", "ل") for c in ("", "ال")]


@dataclass(frozen=True)
class Term:
    """`words` folded, as they would be written here by hand."""

    query: str
    words: tuple[str, ...]
    open_start: bool = False
    open_end: bool = False
    exact: str = ""

    def spans(self, text: Sequence[Word]) -> Iterator[Span]:
        if self.words[0] >= "\u2e80":
            yield from self.in_runs(text)
            return
        size = len(self.words)
        for at in range(len(text) - size + 1):
            window = text[at : at + size]
            start = self.fits(window)
            if start is not None:
                yield start, window[-1].end, window[0].first, window[-1].last

    def fits(self, window: Sequence[Word]) -> int | None:
        """Where the term begins in these words, None if they are others."""
        head, tail = window[0].folded, window[-1].folded
        if self.exact:
            return window[0].start if window[0].cased == self.exact else None
        if [word.folded for word in window[1:-1]] != list(self.words[1:-1]):
            return None
        if len(window) > 1 and tail != self.words[-1] and not (self.open_end and tail.startswith(self.words[-1])):
            return None
        if self.open_start:
            return window[0].start if head.endswith(self.words[0]) else None
        for before in CLITICS if "\u0600" <= self.words[0][0] <= "\u06ff" else [""]:
            forms = [before + self.words[0]]
            if self.words[0].startswith("ال") and before in ("", "و", "ف"):
                forms.append(before + "لل" + self.words[0][2:])
            for form in forms:
                if head == form or (self.open_end and len(window) == 1 and head.startswith(form)):
                    return window[0].start + (0 if self.open_end else len(before))
        return None

    def in_runs(self, text: Sequence[Word]) -> Iterator[Span]:
        one = "".join(self.words)
        for word in text:
            for at in range(len(word.folded)):
                if word.is_run and word.folded.startswith(one, at):
                    end = at + len(one)
                    yield word.start + at, word.start + end, word.first + at, word.first + end - 1
        if len(self.words) == 2:
            left, right = self.words
            for before, after in pairwise(text):
                if before.folded.endswith(left) and after.folded.startswith(right):
                    yield (
                        before.end - len(left),
                        after.start + len(right),
                        before.last - len(left) + 1,
                        after.first + len(right) - 1,
                    )


@dataclass(frozen=True)
class Near:
    query: str
    terms: tuple[Term, ...]
    distance: int

    def spans(self, text: Sequence[Word]) -> Iterator[Span]:
        """Every stretch that would do; the longer ones too."""
        for chosen in product(*(list(term.spans(text)) for term in self.terms)):
            first, last = min(span[2] for span in chosen), max(span[3] for span in chosen)
            if max(span[2] for span in chosen) - min(span[3] for span in chosen) <= self.distance:
                yield min(span[0] for span in chosen), max(span[1] for span in chosen), first, last


@dataclass(frozen=True)
class Pattern:
    query: str
    python: str


Sought = Term | Near | Pattern

TERMS = [
    Term("aid", ("aid",)),
    Term("convoy", ("convoy",)),
    Term("syria", ("syria",)),
    Term("=WHO", ("who",), exact="WHO"),
    Term("who", ("who",)),
    Term("Syria*", ("syria",), open_end=True),
    Term("*settlement", ("settlement",), open_start=True),
    Term("S-300", ("s", "300")),
    Term("Ёлка", ("елка",)),
    Term("сири*", ("сири",), open_end=True),
    Term("май", ("май",)),
    Term("سوريا", ("سوريا",)),
    Term("سور*", ("سور",), open_end=True),
    Term("الأمن", ("الامن",)),
    Term("叙利亚", ("叙利亚",)),
    Term("问题", ("问题",)),
]
PHRASES = [
    Term("aid convoy", ("aid", "convoy")),
    Term("Syria, aid", ("syria", "aid")),
    Term("aid Syria*", ("aid", "syria"), open_end=True),
    Term("*settlement aid", ("settlement", "aid"), open_start=True),
    Term("الأمن سوريا", ("الامن", "سوريا")),
    Term("叙利亚 问题", ("叙利亚", "问题")),
]
PATTERNS = [
    Pattern(r"/S-?300/", "S-?300"),
    Pattern(r"/\bsyrian?\b/", r"(?<![\w\p{M}])syrian?(?![\w\p{M}])"),
    Pattern(r"/сири\w+/", r"сири\w+"),
    Pattern(r"/aid[^\w]+convoy/", r"aid[^\w]+convoy"),
    Pattern(r"/叙利.{1,3}题/", "叙利.{1,3}题"),
    Pattern(r"/\d{2,3}/", r"\d{2,3}"),
    Pattern(r"/\bсири\w*|[\p{Arabic}]{6,}/", r"(?<![\w\p{M}])сири\w*|[\p{Arabic}]{6,}"),
]
TOPICS = {
    "levant": [TERMS[2], PHRASES[0], TERMS[11], TERMS[14], PATTERNS[2]],
    "east": [TERMS[9], TERMS[2], TERMS[11], TERMS[14]],
}
SETTINGS = {name: tuple(term.query for term in terms) for name, terms in TOPICS.items()}
NEARS = st.builds(
    lambda terms, distance: Near("", tuple(terms), distance),
    st.one_of(
        st.lists(st.sampled_from(some), min_size=2, max_size=3, unique_by=lambda term: term.words)
        for some in (TERMS, TERMS[:6], TERMS[8:])
    ),
    st.integers(1, 6),
).map(lambda near: Near(f'"{" ".join(term.query for term in near.terms)}"~{near.distance}', near.terms, near.distance))


# --- an item, and a query over it ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Item:
    """The texts of an item by field; those of an edit under `removed` and `added`, with where each begins."""

    texts: dict[str, list[Text]]
    begins: dict[str, list[tuple[str, int]]]
    feed: str
    language: str

    def of(self, scope: str) -> Iterator[tuple[str, int, Text]]:
        """The field that shows it, how far into it the text begins, the text."""
        for name in scope.split(" or "):
            places = self.begins.get(name) or [(name, 0)] * len(self.texts[name])
            yield from ((field, begin, text) for (field, begin), text in zip(places, self.texts[name], strict=True))


Hit = tuple[int, int, int, str]
ORDER = ("title", "text", "author", "category", "link")


@dataclass(frozen=True)
class Query:
    """A query as written, and what it means: whether it holds, and the hits that prove it."""

    text: str
    holds: Callable[[Item], bool]
    hits: Callable[[Item], set[Hit]]
    of_edits: bool = False


def spans_in(sought: Sought, text: Text) -> list[Place]:
    if isinstance(sought, Pattern):
        found = regex.compile(sought.python, regex.IGNORECASE | regex.V0).finditer(written(text))
        return [one.span() for one in found if one.end() > one.start()]
    words = words_of(text)
    spans = sorted(sought.spans(words))
    if isinstance(sought, Near):
        return [widened(words, span) for span in spans]
    if sought.open_start or sought.open_end:
        return [widened(words, span) for span in spans]
    return [span[:2] for span in spans]


def widened(words: Sequence[Word], span: Span) -> Place:
    """The place widened to whole words, where words have ends."""
    first = next(word for word in words if word.start <= span[0] < word.end)
    last = next(word for word in words if word.start < span[1] <= word.end)
    return span[0] if first.is_run else first.start, span[1] if last.is_run else last.end


def leaf(sought: Iterable[Sought], scope: str, text: str) -> Query:
    alternatives = tuple(sought)

    def places(item: Item) -> Iterator[tuple[Sought, str, Place]]:
        for one in alternatives:
            for field, begin, words in item.of(scope):
                yield from ((one, field, (start + begin, end + begin)) for start, end in spans_in(one, words))

    return Query(
        text,
        lambda item: any(True for _ in places(item)),
        lambda item: {(ORDER.index(f), *place, one.query) for one, f, place in places(item) if f},
        scope in ("removed", "added"),
    )


def attribute(text: str, holds: Callable[[Item], bool]) -> Query:
    return Query(text, holds, lambda item: set())


def both(left: Query, right: Query, sign: str) -> Query:
    return Query(
        f"({left.text}{sign}{right.text})",
        lambda item: left.holds(item) and right.holds(item),
        lambda item: left.hits(item) | right.hits(item),
        left.of_edits or right.of_edits,
    )


def either(left: Query, right: Query) -> Query:
    return Query(
        f"({left.text} OR {right.text})",
        lambda item: left.holds(item) or right.holds(item),
        lambda item: {hit for part in (left, right) if part.holds(item) for hit in part.hits(item)},
        left.of_edits or right.of_edits,
    )


def negated(part: Query) -> Query:
    return Query(f"NOT {part.text}", lambda item: not part.holds(item), lambda item: set(), part.of_edits)


SCOPES = ("title or text", "title or text", "title", "text", "author", "category", "link")
SOUGHT = st.one_of(
    st.sampled_from(TERMS),
    st.sampled_from(PHRASES),
    st.sampled_from(PATTERNS),
    NEARS,
)


def as_written(sought: Sought) -> str:
    return f'"{sought.query}"' if isinstance(sought, Term) and len(sought.words) > 1 else sought.query


def in_scope(scope: str, text: str) -> str:
    return text if scope == "title or text" else f"{scope}:{text}"


def queries(scopes: Sequence[str]) -> st.SearchStrategy[Query]:
    terms = st.builds(
        lambda sought, scope: leaf([sought], scope, in_scope(scope, as_written(sought))),
        SOUGHT,
        st.sampled_from(scopes),
    )
    topics = st.builds(
        lambda name, scope: leaf(TOPICS[name], scope, in_scope(scope, f"topic:{name}")),
        st.sampled_from(sorted(TOPICS)),
        st.sampled_from(scopes),
    )
    attributes = st.sampled_from(
        [
            attribute("feed:un", lambda item: item.feed == "un"),
            attribute("feed:un-*", lambda item: item.feed.startswith("un-")),
            attribute("lang:ru", lambda item: item.language.split("-")[0] == "ru"),
        ]
    )
    return st.recursive(
        st.one_of(terms, terms, terms, topics, attributes),
        lambda inner: st.one_of(
            st.builds(both, inner, inner, st.sampled_from([" ", " AND "])),
            st.builds(either, inner, inner),
            st.builds(negated, inner),
        ),
        max_leaves=6,
    )


ALONE = [leaf([sought], "title or text", as_written(sought)) for sought in (*TERMS, *PHRASES, *PATTERNS)]
"""Every term, alone: asked of every text, beside what chance asks."""
NEAR_EACH_OTHER = st.lists(NEARS.map(lambda near: leaf([near], "title or text", near.query)), max_size=8)
ASKED = st.builds(lambda some, near: [*some, *near, *ALONE], st.lists(queries(SCOPES), max_size=4), NEAR_EACH_OTHER)

TEXTS = st.lists(st.tuples(st.sampled_from(sorted(TOKENS)), st.sampled_from(SEPARATORS)), max_size=7).map(tuple)
ITEMS = st.builds(
    lambda title, text, author, categories, link, feed, language: Item(
        {"title": [title], "text": [text], "author": [author], "category": categories, "link": [link]},
        {"category": begins(categories)},
        feed,
        language,
    ),
    TEXTS,
    TEXTS,
    TEXTS,
    st.lists(TEXTS, max_size=2),
    TEXTS,
    st.sampled_from(["un", "un-news", "other"]),
    st.sampled_from(["", "ru", "ru-RU", "en"]),
)


def begins(categories: Sequence[Text]) -> list[tuple[str, int]]:
    lengths = [len(written(text)) + len(", ") for text in categories]
    return [("category", sum(lengths[:number])) for number in range(len(categories))]


def face(item: Item) -> Face:
    texts = {name: [written(text) for text in texts] for name, texts in item.texts.items()}
    return Face(
        ItemId("un/1"), FeedId(item.feed), 1, texts["title"][0], texts["text"][0], texts["author"][0],
        tuple(texts["category"]), texts["link"][0], item.language, None, datetime(2026, 11, 21, tzinfo=UTC),
    )  # fmt: skip


def agree(asked: Sequence[Query], item: Item, now: Face, before: Face | None = None) -> None:
    rules = RuleSet.compile(
        [
            RuleDefined(RuleId(str(number)), query.text, SETTINGS, None, (), (), "normal", "wording")
            for number, query in enumerate(asked)
        ]
    )
    matches = rules.match(now, before)
    for number, query in enumerate(asked):
        assert check(query.text, SETTINGS) == ()
        expected = query.holds(item) and (before is not None or not query.of_edits)
        assert (RuleId(str(number)) in matches) == expected, query.text
        assert rules.explain(RuleId(str(number)), now, before).matched == expected
        if expected:
            hits = matches[RuleId(str(number))].hits
            places_agree(query, item, [(ORDER.index(hit.field), hit.start, hit.end, hit.term) for hit in hits])


def places_agree(query: Query, item: Item, found: list[Hit]) -> None:
    """Every place, and no other. Of words near each other the shortest stretches are told, so each of these must be one
    that would do, and they do not overlap."""
    expected = query.hits(item)
    near = {hit for hit in expected if "~" in hit[3]}
    assert [hit for hit in found if "~" not in hit[3]] == sorted(expected - near), query.text
    told = [hit for hit in found if "~" in hit[3]]
    assert set(told) <= near, query.text
    assert {hit[3] for hit in told} == {hit[3] for hit in near}


@settings(deadline=None)
@given(ASKED, ITEMS)
def test_both_agree_on_every_item(asked: list[Query], item: Item) -> None:
    agree(asked, item, face(item))


@pytest.mark.long
@pytest.mark.timeout(1200)
@settings(deadline=None, max_examples=LONG)
@given(ASKED, ITEMS)
def test_both_agree_on_a_hundred_thousand_queries(asked: list[Query], item: Item) -> None:
    agree(asked, item, face(item))


# --- edits --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Edit:
    """A text in which each token stands once, and what became of it: kept, removed, added."""

    steps: tuple[tuple[str, str], ...]

    def side(self, signs: str) -> Text:
        return tuple((token, " ") for sign, token in self.steps if sign in signs)

    def stretches(self, sign: str) -> list[tuple[int, Text]]:
        """What was removed, or added, in one piece; with where it begins in the text that it stands in."""
        found: list[tuple[int, list[tuple[str, str]]]] = []
        place, goes_on = 0, False
        for kind, token in self.steps:
            if kind == sign:
                if not goes_on:
                    found.append((place, []))
                found[-1][1].append((token, " "))
            goes_on = kind == sign or (goes_on and kind != "=")
            place += (len(token) + 1) * (kind in ("=", sign))
        return [(begin, tuple(text)) for begin, text in found]


DISTINCT = ["aid", "convoy", "SYRIA", "Syrian", "WHO", "who", "S-300", "resettlement", "ЕЛКА", "Сирии", "сирийский"]
DISTINCT += ["май", "وسوريا", "الأمن", "للأمن", "叙利亚", "问题"]
EDITS = st.lists(
    st.tuples(st.sampled_from("=-+"), st.sampled_from(DISTINCT)), min_size=1, max_size=9, unique_by=lambda step: step[1]
).map(lambda steps: Edit(tuple(steps)))


@settings(deadline=None)
@given(st.lists(queries(("removed", "added", "text")), min_size=1, max_size=4), EDITS)
def test_both_agree_on_every_edit(asked: list[Query], edit: Edit) -> None:
    edits_agree(asked, edit)


@pytest.mark.long
@pytest.mark.timeout(1200)
@settings(deadline=None, max_examples=LONG)
@given(st.lists(queries(("removed", "added", "text")), min_size=1, max_size=4), EDITS)
def test_both_agree_on_many_edits(asked: list[Query], edit: Edit) -> None:
    edits_agree(asked, edit)


def edits_agree(asked: list[Query], edit: Edit) -> None:
    removed, added = edit.stretches("-"), edit.stretches("+")
    texts = {"text": [edit.side("=+")], "removed": [text for _, text in removed], "added": [text for _, text in added]}
    places = {"removed": [("", 0)] * len(removed), "added": [("text", begin) for begin, _ in added]}
    item = Item({"title": [()], "author": [()], "category": [], "link": [()], **texts}, places, "un", "ru")
    before = Item({**item.texts, "text": [edit.side("=-")]}, {}, "un", "ru")
    agree(asked, item, face(item), face(before))
