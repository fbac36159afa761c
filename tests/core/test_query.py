"""Queries are read as docs/rules.md says, and every mistake is named with its place."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.query import MAX_DEPTH, check, parse, warnings
from alerts.syntax import check_term
from alerts.tree import And, FromFeed, Has, InLanguage, Node, Not, Or

TOPICS = {"syria": ("Syria", "Сири*"), "watched": ("aid convoy",)}


def shape(node: Node | None) -> str:
    """The tree as a line with every parenthesis."""
    match node:
        case Has(terms, scope, topic):
            name = f"topic:{topic}" if topic else terms[0].written
            return name if scope == "title or text" else f"{scope}:{name}"
        case FromFeed(feed):
            return f"feed:{feed}"
        case InLanguage(language):
            return f"lang:{language}"
        case Not(part):
            return f"-{shape(part)}"
        case And(parts):
            return f"({' & '.join(map(shape, parts))})"
        case Or(parts):
            return f"({' | '.join(map(shape, parts))})"
        case None:
            return "nothing"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("a", "a"),
        ("a b", "(a & b)"),
        ("a AND b c", "(a & b & c)"),
        ("a OR b AND c OR d", "(a | (b & c) | d)"),
        ("a NOT b OR c", "((a & -b) | c)"),
        ("NOT a b", "(-a & b)"),
        ("NOT NOT a", "--a"),
        ("NOT (a OR b)", "-(a | b)"),
        ("((a))", "a"),
        ("a(b OR c)d", "(a & (b | c) & d)"),
        ('"a b"c', "(a b & c)"),
        ("“a b” «c d»", "(a b & c d)"),
        ("title:a b", "(title:a & b)"),
        ("title:(a OR b c)", "(title:a | (title:b & title:c))"),
        ("title:topic:syria", "title:topic:syria"),
        ('author:"Sergey Lavrov"', "author:Sergey Lavrov"),
        ("feed:(a OR b-c) lang:EN_us", "((feed:a | feed:b-c) & lang:en-us)"),
        ("12:30", "12:30"),
        ("link:https://kremlin.ru/x", "link:https://kremlin.ru/x"),
        ("and or not", "(and & or & not)"),
        ("  a  ", "a"),
        ("topic:syria AND NOT title:football", "(topic:syria & -title:football)"),
    ],
)
def test_a_query_is_read_as(query: str, expected: str) -> None:
    assert check(query, TOPICS) == ()
    assert shape(parse(query, TOPICS).tree) == expected


@pytest.mark.parametrize(
    ("query", "mistakes"),
    [
        ("", [(0, 0, "empty")]),
        ("   ", [(0, 0, "empty")]),
        ("a AND", [(2, 3, "a term must follow AND")]),
        ("OR a", [(0, 2, "a term must stand before OR")]),
        ("a AND OR b", [(6, 2, "between AND and OR")]),
        ("NOT", [(0, 3, "a term must follow NOT")]),
        ("(a", [(0, 1, "never closed")]),
        ("a) b", [(1, 1, "no ( opens")]),
        ("()", [(0, 1, "nothing stands between")]),
        ('a "b', [(2, 1, "quote is never closed")]),
        ("pe*ce", [(2, 1, "only at the start or the end")]),
        ("*", [(0, 1, "at least one letter")]),
        ("a && b", [(2, 2, "write AND")]),
        ("a | b", [(2, 1, "write OR")]),
        ("-football", [(0, 9, "write NOT football")]),
        ("= WHO", [(0, 1, "=WHO")]),
        ('="World Health"', [(0, 1, "=WHO")]),
        ("titel:a", [(0, 6, "did you mean title:")]),
        ("title: a", [(0, 6, "without a space")]),
        ("title:(a text:b)", [(9, 5, "inside title:")]),
        ("topic:siria", [(6, 5, "unknown topic siria, did you mean syria?")]),
        ("topic:wached AND (", [(6, 6, "did you mean watched?"), (17, 1, "never closed")]),
        ('"a b"~', [(5, 1, "how many words apart")]),
        ('"a b"~0', [(5, 2, "1 to 100")]),
        ('"a b"~101', [(5, 4, "1 to 100")]),
        ('"a"~5', [(1, 1, "two to 8 words")]),
        ('"a b c d e f g h i"~5', [(1, 17, "two to 8 words")]),
        ('"a A"~5', [(1, 3, "the same word twice")]),
        ('"a b*c"~5', [(4, 1, "only at the start or the end")]),
        ("/S-?300", [(0, 1, "a / must follow")]),
        ("a /b(?=c)/", [(4, 3, "look-around")]),
        ("a OR /b(c)\\1/", [(10, 2, "back-reference")]),
        ("/x{1001}/", [(2, 6, "invalid repetition size")]),
        ("/a*/", [(1, 2, "where nothing stands")]),
        ("/a\\bc/", [(2, 2, "start or the end only")]),
        ("feed:/a/", [(5, 3, "takes one word")]),
        ('lang:"a b"~3', [(5, 7, "takes one word")]),
        ("pe*ce OR titel:x )", [(2, 1, "start or the end"), (9, 6, "unknown field"), (17, 1, "no ( opens")]),
    ],
)
def test_a_mistake_is_named_with_its_place(query: str, mistakes: list[tuple[int, int, str]]) -> None:
    errors = check(query, TOPICS)
    assert [(error.offset, error.length) for error in errors] == [mistake[:2] for mistake in mistakes]
    for error, (_, _, message) in zip(errors, mistakes, strict=True):
        assert message in error.message
    assert parse(query, TOPICS).tree is None


def test_an_unknown_feed_is_a_mistake_where_the_feeds_are_known() -> None:
    assert check("a feed:minstry", TOPICS) == ()
    (error,) = check("a feed:minstry", TOPICS, ["ministry"])
    assert (error.offset, error.length, error.message) == (7, 7, "unknown feed minstry, did you mean ministry?")
    assert check("a feed:min*", TOPICS, ["ministry"]) == ()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("NOT a", ["could match everything"]),
        ("a OR NOT b", ["could match everything"]),
        ("a NOT b", []),
        ("a and b", ["the operator is AND"]),
        ('"a and b"', []),
        ("feed:a NOT b", []),
    ],
)
def test_what_is_probably_not_meant_is_warned_about(query: str, expected: list[str]) -> None:
    told = warnings(query, TOPICS)
    assert len(told) == len(expected)
    assert all(part in warning.message for part, warning in zip(expected, told, strict=True))


@pytest.mark.parametrize("sign", ["(", "NOT ", "title:(", "title:", "a OR ("])
def test_depth_is_bounded(sign: str) -> None:
    assert any("nested too deeply" in error.message for error in check(sign * 10_000 + "a", TOPICS))
    if "title" not in sign:
        assert check(sign * MAX_DEPTH + "a" + ")" * MAX_DEPTH * sign.count("("), TOPICS) == ()


@pytest.mark.parametrize(
    ("term", "message"),
    [
        ("Syria", ""),
        ("two-state solution", ""),
        ("Syrian*", ""),
        ("=WHO", ""),
        ("Research AND Analysis Wing", ""),
        ("叙利亚", ""),
        ("", "at least one letter"),
        ("…", "at least one letter"),
        ("a*b", "only at the start or the end"),
        ("/S-?300/", ""),
        ("/(?<!x)y/", "look-around"),
        ("topic:other", ""),
        ("removed:other", "works in a query, not in a topic"),
        ("title:Syria", "write the word alone"),
        ("一、二、三、四、五、六、七、八", "too long"),
    ],
)
def test_a_term_of_a_topic_is_checked_alone(term: str, message: str) -> None:
    errors = check_term(term)
    assert len(errors) == bool(message)
    assert all(message in error.message for error in errors)


PIECES = st.sampled_from(
    [
        "a",
        "b*",
        "=C",
        '"d e"',
        "AND",
        "OR",
        "NOT",
        "(",
        ")",
        "title:",
        "topic:syria",
        "lang:",
        '"',
        "*",
        "/x/",
        "~5",
        ":",
        " ",
    ]
)


@settings(deadline=None)
@given(st.lists(PIECES, max_size=15).map(" ".join) | st.lists(PIECES, max_size=15).map("".join) | st.text(max_size=30))
def test_any_text_is_read_or_refused_with_places_inside_it(query: str) -> None:
    read = parse(query, TOPICS)
    assert (read.tree is None) == bool(read.errors)
    assert all(0 <= error.offset <= error.offset + error.length <= len(query) for error in read.errors)
