"""Pages that answer 200 to anything: made-up addresses, and whether two answers are the same page."""

import re
from time import process_time

import pytest

from aggregator.outcome import Fetched, Redirect
from aggregator.soft404 import alike, made_up, same_kind, shows

SITE = "https://mfa.example"
PAGE, OTHER = f"{SITE}/news/statement-on-grain", f"{SITE}/news/bcdfghjkl-mn-pqrst"


def page(text: str, at: str = PAGE, hops: int = 0, **given: str) -> Fetched:
    """A page with this body, reached at this address over so many redirects."""
    body = text.encode(given.get("encoding", "utf-8"))
    kind = given.get("content_type", "text/html; charset=utf-8")
    return Fetched(at, body, kind, "", "", (), tuple(Redirect(302, at) for _ in range(hops)))


MADE_UP = [
    ("/news/grain-moves-north.html", "/news/other.html", r"/news/[b-z]{5,}-[b-z]{5}-[b-z]{5}[b-z]*\.html"),
    ("/news/78123", "/news/78122", r"/news/9\d{8}"),
    ("/news/78123/", "/news/66/", r"/news/9\d{8}/"),
    ("/2026/11/22/grain?lang=en", "/2026/10/2/x?lang=en", r"/2026/11/22/[b-z]{12,}\?lang=en"),
    ("/?p=123", "/?p=5", r"/\?p=9\d{8}"),
    ("/r.aspx?Mod=6&Lang=1&ID=2012345", "/r.aspx?Mod=6&Lang=1&ID=2", r"/r\.aspx\?Mod=6&Lang=1&ID=9\d{8}"),
    ("/show.php?slug=one-two", "/show.php?slug=x", r"/show\.php\?slug=[b-z]{3}-[b-z]{9}"),
    ("/news/12/grain", "/news/13/fish", r"/news/9\d{8}/[b-z]{12}"),
    ("/news/1943276/grain/", "/news/1943277/x/", r"/news/9\d{8}/[b-z]{12}/"),
    ("/news/%D0%97%D0%B0%D1%8F-1/en", "/news/x/en", r"/news/[b-z]{3}-9\d{8}/en"),
    ("/d/6f9619ff-8b86-d011-b42d-00c04fc964ff", "/d/x", r"/d/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    ("/grain/index.html", "/fish/index.html", r"/[b-z]{12}/index\.html"),
    ("/briefing/2026/11/22", "/briefing/2026/11/21", r"/briefing/2026/11/9\d{8}"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "sibling", "shape"), MADE_UP, ids=lambda value: value)
def test_a_made_up_address_has_the_shape_of_those_that_exist(one: str, sibling: str, shape: str) -> None:
    first, second = (made_up(SITE + one, SITE + sibling, nonce) for nonce in ("a", "b"))
    assert re.fullmatch(re.escape(SITE) + shape, first)
    assert first != second
    assert made_up(SITE + one, SITE + sibling, "a") == first


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("/news/1", "/transcripts/2"),
        ("/news/78123", "/transcripts/78124"),
        ("/news/a", "/news/archive/b"),
        ("/news/a.html", "/news/b.pdf"),
        ("/show?id=1", "/show?id=1&lang=fr"),
        ("/news/a", "/news/"),
        ("/app#/news/1", "/app#/news/2"),
        ("/", "/"),
    ],
)
def test_pages_of_two_kinds_say_nothing_about_each_other(one: str, other: str) -> None:
    assert not same_kind(SITE + one, SITE + other)
    assert made_up(SITE + one, SITE + other, "a") == ""


def test_another_site_or_what_is_no_address_is_of_no_kind() -> None:
    assert not same_kind(f"{SITE}/news/1", "https://other.example/news/2")
    assert not same_kind("https://[bad/1", "https://[bad/2")
    assert not same_kind("", f"{SITE}/news/2")


def test_a_site_that_says_not_found_with_200_says_the_same_to_anything() -> None:
    text = "<title>Ministry</title><nav>Home</nav><h1>Sorry</h1><p>This page does not exist.</p>"
    assert alike(page(text), PAGE, page(text, OTHER), OTHER) == "the same words, digits aside"


