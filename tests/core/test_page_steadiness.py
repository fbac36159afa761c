"""A statement gives the very same text, whatever stands around it; one word changed in it is one word changed."""

import itertools
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.page.extract import AS_SEEN, extract
from aggregator.page.text import PageText
from aggregator.page.tree import parse, shown_text

PAGES = Path(__file__).parents[1] / "data" / "pages"
NAMES = sorted(path.name for path in PAGES.glob("*.html"))
ENCODINGS = {"mfa-like.ru.html": "cp1251", "trs-like.zh.html": "gb18030"}


def read(page: str) -> PageText:
    outcome = extract(page.encode(), "text/html; charset=utf-8", "https://ministry.example/1")
    assert isinstance(outcome, PageText), outcome
    return outcome


def source(name: str) -> str:
    return (PAGES / name).read_bytes().decode(ENCODINGS.get(name, "utf-8"))


words = st.sampled_from(
    ["council", "visit", "note", "border", "vote", "14", "2026", "Сирия", "встреча", "会议", "بيان"]
)
sentences = st.lists(words, min_size=1, max_size=40).map(" ".join)
links = st.lists(sentences, max_size=12).map(
    lambda each: "".join(f'<li><a href="/{len(t)}">{t}</a></li>' for t in each)
)
numbers = st.integers(0, 10**7)
chrome = st.one_of(
    st.builds("<nav><ul>{}</ul></nav>".format, links),
    st.builds('<div class="main-menu"><ul>{}</ul></div>'.format, links),
    st.builds('<div class="related-posts"><h3>Related</h3><ul>{}</ul><p>{}</p></div>'.format, links, sentences),
    st.builds('<aside class="widget-area"><h2>Latest</h2><p>{}</p><ul>{}</ul></aside>'.format, sentences, links),
    st.builds('<div id="cookie-bar"><p>We use cookies. {}</p><button>OK</button></div>'.format, sentences),
    st.builds('<div class="view-count">Views: {}</div>'.format, numbers),
    st.builds('<p>Просмотров: {}</p>'.format, numbers),
    st.builds('<p>{} minutes ago</p>'.format, st.integers(1, 59)),
    st.builds('<div class="current-date">Sunday, {} November 2026, 12:{}</div>'.format, st.integers(1, 30), numbers),
    st.builds('<div class="social-share"><span>Share</span><a href="#">{}</a></div>'.format, sentences),
    st.builds('<section class="comments-area"><p>{}</p><p>{}</p></section>'.format, sentences, sentences),
    st.builds('<form action="/search"><input name="q" value="{}"><button>Search</button></form>'.format, numbers),
    st.builds('<script nonce="n{}">var t = {};</script>'.format, numbers, numbers),
    st.builds('<div role="complementary"><h2>{}</h2><p>{}</p></div>'.format, sentences, sentences),
    st.builds('<div hidden id="t{}"><p>{}</p></div>'.format, numbers, sentences),
    st.builds('<!-- cached {} --><input type="hidden" name="__VIEWSTATE" value="{}">'.format, numbers, numbers),
)  # fmt: skip
furniture = st.lists(chrome, max_size=4).map("\n".join)

MANY = settings.default.max_examples * 3 // 2


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=25, deadline=None)
@given(top=furniture, bottom=furniture, nonce=numbers)
def test_what_stands_around_a_statement_does_not_change_a_letter_of_it(name, top, bottom, nonce):
    page = source(name)
    start = re.search(r"<body[^>]*>", page, re.IGNORECASE)
    assert start is not None
    changed = page[: start.end()] + top + page[start.end() :]
    end = re.search(r"</body>", changed, re.IGNORECASE)
    assert end is not None
    changed = changed[: end.start()] + bottom + changed[end.start() :]
    changed = changed.replace("<p", f'<p data-n="{nonce}"').replace("<div ", f'<div data-id="x{nonce}" ')
    assert read(changed) == read(page)


@settings(max_examples=MANY, deadline=None)
@given(before=furniture, inside=furniture, after=furniture, frame=st.sampled_from(["article", "main", "div"]))
def test_it_does_not_either_beside_the_headline_and_under_the_last_line(before, inside, after, frame):
    statement = (
        "<p>The Council met in Rivertown on 15 May.</p><ul><li>It heard the envoy.</li><li>It did not vote.</li></ul>"
        "<p>The next meeting is in <a href='/p'>Portsea</a>.</p><table><tr><td>Members</td><td>15</td></tr></table>"
    )
    page = "<html><body>{}<{f}><h1>Communique</h1>{}{s}</{f}>{}</body></html>"
    changed = page.format(before, inside, after, f=frame, s=statement)
    assert read(changed).text == read(page.format("", "", "", f=frame, s=statement)).text


