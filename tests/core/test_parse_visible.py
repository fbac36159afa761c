"""HTML of an entry becomes the text a reader sees; its structure becomes a fingerprint without the site's noise."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.parse.boilerplate import without_tail
from aggregator.parse.visible import from_html, from_plain, one_line


def text(source: str) -> str:
    return from_html(source)[0]


def markup(source: str) -> str:
    return from_html(source)[1]


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("no markup at all", "no markup at all"),
        ("<p>one</p><p>two</p>", "one\ntwo"),
        ("one<br>two<br/>three<BR />four", "one\ntwo\nthree\nfour"),
        ("<ul><li>a<li>b</ul>c", "a\nb\nc"),
        ("<table><tr><td>a</td><td>1</td></tr><tr><td>b<td>2</table>", "a 1\nb 2"),
        ("<p>in<b>line</b> stays <i>to</i>gether</p>", "inline stays together"),
        ("  runs \n of\tblanks&nbsp;&nbsp;here ", "runs of blanks here"),
        ("<pre>a\n  b</pre>", "a\nb"),
        ("a &lt;b&gt; &amp;amp; c", "a <b> &amp; c"),
        ("5 < 6 and 7 > 3", "5 < 6 and 7 > 3"),
        ("ends with a tag <b", "ends with a tag <b"),
        ('<p title="a > b" class=x>quoted</p>', "quoted"),
        ('<p class="a"">stray quote</p> "more"', 'stray quote\n"more"'),
        ("x<!-- hidden -->y<!-->z", "xyz"),
        ("x<![CDATA[kept]]>y", "xkepty"),
        ("<?php echo 1 ?>x", "x"),
        ("x<script>if (a<b) '</p>'</script>y<style>p{}</style>", "xy"),
        ("x<script>never ends <p>", "x"),
        ("<nav><ul><li>Home</ul></nav>x<form><input><nav></nav></form>y", "xy"),
        ("<svg><title>icon</title></svg>x<select><option>1</select>y<template>t</template>", "xy"),
        ("<iframe src=x>fallback</iframe>x<noscript>no</noscript>", "x"),
        ("<div hidden>x<div>y</div>z</div>shown", "shown"),
        ("<span style='color:red;DISPLAY : none'>x</span>shown", "shown"),
        ('<a title="the hidden truth" href="x">seen</a>', "seen"),
        ('<p class="not hidden really">seen</p>', "seen"),
        ("<nav>never closed <p>statement</p>", "never closed\nstatement"),
        ("<div hidden>never closed <p>statement</p>", "never closed\nstatement"),
        ("<form><p>All is in a form</p></form>", "All is in a form"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("क्\u200dष", "क्\u200dष"),
        ("peace\u00adkeeping\ufeff", "peacekeeping"),
        ("a\x00b\x07c\x85d\ud800e", "abc de"),
        ("e\u0301", "é"),
        ("&#233;&eacute;&#xE9;&#128;", "ééé€"),
        ("&#99999999999999999999; &#0; &nosuch;", "\ufffd \ufffd &nosuch;"),
        ("a&#30;b&#x1e;<i>c</i>\x1ed", "abc d"),
        ("", ""),
        ("<img src=x>", ""),
    ],
)
def test_visible_text(source, shown):
    assert text(source) == shown


def test_plain_text_keeps_its_lines_and_its_signs():
    assert from_plain(" a < b &amp; <c>\r\n\n second\u2028third ") == "a < b &amp; <c>\nsecond\nthird"
    assert one_line("a\n b\tc") == "a b c"


@given(st.text(max_size=200))
def test_text_of_any_html_is_tidy(source):
    shown, _ = from_html(source)
    assert shown == unicodedata.normalize("NFC", shown)
    assert all(line and line == " ".join(line.split()) for line in shown.split("\n")) or not shown
    assert not any(unicodedata.category(character) in ("Cc", "Cs") for character in shown.replace("\n", ""))


@given(st.text(alphabet=st.characters(exclude_characters="<&", exclude_categories=["Cc", "Cs"]), max_size=100))
def test_no_word_of_a_text_without_markup_is_lost(source):
    words = " ".join(unicodedata.normalize("NFC", source.replace("\u00ad", "").replace("\ufeff", "")).split())
    assert " ".join(text(f"<p>{source}</p>").split()) == words or "\ufffe" in source or "\uffff" in source


NOISE = {
    "a nonce in a hidden comment form": '<p>x <b>y</b></p><form><input name="_wpnonce" value="{}"></form>',
    "generated ids": '<p>x <b id="block-{}" data-wp-key="{}" class="c{}">y</b></p>',
    "a token behind an image": '<p>x</p><img src="https://m.example/1.jpg?token={}&size=3">',
    "the version of an image": '<p>x</p><img src="https://m.example/1.jpg?v={}">',
    "tracking in a link": '<p><a href="https://m.example/1?utm_source=rss&amp;utm_campaign={}&id=3">x</a></p>',
    "a counting pixel": '<p>x</p><img src="https://count.example/{}.gif" width="1" height="1">',
    "a protected mail address": '<p><a href="/cdn-cgi/l/email-protection#{}">[email protected]</a></p>',
    "a script": "<p>x <em>y</em></p><script>var n = '{}'</script>",
    "white space": "<p>x</p>{0:.0}\n<ul><li>a</li></ul>",
}


@pytest.mark.parametrize("source", NOISE.values(), ids=NOISE)
def test_what_a_site_renders_anew_each_time_changes_nothing(source):
    assert from_html(source.format("6a60824d44ae4", "1", "2")) == from_html(source.format("829212215b", "7", "8"))


CHANGES = {
    "a link leads elsewhere": ('<a href="/1">x</a>', '<a href="/2">x</a>'),
    "another video": (
        '<a href="https://tube.example/watch?v=1">x</a>',
        '<a href="https://tube.example/watch?v=2">x</a>',
    ),
    "another picture": ('x<img src="/1.jpg">', 'x<img src="/2.jpg">'),
    "emphasis is added": ("x y", "x <b>y</b>"),
    "a paragraph becomes a heading": ("<p>x</p>", "<h2>x</h2>"),
    "struck out": ("<p>x</p>", "<p><del>x</del></p>"),
}


@pytest.mark.parametrize(("before", "after"), CHANGES.values(), ids=CHANGES)
def test_a_visible_change_of_structure_changes_the_fingerprint(before, after):
    assert text(before) == text(after)
    assert markup(before) != markup(after)


def test_two_ways_to_write_the_same_emphasis_are_one():
    assert markup("<b>x</b> <i>y</i>") == markup("<strong>x</strong> <em>y</em>") != ""
    assert markup("plain") == markup("<p>plain</p>") == ""


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ("Text.\nThe post Title appeared first on Site.", "Text."),
        ("Text […] The post Title appeared first on Site.", "Text […]"),
        ("Texte.\nL’article Title est apparu en premier sur Site.", "Texte."),
        ("Сообщение Title появились сначала на Сайт.", ""),
        ("The post office appeared first on the list of closures. It is open.", None),
        ("Text.\nThe post Another appeared first on Site.", None),
        ("He said: the post Other appeared first on Site.", None),
    ],
)
def test_the_tail_of_a_publishing_system_is_cut(given, left):
    assert without_tail(given, "Title") == (given if left is None else left)


HOSTILE = {
    "svg": "<svg>" * 200_000,
    "comments": "<!--" * 80_000,
    "nested divisions": "<div>" * 50_000,
    "open tags": "<a " * 200_000,
    "open quotes": '<a href="' * 100_000,
    "alternating quotes": "<a b=\"'\" c='" * 50_000 + ">",
    "open hidden": "".join(f"<x{n} hidden>" for n in range(20_000)),
    "open nav": "<nav>" * 100_000,
    "open scripts": "<script>" * 100_000,
    "ampersands": "&" * 500_000,
    "references": "&#" * 200_000 + "9" * 5_000,
    "style": '<p style="' + "a:display " * 100_000 + '">x',
    "equals": "<a " + "= " * 200_000 + ">",
    "brackets": "<" * 500_000,
}


@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE)
def test_no_html_takes_more_than_linear_time(source):
    start = time.process_time()
    from_html(source)
    assert time.process_time() - start < 3
