"""Rules with `stem`: other forms of words, by the language of the item; and nothing else changes."""

import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aggregator.settings import definitions, load
from alerts import stems
from alerts.facts import Face
from alerts.index import Index
from alerts.language import guessed, language_of
from alerts.query import parse
from alerts.rules import RuleSet
from alerts.tree import Has, leaves
from store.events import FeedId, ItemId, RuleDefined, RuleId

RULE = RuleId("r")
FACE = Face(ItemId("f/1"), FeedId("f"), 1, "", "", "", (), "", "en", None, datetime(2026, 11, 21, tzinfo=UTC))
TOPICS = {"sanctions": ("санкции", "sanction", "=ЕС", "embargo*"), "talks": ("peace talk",)}


def rule(query: str, *, stem: bool = True, name: str = "r") -> RuleDefined:
    return RuleDefined(RuleId(name), query, TOPICS, None, ("appeared",), (), "normal", "wording", stem)


def found(query: str, text: str, language: str = "en", *, stem: bool = True, title: str = "") -> list[str] | None:
    face = replace(FACE, text=text, language=language, title=title)
    match = RuleSet.compile([rule(query, stem=stem)]).match(face).get(RULE)
    return match and [face.text_of(hit.field)[hit.start : hit.end] for hit in match.hits]


@pytest.mark.parametrize(
    ("query", "language", "text", "expected"),
    [
        ("sanction", "en", "Sanctions were sanctioned by sanctuaries", ["Sanctions", "sanctioned"]),
        ("sanctions", "en-GB", "one Sanction’s end", ["Sanction"]),
        ("санкции", "ru", "новых санкций и с САНКЦИЯМИ, санкционный", ["санкций", "САНКЦИЯМИ"]),
        ("Сирия", "ru", "в Сирии, Сирию, Ассирию, сирийский", ["Сирии", "Сирию"]),
        ("négociation", "fr", "des négociations; l’art de négocier", ["négociations", "négocier"]),
        ("sanción", "es", "las sanciones", ["sanciones"]),
        ("Verhandlung", "de", "bei den Verhandlungen", ["Verhandlungen"]),
        ("عقوبات", "ar", "والعقوبات، عقوبات، وعقوبة", ["عقوبات", "عقوبات", "عقوبة"]),
        ("الأمن", "ar", "للأمن والأمن أمني", ["للأمن", "الأمن", "أمني"]),
        ("叙利亚", "zh", "关于叙利亚问题", ["叙利亚"]),
        ('"peace talk"', "en", "peace talks; peace of talks; talks, peace", ["peace talks"]),
        ('"миротворческая миссия"', "ru", "о миротворческой миссии ООН", ["миротворческой миссии"]),
        ('"convoy attack"~3', "en", "attacked the convoys", ["attacked the convoys"]),
        ("topic:sanctions", "ru", "Санкциями ЕС", ["Санкциями", "ЕС"]),
        ("topic:talks", "en", "Peace, Talks", ["Peace, Talks"]),
        ("title:talk", "en", "talks", None),
        ("talk NOT walk", "en", "talks on walks", None),
        ("=talk", "en", "talks", None),
        ("*talk", "en", "talks", None),
        ("/talk\\b/", "en", "talks", None),
        ("talk", "tlh", "talks", None),
        ("talk", "ru", "talk talks", ["talk"]),
    ],
)
def test_a_word_is_found_in_the_forms_of_its_language(
    query: str, language: str, text: str, expected: list[str] | None
) -> None:
    assert found(query, text, language) == expected


def test_without_the_setting_only_the_form_that_is_written_counts() -> None:
    assert found("sanction", "sanctions", stem=False) is None
    both = RuleSet.compile([rule("sanction", name="r"), rule("sanction", stem=False, name="plain")])
    assert set(both.match(replace(FACE, text="sanctions"))) == {"r"}
    assert set(both.match(replace(FACE, text="sanction"))) == {"r", "plain"}


def test_a_place_is_told_once_and_texts_are_not_mixed() -> None:
    assert found("aid", "aid, aids, aid", title="Aids") == ["Aids", "aid", "aids", "aid"]
    (term,) = getattr(RuleSet.compile([rule("aid")]).explain(RULE, replace(FACE, text="aid aids")).clause, "terms", ())
    assert len(term.hits) == 2
    assert found('"peace talk"', "talks", title="peace") is None
    assert found("category:talk", "talks") is None
    face = replace(FACE, categories=("x", "Talks"))
    (hit,) = RuleSet.compile([rule("category:talk")]).match(face)[RULE].hits
    assert (hit.field, hit.start, hit.end) == ("category", 3, 8)


def test_who_does_not_ask_does_not_pay() -> None:
    plain = parse("Syria OR topic:talks", TOPICS).tree
    assert plain is not None
    assert not Index(leaf for leaf in leaves(plain) if isinstance(leaf, Has)).asks_language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The Secretary-General met with the envoy on Monday", "en"),
        ("Déclaration sur la situation dans le Sahel", "fr"),
        ("El presidente se reunió con la delegación de Siria", "es"),
        ("Die Bundesregierung hat den Botschafter in das Auswärtige Amt bestellt", "de"),
        ("Заявление МИД России", "ru"),
        ("Заява про ситуацію в Сирії", ""),
        ("Изјава о Сирији", "sr"),
        ("بيان وزارة الخارجية", "ar"),
        ("بیانیه وزارت امور خارجه", "fa"),
        ("外交部发言人", ""),
        ("Syria", ""),
        ("", ""),
        ("Указ № 812", "ru"),
    ],
)
def test_the_language_is_guessed_where_none_is_declared_and_never_wildly(text: str, language: str) -> None:
    assert guessed(text) == language
    assert language_of(replace(FACE, language="", text=text)) == language
    assert language_of(replace(FACE, language="ru-RU", text=text)) == "ru"


def test_an_item_without_a_language_is_read_in_the_one_it_is_written_in() -> None:
    assert found("санкция", "Новые санкции против Сирии", "") == ["санкции"]
    assert found("sanction", "Sanctions", "") is None, "one word tells no language, and then only its own form counts"


SETTINGS = """
[feeds.a]
url = "https://a.example/feed"
[rules.syria]
match = "sanction"
stem = true
"""


def test_the_setting_reaches_the_log(tmp_path: Path) -> None:
    (tmp_path / "f.toml").write_text(SETTINGS)
    loaded = load(str(tmp_path / "f.toml"), {}, tmp_path)
    assert loaded.settings is not None
    assert [one.stem for one in definitions(loaded.settings)] == [True]


def test_without_the_extra_the_setting_is_a_mistake_with_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "Stemmer", None)  # what Python takes for: not to be imported
    stems.installed.cache_clear()
    try:
        (tmp_path / "f.toml").write_text(SETTINGS)
        loaded = load(str(tmp_path / "f.toml"), {}, tmp_path)
        (mistake,) = loaded.mistakes
        assert mistake.render().partition("\n")[0] == (
            f'{tmp_path}/f.toml:6:8: "stem" needs the extra "language": pip install \'feedwitness[language]\''
        )
        rules = RuleSet.compile([rule("sanction"), rule("sanction", stem=False, name="plain")])
        assert set(rules.match(replace(FACE, text="sanction"))) == {"plain"}
        assert rules.explain(RULE, FACE).errors[0].message == stems.NOT_INSTALLED
    finally:
        stems.installed.cache_clear()
