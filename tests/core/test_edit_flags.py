"""The flags beside the kind of an edit: a date, a name, growth; hits and near misses in many scripts."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.deciding.dates_in_text import dates_of
from aggregator.deciding.edits import LONGEST, Face, block_key, compare
from aggregator.deciding.names_in_text import names_differ
from aggregator.deciding.wording import has_grown
from store.events import About

FACE = Face("Title", "Text", About("", (), ""), "", "", "", None, None)


def flags(old: str, new: str, **given) -> set[str]:
    edit = compare(replace(FACE, text=old, **given), replace(FACE, text=new, **given))
    assert edit
    return set(edit.flags)


# --- dates ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("talks on 5 May in Geneva", "talks on 6 May in Geneva"),
        ("talks on May 5", "talks on June 5"),
        ("talks in May 2026", "talks in May 2027"),
        ("talks in May", "talks in June"),
        ("by 5–7 May", "by 5–8 May"),
        ("the 21st of November", "the 22nd of November"),
        ("kickoff Jul 10, 17:00 PDT", "kickoff Jul 11, 17:00 PDT"),
        ("on 2026-05-05 at noon", "on 2026-05-06 at noon"),
        ("am 05.05.2026", "am 06.05.2026"),
        ("on 5/7/2026", "on 6/7/2026"),
        ("since 2025 they have", "since 2026 they have"),
        ("on Monday morning", "on Tuesday morning"),
        ("встреча 21 ноября", "встреча 22 ноября"),
        ("встреча в ноябре", "встреча в декабре"),
        ("5 марта он приехал", "6 марта он приехал"),
        ("в 2025 году", "в 2026 году"),
        ("в понедельник", "в среду"),
        ("le 1er mars à Paris", "le 2 mars à Paris"),
        ("lundi à Genève", "mardi à Genève"),
        ("en décembre", "en janvier"),
        ("el 21 de noviembre de 2026", "el 21 de noviembre de 2027"),
        ("el miércoles", "el jueves"),
        ("في 21 نوفمبر", "في 22 نوفمبر"),
        ("في ٢١ نوفمبر", "في ٢٢ نوفمبر"),
        ("5 كانون الثاني/يناير", "5 تشرين الثاني/نوفمبر"),
        ("يوم الاثنين", "يوم الثلاثاء"),
        ("عام 2025", "عام 2026"),
        ("2026年11月21日", "2026年11月22日"),
        ("十一月二十一日", "十一月二十二日"),
        ("星期一举行", "星期二举行"),
        ("周三举行", "周四举行"),
        ("它在2025年", "它在2026年"),
        ("talks, and the minister left", "talks on Monday, and the minister left"),
    ],
)
def test_a_date_that_changed_is_flagged(old: str, new: str) -> None:
    assert "date" in flags(old, new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("40 trucks came", "14 trucks came"),
        ("from 08:30 to 13:00 PT", "from 08:30 to 16:00 PT"),
        ("a majority of 5/7", "a majority of 6/7"),
        ("version 1.2.3", "version 1.2.4"),
        ("they may come", "they will come"),
        ("they march on", "they went on"),
        ("les mars et la terre", "les vents et la terre"),
        ("Марта приехала с отцом", "Мария приехала с отцом"),
        ("окружающая среда", "окружающий мир"),
        ("it cost 2026 euros", "it cost 2027 euros"),
        ("the 5 May talks began", "the 5 May talks ended"),
        ("они заняли 5 мест", "они заняли 6 мест"),
        ("三个月", "四个月"),
        ("每周一次", "每周两次"),
        ("الوزير مارس عمله", "الوزير ترك عمله"),
    ],
)
def test_what_is_no_date_is_not_flagged_as_one(old: str, new: str) -> None:
    assert "date" not in flags(old, new)


@pytest.mark.parametrize(
    "ways",
    [
        ("5 May 2026", "May 5, 2026", "2026-05-05", "5th of May 2026", "05.05.2026", "5 мая 2026", "5 de mayo de 2026",
         "5 mai 2026", "5 مايو 2026", "٥ مايو ٢٠٢٦", "2026年5月5日", "二〇二六年五月五日"),
        ("13/7/2026", "7/13/2026", "13 July 2026"),
        ("on Friday", "vendredi", "в пятницу", "viernes", "يوم الجمعة", "星期五", "周五"),
    ],
)  # fmt: skip
def test_a_date_is_the_same_however_it_is_written(ways: tuple[str, ...]) -> None:
    assert len({tuple(sorted(dates_of(way).items())) for way in ways}) == 1
    assert all(dates_of(way).total() == 1 for way in ways)


# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("kickoff in Brasília was late", "kickoff in Houston was late"),
        ("He met Mr. Ivanov there", "He met Mr. Petrov there"),
        ("the U.S. Senate met", "the U.S. House met"),
        ("they met J. Smith", "they met J. Brown"),
        ("talks with Ivanov took part", "talks took part"),
        ("the aid reached pro-Russian areas", "the aid reached pro-Ukrainian areas"),
        ("he said NATO would", "he said OSCE would"),
        ("au Conseil de Strasbourg", "au Conseil de Bruxelles"),
        ("встреча с Лавровым прошла", "встреча с Шойгу прошла"),
        ("визит в Ирак состоялся", "визит в Иран состоялся"),
        ("συνάντηση με τον Τσίπρα", "συνάντηση με τον Σαμαρά"),
        ("He met Ivanov. Ivanov left.", "He met Ivanov. Petrov left."),
        ("RUSSIA AND TURKEY MEET\nhe was in Russia", "RUSSIA AND TURKEY MEET\nhe was in Turkey"),
        ("Sergey Lavrov said so.", "Sergey Shoigu said so."),
    ],
)
def test_a_name_that_changed_is_flagged(old: str, new: str) -> None:
    assert "name" in flags(old, new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("They came late. Then it rained.", "They came late. Later it rained."),
        ("They came.\nThen it rained.", "They came.\nLater it rained."),
        ("He said: “Now we go.”", "He said: “Here we go.”"),
        ("he said, “Now we go”", "he said, “Here we go”"),
        ("They came… Now we go", "They came… Here we go"),
        ("GENEVA — The talks ended", "GENEVA — All talks ended"),
        ("the minister spoke", "the Minister spoke"),
        ("the talks on Monday ended", "the talks on Tuesday ended"),
        ("talks in May ended", "talks in June ended"),
        ("Jul 10, 17:00 PDT Update - It works.", "Jul 10, 17:00 PDT Resolved - It works."),
        ("Council Adopts New Text Today", "Council Rejects New Text Today"),
        ("it is: THIS IS A PLANNED EVENT", "it is: NOTHING BUT A TEST"),
        ("he thanked Ivanov’s wife", "he thanked Ivanov and his wife"),
        ("встреча с Лавровым прошла", "встреча Лаврова прошла"),
        ("заявила Россия вчера", "заявили в России вчера"),
        ("and I came", "and he came"),
        ("الوزير لافروف وصل", "الوزير شويغو وصل"),
        ("部长王毅到达", "部长李强到达"),
    ],
)
def test_what_is_no_name_or_has_no_capitals_is_not_flagged_as_one(old: str, new: str) -> None:
    assert "name" not in flags(old, new)


def test_german_gives_every_noun_a_capital_so_no_name_is_found_there() -> None:
    old, new = "sie sah das Haus", "sie sah den Hof"
    assert "name" in flags(old, new)
    assert not any("name" in flags(old, new, language=tag) for tag in ("de", "de-AT", "DE"))


def test_what_changed_in_a_very_long_text_is_found_in_its_lines_and_not_looked_for_in_a_very_long_line() -> None:
    long, old, new = "so it goes. " * (LONGEST // 12), "in Brasília on 5 May. ", "in Houston on 6 May. "
    assert flags(f"{old}\n{long}", f"{new}\n{long}") == {"number", "date", "name"}
    assert flags(old + long, new + long) == {"number"}


# --- growth -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("It begins.", "It begins. Then more."),
        ("It begins.", "It begins.\nUpdate 1."),
        ("It begins.", "Update 1.\nIt begins."),
        ("One.\nTwo.\nThree.", "One.\nMore.\nTwo.\nEven more.\nThree."),
        ("It begins", "It begins.\nUpdate."),
        ("“Now,” he said. “Yes.”", "“Now,” he said. He paused. “Yes.”"),
        ("He said “peace”.", 'He said "peace". It ended.'),
        ("The minister said that forty…", "The minister said that forty trucks came."),
        ("The minister said that forty [...]", "The minister said that forty trucks came. It rained."),
        ("会谈开始。", "会谈开始。会谈结束。"),
        ("", "Text that came later."),
    ],
)
def test_a_text_that_only_grew_is_flagged(old: str, new: str) -> None:
    assert "growth" in flags(old, new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("He will come.", "He will not come."),
        ("He agreed.", "He agreed to nothing."),
        ("One. Two.", "Two. One. Three."),
        ("One. Two.", "One. Three."),
        ("It begins. Then more.", "It begins."),
        ("therapist", "the rapist"),
        ("40 trucks", "140 trucks"),
        ("The minister said that forty…", "The minister said that fourteen trucks came."),
        ("One…\nTwo.", "One more.\nTwo. Three."),
        ("会谈开始。", "会谈没有开始。会谈结束。"),
        ("Text.", ""),
    ],
)
def test_a_text_that_took_something_back_did_not_grow(old: str, new: str) -> None:
    assert "growth" not in flags(old, new)


def test_under_another_title_a_longer_text_is_no_growth() -> None:
    edit = compare(FACE, replace(FACE, title="Other", text="Text. More."))
    assert edit
    assert "growth" not in edit.flags


# --- all of them ------------------------------------------------------------------------------------------------------


def test_blocks_of_the_site_are_looked_past() -> None:
    old, new = "He came.\nRead on 5 May: Ivanov in Rome, 3 hits", "He went.\nRead on 6 May: Petrov in Oslo, 4 hits"
    edit = compare(
        replace(FACE, text=old), replace(FACE, text=new), {block_key(text.split("\n")[1]) for text in (old, new)}
    )
    assert edit
    assert edit.flags == ()


@pytest.mark.parametrize(
    ("old", "new"), [("It begins", "It begins!"), ("5 May", "5  May"), ("“5 May”", '"5 May"')]
)  # fmt: skip
def test_an_edit_that_changes_no_word_has_no_flag(old: str, new: str) -> None:
    assert flags(old, new) == set()


@given(st.text(), st.text())
def test_no_text_is_too_odd(old: str, new: str) -> None:
    dates_of(old)
    names_differ(old, new)
    has_grown(old, new)


WORDS = st.lists(st.sampled_from(["He came.", "Ivanov left on 5 May.", "…", "Он ушёл.", "不。", "\n"]), max_size=6)


@given(WORDS, WORDS, WORDS)
def test_what_is_put_between_sentences_is_growth_if_it_says_anything(head, between, tail) -> None:
    old, new = " ".join([*head, *tail]), " ".join([*head, *between, *tail])
    if not between:
        assert not has_grown(old, new)
    elif any(part not in ("…", "\n") for part in between):
        assert has_grown(old, new)
        assert not has_grown(new, old)