@pytest.mark.parametrize("name", NAMES)
def test_one_word_changed_in_a_statement_is_one_word_changed_in_its_text(name):
    page = source(name)
    text = read(page).text
    lines = text.split("\n")
    tried = 0
    for word in {word for line in lines for word in re.findall(r"\w{4,}", line)}:
        if page.count(word) != 1 or len(re.findall(rf"\b{word}\b", text)) != 1:
            continue
        tried += 1
        assert read(page.replace(word, "Замена")).text == text.replace(word, "Замена")
    assert tried >= 5


@pytest.mark.parametrize("name", NAMES)
def test_a_paragraph_added_to_a_statement_is_a_line_added_to_its_text(name):
    page = source(name)
    text = read(page).text
    last = next(line for line in reversed(text.split("\n")) if line in page and len(line) > 12)
    changed = read(page.replace(last, f"{last}</p><p>One more sentence.")).text
    assert changed.replace("\nOne more sentence.", "") == text
    assert changed != text


def marked(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    forms = (
        "{}", "<b>{}</b>", "x <em>{}</em> y", "<span>{}</span>", "<a href='/z'>{}</a> and more", "<font>{}</font>",
        "one<br>{}<br/><br/>two", "<strong><i>{}</i></strong>:", "<sup>{}</sup>", "<a href='/z'>{}</a>",
    )  # fmt: skip
    return st.sampled_from(forms).flatmap(lambda form: inner.map(form.format))


text_runs = marked(st.integers(1, 12).map(lambda count: " ".join(["W"] * count)))
several = st.lists(text_runs, min_size=1, max_size=3)
leaves = st.one_of(
    text_runs,
    *(
        text_runs.map(f"<{name}>{{}}</{name}>".format)
        for name in ["p", "div", "h3", "h5", "blockquote", "pre", "center", "address", "dd"]
    ),
    text_runs.map("<blockquote><p>{}</p></blockquote>".format),
    text_runs.map("<details><summary>{}</summary><p>in it</p></details>".format),
    several.map(lambda each: "<ul>" + "".join(f"<li>{one}</li>" for one in each) + "</ul>"),
    several.map(lambda each: "<ol>" + "".join(f"<li><p>{one}</p></li>" for one in each) + "</ol>"),
    several.map(lambda each: "<table><tr><td><ul>" + "".join(f"<li>{one}" for one in each) + "</ul></td></tr></table>"),
    several.map(lambda each: "<table>" + "".join(f"<tr><td>{one}</td><td>v</td></tr>" for one in each) + "</table>"),
)
blocks = st.recursive(
    leaves,
    lambda inner: st.builds(
        "<{0}>{1}</{0}>".format,
        st.sampled_from(["div", "section", "blockquote"]),
        st.lists(inner, min_size=1, max_size=4).map("".join),
    ),
    max_leaves=8,
)


def numbered(html: str) -> str:
    count = itertools.count()
    return re.sub(r"\bW\b", lambda _: f"w{next(count)}", html)


OPENING = "<h1>Headline</h1><p>An opening paragraph that is long enough to be one.</p>"


@settings(max_examples=MANY, deadline=None)
@given(st.lists(blocks, min_size=1, max_size=6).map("".join).map(numbered))
def test_every_word_of_a_named_statement_is_read_once_and_in_its_place(inner):
    page = f"<html><body><article>{OPENING}{inner}</article></body></html>"
    root = parse(page)
    assert root is not None
    got = read(page)
    assert got.extractor == AS_SEEN
    assert got.text.split() == shown_text([root.find(".//article")]).split()


@settings(max_examples=MANY, deadline=None)
@given(st.lists(blocks, min_size=1, max_size=6).map("".join).map(numbered))
def test_every_word_beside_which_no_lone_link_stands_is_read_once_where_trafilatura_sorts_it_out(inner):
    page = f"<html><body><main>{OPENING}{inner.replace('</a>', '</a> too')}</main></body></html>"
    root = parse(page)
    assert root is not None
    assert read(page).text.split() == shown_text([root.find(".//main")]).split()