def test_an_echoed_address_and_counters_make_no_difference() -> None:
    said = "<title>{0} - Ministry</title><p>No page {1} (/news/{1}) here. Visit {2}, 0.{2} s</p>"
    one = page(said.format("Statement on grain", "statement-on-grain", 4711))
    other = page(said.format("Bcdfghjkl mn pqrst", "bcdfghjkl-mn-pqrst", 52), OTHER)
    assert alike(one, PAGE, other, OTHER)
    assert alike(page("No 78123.", f"{SITE}/78123"), f"{SITE}/78123", page("No 9.", f"{SITE}/9"), f"{SITE}/9")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("<p>Forty trucks cross.</p>", "<p>No such page.</p>"),
        ("<p>Forty trucks cross.</p><p>Sorry.</p>", "<p>Sorry.</p>"),
        ("<title>Grain</title><div id=app>", "<title>Not found</title><div id=app>"),
        ("<div id=app></div>", "<div id=app></div>"),
        ("", ""),
    ],
)
def test_other_words_or_none_are_not_the_same_page(one: str, other: str) -> None:
    assert alike(page(one), PAGE, page(other, OTHER), OTHER) == ""


def test_two_redirects_to_one_address_are_the_same_page_whatever_it_says() -> None:
    end = f"{SITE}/search"
    assert alike(page("a", end, 1), PAGE, page("b", end, 2), OTHER) == "both led to the same address"


def test_a_made_up_address_that_the_site_puts_right_proves_nothing() -> None:
    """Sites that go by the number before the title lead every title to the same page."""
    text = "<p>Forty trucks cross.</p>"
    assert alike(page(text), PAGE, page(text, PAGE, 1), OTHER) == ""
    canonical = f"{PAGE}-2"
    assert alike(page(text, canonical, 1), PAGE, page(text, PAGE, 1), OTHER) == ""


@pytest.mark.parametrize(
    ("text", "words", "held"),
    [
        ("<h1>Grain moves, north</h1>", ("Grain moves north", ""), True),
        ("<title>Grain moves north | MFA</title><p>Loading", ("Grain Moves North", ""), True),
        (
            "<p>The minister said that <b>forty</b> trucks cross.",
            ("Other", "The minister said that forty trucks"),
            True,
        ),
        ("<p>In brief.", ("", "In brief."), False),
        ("<p>Sorry.", ("Grain moves north", "The minister said that forty trucks"), False),
        ("<p>Sorry.", ("", ""), False),
        ("<p>Sorry.", (), False),
    ],
)
def test_a_page_shows_an_item_by_its_title_or_by_the_opening_of_its_text(
    text: str, words: tuple[str, ...], held: bool
) -> None:
    assert shows(page(text), words, PAGE, OTHER) is held


def test_an_address_that_a_page_repeats_is_not_the_title_that_it_is_made_of() -> None:
    words = ("Statement on grain", "")
    for echo in ("statement-on-grain", "/news/statement-on-grain", "Statement-On-Grain"):
        assert not shows(page(f"<title>{echo}</title><p>No {echo} here.</p>"), words, PAGE, OTHER)
    assert shows(page("<p>/news/statement-on-grain</p><h1>Statement on grain</h1>"), words, PAGE, OTHER)
    numbered = (f"{SITE}/news/5", f"{SITE}/news/9")
    assert shows(page("<h1>5 trucks cross</h1>", numbered[0]), ("5 trucks cross",), *numbered)


def test_a_page_is_read_in_the_encoding_that_its_html_names() -> None:
    text = '<meta charset="windows-1251"><h1>Заявление МИД</h1>'
    assert shows(page(text, encoding="cp1251", content_type="text/html"), ("Заявление МИД",), PAGE, OTHER)


@pytest.mark.parametrize(
    "body",
    ["<div>", "<form>", "<nav><form><svg>", "&#x41;", "<title ", "word ", "<title>a", "<meta "],
)
def test_a_hostile_page_costs_little(body: str) -> None:
    start = process_time()
    whole = body * (256 * 1024 // len(body))
    shows(page(whole), ("Grain moves north", "The minister said that forty trucks"), PAGE, OTHER)
    alike(page(whole), PAGE, page(whole, OTHER), OTHER)
    assert process_time() - start < 4
