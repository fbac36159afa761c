"""The text of a statement is read from its page, in whatever script it is written; what is no statement says why."""

import subprocess
import sys
from pathlib import Path

import pytest

from aggregator.page.extract import AS_SEEN, EXTRACTOR, LARGEST, extract
from aggregator.page.text import PageText, PageUnread

PAGES = Path(__file__).parents[1] / "data" / "pages"
URL = "https://ministry.example/statement"
HTML = "text/html; charset=utf-8"
NAMES = sorted(path.name for path in PAGES.glob("*.html"))
STATEMENT = "<p>The Minister received the ambassador today and handed over a note.</p>"


def read(page: str | bytes, content_type: str = HTML, encoding: str = "") -> PageText:
    outcome = extract(page.encode() if isinstance(page, str) else page, content_type, URL, encoding)
    assert isinstance(outcome, PageText), outcome
    return outcome


def unread(page: str | bytes, content_type: str = HTML) -> PageUnread:
    outcome = extract(page.encode() if isinstance(page, str) else page, content_type, URL)
    assert isinstance(outcome, PageUnread), outcome
    return outcome


def page(inner: str, head: str = "") -> str:
    return f"<!doctype html><html lang=en><head>{head}</head><body>{inner}</body></html>"


@pytest.mark.parametrize("name", NAMES)
def test_a_page_like_those_of_official_sites_gives_its_statement_and_nothing_else(name):
    got = read((PAGES / name).read_bytes(), "text/html")
    assert got.text == (PAGES / name).with_suffix(".txt").read_text(encoding="utf-8").rstrip("\n")
    assert got.text.startswith(got.title)
    assert not got.truncated


@pytest.mark.parametrize(
    ("name", "language"), [("mfa-like.ru.html", "ru"), ("trs-like.zh.html", "zh-CN"), ("agency-like.ar.html", "ar")]
)
def test_the_language_is_the_one_that_the_page_declares(name, language):
    assert read((PAGES / name).read_bytes(), "text/html").language == language


def test_the_extractor_says_whether_the_site_named_the_statement_or_trafilatura_found_it():
    assert read(page(f"<article>{STATEMENT}</article>")).extractor == AS_SEEN
    assert read(page(f"<div>{STATEMENT}</div>")).extractor == EXTRACTOR
    assert AS_SEEN.startswith(EXTRACTOR)


@pytest.mark.parametrize(
    ("body", "head", "title"),
    [
        ("<h1>Note to <b>Eastmark</b></h1><article>{}</article>", "<title>Other</title>", "Note to Eastmark"),
        (
            "<h1><img></h1><article>{}</article>",
            '<meta property="og:title" content="Note to Eastmark">',
            "Note to Eastmark",
        ),
        ("<article>{}</article>", "<title> Note to\n Eastmark </title>", "Note to Eastmark"),
        ("<h1>Ministry</h1><article><h1>A note</h1>{}</article>", "<title>A note - Ministry</title>", "A note"),
        (
            "<h1>Ministry</h1><h1>A note</h1><article>{}</article>",
            '<meta property="og:site_name" content="Ministry">',
            "A note",
        ),
    ],
)
def test_the_headline_is_the_first_line_once(body, head, title):
    got = read(page(body.format(STATEMENT), head))
    assert got.title == title
    assert got.text.split("\n") == [title, "The Minister received the ambassador today and handed over a note."]


@pytest.mark.parametrize(
    ("body", "head"),
    [
        ("<h1>Ministry</h1><main><h1>A note</h1>{}</main>", ""),
        ("<main><h1>Press</h1><h1>A note</h1><article>{}</article></main>", "<title>A note - Ministry</title>"),
    ],
)
def test_of_several_headlines_the_one_of_the_statement_is_taken(body, head):
    assert read(page(body.format(STATEMENT), head)).title == "A note"


def test_a_headline_under_a_date_is_put_on_top():
    got = read(page(f"<article><p>3 May 2026</p><h1>A note</h1>{STATEMENT}</article>"))
    assert got.text.split("\n")[:2] == ["A note", "3 May 2026"]


def test_a_page_without_any_headline_is_read_all_the_same():
    got = read(page(f"<article>{STATEMENT}</article>"))
    assert got.title == ""
    assert got.text == "The Minister received the ambassador today and handed over a note."


@pytest.mark.parametrize(
    ("codec", "content_type", "head"),
    [
        ("cp1251", "text/html; charset=windows-1251", ""),
        ("cp1251", "text/html", '<meta charset="windows-1251">'),
        ("cp1251", "text/html", '<META CONTENT="text/html; charset=windows-1251" HTTP-EQUIV=Content-Type>'),
        ("utf-8", "text/html", '<meta charset="utf-16">'),
        ("utf-8", "text/html; charset=iso-8859-1", ""),
        ("utf-8-sig", "text/html; charset=windows-1251", ""),
        ("utf-16", "text/html", ""),
    ],
)
def test_the_encoding_is_found_as_browsers_find_it(codec, content_type, head):
    text = "Посол вручил ноту министру, и министр принял её."
    assert read(page(f"<article><p>{text}</p></article>", head).encode(codec), content_type).text == text


def test_the_encoding_of_the_operator_wins():
    body = page("<article><p>Посол вручил ноту министру, и министр принял её.</p></article>").encode("koi8-r")
    assert read(body, "text/html; charset=windows-1251", "koi8-r").text.startswith("Посол")


