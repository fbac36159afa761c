"""Bytes become the characters that were meant, also where the server announces others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.outcome import ParsedFeed
from aggregator.parse.encoding import decode
from aggregator.parse.feed import parse

WORDS = "Заявление МИД о Сирии"


def document(text: str, declared: str = "", language: str = "") -> str:
    declaration = f'<?xml version="1.0" encoding="{declared}"?>' if declared else '<?xml version="1.0"?>'
    return (
        f"{declaration}<rss><channel><language>{language}</language><item><title>{text}</title></item></channel></rss>"
    )


def title(body: bytes, content_type: str = "text/xml", encoding: str = "") -> str:
    feed = parse(body, content_type, "https://a.example/", encoding)
    assert isinstance(feed, ParsedFeed), feed
    return feed.entries[0].title


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "windows-1251", "koi8-r", "iso-8859-5"])
def test_a_declared_encoding_is_believed(codec):
    assert title(document(WORDS, codec.removesuffix("-sig")).encode(codec)) == WORDS


@pytest.mark.parametrize("codec", ["utf-16-be", "utf-16-le"])
def test_two_byte_characters_are_seen_without_a_mark(codec):
    assert title(document(WORDS, "utf-16").encode(codec)) == WORDS


def test_the_header_goes_before_the_declaration():
    assert title(document(WORDS, "utf-8").encode("cp1251"), "text/xml; charset=windows-1251") == WORDS
    assert title(document(WORDS).encode("cp1251"), 'application/rss+xml; Charset="windows-1251"; x=y') == WORDS


def test_the_operator_goes_before_everything():
    assert title(document(WORDS, "utf-8").encode("koi8-r"), "text/xml; charset=utf-8", "koi8-r") == WORDS


def test_utf_8_announced_as_latin_1_is_not_garbled():
    assert (
        title(document("São Paulo – “x”", "iso-8859-1").encode(), "text/xml; charset=ISO-8859-1") == "São Paulo – “x”"
    )


def test_a_code_page_announced_as_utf_8_is_known_by_the_language_of_the_document():
    body = document(WORDS, "utf-8", "ru-RU").encode("cp1251")
    decoded = decode(body, "text/xml; charset=utf-8")
    assert WORDS in decoded.text
    assert "windows" in decoded.problem or "cp1251" in decoded.problem
    assert title(body) == WORDS


def test_one_broken_byte_does_not_garble_the_other_items():
    body = document(WORDS * 10 + "\udcff", "utf-8").encode("utf-8", "surrogateescape")
    feed = parse(body, "text/xml", "https://a.example/")
    assert isinstance(feed, ParsedFeed)
    assert feed.entries[0].title == WORDS * 10 + "\ufffd"
    assert (feed.well_formed, feed.problem) == (False, "1 places are not valid utf-8")


@pytest.mark.parametrize(
    "name", ["undefined", "punycode", "idna", "unicode_escape", "zlib", "no-such", "\xff", "a\0b", "rot13"]
)
def test_an_encoding_that_is_none_is_passed_over(name):
    declared = f'<?xml version="1.0" encoding="{name}"?><rss/>'.encode("latin-1")
    assert decode(declared, f"text/xml; charset={name}", name).text.endswith("<rss/>")


@given(body=st.binary(max_size=300), header=st.text(max_size=60), override=st.text(max_size=20))
def test_no_bytes_are_too_odd(body, header, override):
    assert isinstance(decode(body, header, override).text, str)
