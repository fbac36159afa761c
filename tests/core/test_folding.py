"""What does not matter is folded away, and every place leads back to the original."""

import re
import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts import folding
from alerts.folding import Alignment, fold, fold_but_case
from alerts.terms import Page, words

ALPHABET = st.sampled_from(
    "aAeEéÉßſsiıİIñnoøOﬁﬃµ'’ʼ‘.,;:·-_ \n\u00a0\u00ad\u200b\u200d\ufeff\u0301\u0308\u0327\u0345"
    "αάΆσςΣἀёЁеейЙиї\u0306\u0483гѓК3٣½²①Ａ９　ﾊﾟｶﾞﾂパか゛々叙利亚國\U00020000ไทยำ\u0e33"
    'سوريا\u064b\u0651ـأإآٱؤئىةیکﷺﻻﺳ\u0654\u0653והצ״"׳\u05b7ㅎ한ᄒ\u1161\u11ab\u0939\u093f\u0928\u0926\u0940😀\ud83d\x01\x02\x00'
)
TEXTS = st.text(ALPHABET, max_size=40) | st.text(max_size=30)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Café", "CAFE\u0301"),
        ("ﬁn", "fin"),
        ("Straße", "STRASSE"),
        ("Ёлка", "елка"),
        ("Е\u0308лка", "елка"),
        ("Си́рия", "сирия"),
        ("Άγιος", "αγιοσ"),
        ("İstanbul", "istanbul"),
        ("ılıca", "ilica"),
        ("Wałęsa", "walesa"),
        ("ＷＨＯ", "who"),
        ("ｶﾞｽ", "ガス"),
        ("سُورِيَا", "سوريا"),
        ("ســوريا", "سوريا"),
        ("أإآٱ", "اااا"),
        ("ا\u0653", "ا"),
        ("ﺳﻮﺭﻳﺎ", "سوريا"),
        ("ایران", "ايران"),
        ("שָׁלוֹם", "שלום"),
        ("co\u00adop\u200beration", "cooperation"),
        ("п’ять", "п'ять"),
        ("한국", "\u1112\u1161\u11ab\u1100\u116e\u11a8"),
    ],
)
def test_these_are_the_same(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(
    ("one", "other"), [("й", "и"), ("і", "и"), ("ѓ", "г"), ("ى", "ي"), ("ة", "ه"), ("ؤ", "و"), ("ئ", "ي"), ("パ", "ハ")]
)
def test_these_are_not(one: str, other: str) -> None:
    assert fold(one) != fold(other)
    assert fold(unicodedata.normalize("NFD", one)) == fold(one)


def test_letters_taken_for_inert_are_folded_by_lower_case_alone() -> None:
    inert = re.compile(f"[{folding._INERT}]")
    letters = [chr(point) for point in range(sys.maxunicode + 1) if inert.match(chr(point))]
    assert len(letters) > 30_000
    assert [letter for letter in letters if folding._fold_letter(letter, str.casefold) != letter.lower()] == []


def test_no_letter_vanishes_but_those_that_are_ignored() -> None:
    others = (chr(point) for point in range(0x10000) if not 0x3400 <= point < 0xD800)
    letters = [letter for letter in others if not folding._HAS_IGNORED.match(letter)]
    assert [letter for letter in letters if not folding._fold_letter(letter, str.casefold)] == []


@settings(deadline=None)
@given(TEXTS)
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@settings(deadline=None)
@given(st.text(ALPHABET, max_size=40))
def test_the_way_a_text_is_composed_does_not_matter(text: str) -> None:
    assert fold(unicodedata.normalize("NFD", text)) == fold(unicodedata.normalize("NFC", text))


@settings(deadline=None)
@given(TEXTS)
def test_the_case_of_a_text_is_all_that_fold_but_case_keeps(text: str) -> None:
    assert fold(fold_but_case(text)) == fold(text)


@settings(deadline=None)
@given(TEXTS)
def test_every_folded_sign_leads_to_its_own_place(text: str) -> None:
    folded = fold(text)
    alignment = Alignment(text, len(folded))
    places = [alignment.source(place, place + 1) for place in range(len(folded))]
    assert all(0 <= start < end <= len(text) for start, end in places)
    assert places == sorted(places)
    for sign, (start, end) in zip(folded, places, strict=True):
        assert sign in fold(text[start:end])


@settings(deadline=None)
@given(TEXTS)
def test_every_word_leads_to_a_place_that_holds_it(text: str) -> None:
    page = Page(text)
    assert page.line.split() == words(text)
    place = 0
    for word in page.line.split(" ")[1:-1]:
        start, end = page.source(place, place + len(word) + 2)
        assert fold(word.translate(dict.fromkeys(range(1, 7), ""))) in _letters(fold(text[start:end]))
        place += len(word) + 1


def _letters(text: str) -> str:
    return re.sub(r"""['.,;·"\u05f4\u05f3\u2044\u066b\u066c\u060c\x01-\x06]""", "", text)


def test_folding_is_linear_even_in_a_tower_of_marks() -> None:
    tower = "a" + "\u0301\u0323" * 50_000
    assert fold(tower).startswith("a")
    assert len(folding._FOLDS) <= folding._FOLDS.MOST