def test_text_that_stands_loose_beside_paragraphs_is_part_of_the_statement():
    inner = (
        "<main><div>The Minister spoke first, for an hour.<p>Then the ambassador spoke.</p>And both left.</div></main>"
    )
    assert read(page(inner)).text.split("\n") == [
        "The Minister spoke first, for an hour.",
        "Then the ambassador spoke.",
        "And both left.",
    ]


def test_a_form_around_the_whole_page_hides_nothing():
    assert "note" in read(page(f"<form><input><main>{STATEMENT}</main></form><form><p>Sign up</p></form>")).text


def test_a_statement_in_a_frame_with_an_odd_name_is_read_when_nothing_else_is_there():
    assert "note" in read(page(f'<div class="sidebar-layout">{STATEMENT}</div>')).text


def test_a_name_that_trafilatura_takes_for_furniture_hides_no_paragraph():
    got = read(page(f'<main>{STATEMENT}<p class="meta-analysis">An analysis of many papers was part of it.</p></main>'))
    assert got.extractor == EXTRACTOR
    assert got.text.endswith("An analysis of many papers was part of it.")


def test_where_trafilatura_finds_far_too_little_all_that_is_seen_is_taken():
    sentence = (
        "The Minister received the ambassador today and handed over a note of four pages, in two languages, on grain."
    )
    got = read(page(f"<main><p><a href=/whole>{sentence}</a></p></main>"))
    assert got.extractor == AS_SEEN
    assert got.text == sentence


def test_menus_without_a_name_are_left_out_where_nothing_says_what_the_statement_is():
    menu = "<div><p><a href=/1>News</a></p><p><a href=/2>Speeches</a></p><p><a href=/3>Contacts</a></p></div>"
    linked = STATEMENT.replace("ambassador", "<a href=/who>ambassador</a>")
    got = read(page(f"<div>{menu}{linked}</div>"))
    assert got.text == "The Minister received the ambassador today and handed over a note."


def test_the_longest_statement_is_cut_and_says_so():
    got = read(page("<article>" + "<p>word word word word</p>" * 60_000 + "</article>"))
    assert got.truncated
    assert 999_990 < len(got.text) <= 1_000_000


@pytest.mark.parametrize(
    ("body", "content_type", "reason"),
    [
        (b"", HTML, "empty"),
        (b" \n\0 ", HTML, "empty"),
        (b"%PDF-1.7 \xff\xfe", HTML, "not_html"),
        (page(f"<article>{STATEMENT}</article>").encode(), "application/pdf", "not_html"),
        (b'{"title": "A note"}', "text/html", "not_html"),
        (b"Plain words, and a few more of them, in no element.", "text/plain", "not_html"),
        (b'<rss version="2.0"><channel><title>t</title><item><title>x</title></item></channel></rss>', "", "not_html"),
        (b"<html><frameset cols='*,*'><frame src=/a><frame src=/b></frameset></html>", HTML, "too_short"),
        (
            page("<div id=root></div><noscript>Enable JavaScript to read this page.</noscript>").encode(),
            HTML,
            "too_short",
        ),
        (page(f"<article><h1>{'A long headline ' * 5}</h1></article>").encode(), HTML, "too_short"),
        (b"<p>" + b"x" * LARGEST, HTML, "too_large"),
        (b"<html><body>" + b"<div>" * 100_000 + b"x", HTML, "extract_error"),
        (
            page(f"<p>Checking your browser.</p>{STATEMENT}", "<title>Just a moment...</title>").encode(),
            HTML,
            "challenge",
        ),
        (page(STATEMENT, "<title>403 Forbidden</title>").encode(), HTML, "error_page"),
        (page(STATEMENT, "<title>Страница не найдена</title>").encode(), HTML, "error_page"),
    ],
)
def test_what_is_no_statement_is_unread_with_its_reason(body, content_type, reason):
    got = unread(body, content_type)
    assert got.reason == reason
    assert got.detail
    assert "\n" not in got.detail


def test_a_page_that_carries_the_script_of_a_bot_wall_is_read_when_it_says_something():
    wall = "<script src=/_Incapsula_Resource?x=1></script>"
    assert unread(page(wall)).reason == "challenge"
    assert "note" in read(page(f"<article>{STATEMENT * 30}</article>{wall}")).text


def test_a_statement_about_errors_is_no_error_page():
    got = read(page(f"<article>{STATEMENT * 30}</article>", "<title>503 days without an answer</title>"))
    assert got.title == "503 days without an answer"


def test_a_page_cut_in_the_middle_gives_what_had_arrived():
    whole = (PAGES / "kremlin-like.ru.html").read_text(encoding="utf-8")
    got = read(whole[: whole.index("Отмечено")])
    assert "12,5 тысячи тонн" in got.text


def test_the_text_does_not_depend_on_the_order_of_hashes():
    code = (
        "import sys\nfrom pathlib import Path\nfrom aggregator.page.extract import extract\n"
        "for path in sorted(Path(sys.argv[1]).glob('*.html')): print(extract(path.read_bytes(), 'text/html', ''))"
    )
    said = {
        subprocess.run(
            [sys.executable, "-P", "-c", code, PAGES], env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(said) == 1
