"""Words are those of UAX #29, with the exceptions that docs/rules.md names."""

import itertools

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.folding import fold
from alerts.terms import Page, words

STAND_INS = str.maketrans("\x01\x02\x03\x04\x05\x06", "'.,;·\u05f4")

SENTENCES = [
    "The Foreign Minister said on Monday that 3.5 million people (12,000 of them children) don't need aid.",
    "Rock'n'roll O'Brien's mother-in-law; foo_bar 1,234.56 and 5'11 x2 A4-sheet.",
    "В понедельник, 21 ноября, министр заявил: «Сирия — суверенное государство»; п'ять об'єктів.",
    "Ο υπουργός Εξωτερικών δήλωσε ότι η Συρία, ο ΟΗΕ και 3,5 εκατομμύρια.",
    "وقال وزير الخارجية السوري إن الأمم المتحدة تتابع الوضع، وأكد أن ٣٠٠ شاحنة وصلت.",
    "קצה\"ל אמר: ירושלים, תל-אביב.",
    "विदेश मंत्री ने सोमवार को कहा कि सीरिया में स्थिति गंभीर है।",
    "외교부 대변인은 시리아 문제는 정치적으로 해결해야 한다고 말했다.",
    "Hội đồng Bảo an Liên Hợp Quốc đã họp về Syria.",
    "Bəşər el-Əsəd, Recep Tayyip Erdoğan, Łódź, Đà Nẵng, São Tomé",
    "col·lecció l·lusió",
]  # fmt: skip


def uax29(text: str) -> list[str]:
    """Unicode's words of a folded text, those without a letter or digit left out."""
    found = regex.split(r"(?w)\b", text, flags=regex.V1)
    return [word for word in found if any(sign.isalnum() for sign in word)]


@pytest.mark.parametrize("sentence", SENTENCES)
def test_words_are_those_of_unicode(sentence: str) -> None:
    ours = [word.translate(STAND_INS) for word in words(sentence)]
    assert ours == [word.removesuffix("'s").replace('"', "\u05f4") for word in uax29(fold(sentence))]


@settings(deadline=None)
@given(st.text(st.sampled_from("aбeЖ1 9-,;()!?«»—\n'.é"), max_size=25))
def test_words_are_those_of_unicode_but_for_full_stops_and_apostrophes(text: str) -> None:
    text = text.replace("'", " ").replace(".", " ")
    assert [word.translate(STAND_INS) for word in words(text)] == uax29(fold(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Syria's Syria’s SYRIA'S", "syria syria syria"),
        ("the states' rights; it's; 1990's", "the states rights it 1990"),
        ("Washington's'", "washington"),
        ("U.S. U.N.'s U.S.-led U.S.A", "u.s u.n u.s led u.s.a"),
        ("end.Next Ph.D d.c.based a.b.c.de x.y1", "end next ph d d c based a b c de x y1"),
        ("v3.5 3.5 3.a a.3", "v3.5 3.5 3 a a 3"),
        ("l'article d’Estaing qu'il dell'Arte L'AQUILA", "l article d estaing qu il dell arte l aquila"),
        ("c'qu'il j'n'ai d's", "c qu il j n'ai d"),
        ("« l'été » – d’État… 3 € l'x", "l ete d etat 3 l x"),
        ("don't rock'n'roll o'clock Sant'Egidio", "don't rock'n'roll o'clock sant'egidio"),
        ("Moscow:Syria 12:30", "moscow syria 12 30"),
        ("a\x01b\x02c", "a b c"),
        ("G7峰会 第2254号", "g7 峰会 第 2254 号"),
        ("http://www.kremlin.ru/a_b?c=1", "http www kremlin ru a_b c 1"),
        ("“quoted” 'single' ...", "quoted single"),
        ("", ""),
    ],
)
def test_the_exceptions(text: str, expected: str) -> None:
    assert [word.translate(STAND_INS) for word in words(text)] == expected.split()


@pytest.mark.parametrize(
    "text",
    [
        "Syria’s U.S. l'accord 3,5",
        "«Сирия» — п’ять",
        "« l’été » – d’États, 3 €… qu’à",
        "و\u064eقال السوري",
        "G7峰会、叙利亚",
        "Stra\u00dfe ca\u0301fe \ufb01n",
    ],
)
def test_the_places_of_neighbours_do_not_overlap(text: str) -> None:
    page = Page(text)
    edges = [place for place, sign in enumerate(page.line) if sign == " "]
    spans = [page.source(start, end + 1) for start, end in itertools.pairwise(edges)]
    assert all(left[1] <= right[0] for left, right in itertools.pairwise(spans))
    assert [words(text[start:end]) for start, end in spans] == [[word] for word in page.line.split()]


@pytest.mark.parametrize(
    "unit", ["a.", "a'", "l'", "'s", "a.a'", "1,", "叙", "سو\u064e", "e\u0301", "\u00ad", "ё", "."]
)
def test_a_text_without_end_costs_no_more_than_its_length(unit: str) -> None:
    page = Page(unit * 50_000)
    assert len(page.line) <= len(page.text) * 2 + 2
