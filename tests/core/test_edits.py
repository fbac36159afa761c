"""What kind of edit leads from one text to another (CONTRACT 3)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.deciding.edits import Face, compare
from aggregator.deciding.mojibake import same_but_for_encoding
from aggregator.deciding.wording import text_change
from store.events import About

FACE = Face("Title", "Text", About("", (), "https://example.org/1"), "", "", "", None, None)


def kind_of(old: str, new: str) -> str | None:
    edit = compare(replace(FACE, text=old), replace(FACE, text=new))
    return edit.kind if edit else None


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ("one two", "one two", None),
        ("one two", "one  two", "whitespace"),
        ("one\ntwo", "one two", "whitespace"),
        ("one\u00a0two", "one two", "whitespace"),
        ("one\u00adtwo", "one\u00adtwo ", "whitespace"),
        ("5 %", "5%", "whitespace"),
        ("Hello, world", "Hello world", "punctuation"),
        ("He came - late", "He came — late", "punctuation"),
        ("don't", "don’t", "punctuation"),
        ("“peace”", '"peace"', "punctuation"),
        ("«мир»", "„мир“", "punctuation"),
        ("Agreed.", "Agreed...", "punctuation"),
        ("the liberation", 'the "liberation"', "wording"),
        ("so called", "'so called'", "wording"),
        ("the minister", "the Minister", "wording"),
        ("1,000 men", "1.000 men", "wording"),
        ("in 2026", "in 2026?", "wording"),
        ("10-12 men", "10–12 men", "wording"),
        ("-5 degrees", "5 degrees", "wording"),
        ("€ 5", "$ 5", "wording"),
        ("growth of 5 %", "growth of 5 ‰", "wording"),
        ("therapist", "the rapist", "wording"),
        ("40 trucks", "14 trucks", "wording"),
        ("always even fun", "always even more fun", "wording"),
        ("все", "всё", "wording"),
        ("他说不", "他说", "wording"),
        ("", "Text that came later", "wording"),
    ],
)
def test_the_kind_of_a_change_in_the_text(old: str, new: str, kind: str | None) -> None:
    assert kind_of(old, new) == kind


@pytest.mark.parametrize(
    ("old", "new", "flags"),
    [
        ("40 trucks came", "14 trucks came", ("number",)),
        ("he will come", "he will not come", ("negation",)),
        ("он приедет", "он не приедет", ("negation",)),
        ("he does agree", "he doesn’t agree", ("negation",)),
        ("سيحضر الوزير", "لن يحضر الوزير", ("negation",)),
        ("他参加会议", "他不参加会议", ("negation",)),
        ("il viendra", "il ne viendra pas", ("negation",)),
        ("all 40 came", "none of 14 came", ("number", "negation")),
        ("he came", "she came", ()),
    ],
)
def test_numbers_and_negations_are_flagged(old: str, new: str, flags: tuple[str, ...]) -> None:
    edit = compare(replace(FACE, text=old), replace(FACE, text=new))
    assert edit
    assert edit.flags == flags


def test_the_strongest_kind_wins_and_all_fields_are_named() -> None:
    new = replace(FACE, title="Other title", text="Text.", about=About("Press Office", (), "https://example.org/1"))
    edit = compare(FACE, new)
    assert edit
    assert (edit.kind, edit.fields) == ("title", ("title", "text", "author"))


def test_a_change_of_the_titles_punctuation_is_only_that() -> None:
    edit = compare(FACE, replace(FACE, title="Title!"))
    assert edit
    assert edit.kind == "punctuation"


def test_metadata_is_author_category_and_link() -> None:
    new = replace(FACE, about=About("Office", ("news",), "https://example.org/2"))
    edit = compare(FACE, new)
    assert edit
    assert (edit.kind, edit.fields) == ("metadata", ("author", "category", "link"))


def test_order_of_categories_and_ways_of_a_link_are_nothing() -> None:
    old = replace(FACE, about=About("A  B", ("x", "y"), "http://www.example.org/1/"))
    assert compare(old, replace(FACE, about=About("A B", ("y", "x"), "https://example.org/1"))) is None


def test_markup_alone_is_markup() -> None:
    edit = compare(FACE, replace(FACE, markup="ab12"))
    assert edit
    assert edit.kind == "markup"


RUSSIAN = "Готовящийся к выпуску седан Audi RS6 будет мощнее, сообщили в компании"
FRENCH = "Le ministre a été reçu à l’Élysée, où il a évoqué la situation"


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "cp1250", "iso8859-2", "cp1251", "koi8-r"])
@pytest.mark.parametrize("text", [RUSSIAN, FRENCH])
def test_utf8_read_in_another_encoding_is_recognised_both_ways(text: str, encoding: str) -> None:
    garbled = "".join(_decode(byte, encoding) for byte in text.encode())
    parsed = "".join(c for c in garbled if c >= " " and not "\x7f" <= c <= "\x9f")
    for wrong in (garbled, parsed):
        assert same_but_for_encoding(text, wrong)
        assert same_but_for_encoding(wrong, text)


@pytest.mark.parametrize(("written", "read"), [("cp1251", "koi8-r"), ("koi8-r", "cp1251"), ("cp1251", "latin-1")])
def test_one_cyrillic_encoding_read_as_another_is_recognised(written: str, read: str) -> None:
    assert same_but_for_encoding(RUSSIAN, RUSSIAN.encode(written).decode(read))


def test_letters_lost_to_question_marks_are_recognised() -> None:
    assert same_but_for_encoding("Müller sagt", "M?ller sagt")
    assert same_but_for_encoding("Müller sagt", "M\ufffdller sagt")


@pytest.mark.parametrize(
    ("old", "new"),
    [("Müller sagt", "Maller sagt"), ("Да", "Нет"), (RUSSIAN, RUSSIAN + "!"), (RUSSIAN, RUSSIAN[:-1]), ("a", "b")],
)
def test_a_real_edit_is_not_taken_for_an_encoding(old: str, new: str) -> None:
    assert not same_but_for_encoding(old, new)


@given(st.text(), st.text())
def test_comparing_never_fails_and_is_none_only_for_equal_texts(old: str, new: str) -> None:
    assert (text_change(old, new) is None) == (old == new)
    same_but_for_encoding(old, new)


def _decode(byte: int, encoding: str) -> str:
    try:
        return bytes((byte,)).decode(encoding)
    except UnicodeDecodeError:
        return chr(byte)
