"""The language of rules in one table: each form in four scripts, with a text that it finds and one that it just misses.

Square brackets stand around the places that an alert shows, in code points; they are no part of the text. In an edit,
`→` stands between the text before and the text after.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from alerts.facts import Face
from alerts.query import check
from alerts.rules import RuleSet
from alerts.topics import expanded
from store.events import FeedId, ItemId, RuleDefined, RuleId

TOPICS = {
    "latin": ("ceasefire", "cessez-le-feu"),
    "cyrillic": ("перемири*", "topic:latin"),
    "arabic": ("هدنة", "وقف إطلاق النار"),
    "chinese": ("停火", "停战 协定"),
}
EMPTY = Face(
    ItemId("f/1"), FeedId("f"), 1, "", "", "", (), "", "en", None, datetime(2026, 11, 21, tzinfo=UTC)
)  # fmt: skip

FORMS = {
    "a word": {
        "Latin": ("Syria", "[SYRIA]’s envoy, pro-[Sýria]", "Syriac, Assyria, Syrian"),
        "Cyrillic": ("Семёнов", "господин [СЕМЕНОВ], [Семёно́в]", "Семенова, Семёновский"),
        "Arabic": ("سوريا", "و[سوريا] وفي ال[سُورِيَا]", "سوريان مسوريا"),
        "Chinese": ("叙利亚", "关于[叙利亚]问题", "叙 利亚, 叙利"),
    },
    "a word with its case": {
        "Latin": ("=WHO", "The [WHO]’s report", "who said so? Who, WHOM"),
        "Cyrillic": ("=Мир", "газета «[Мир]»", "мир, МИР, Мира"),
        "Arabic": ("=الأمن", "مجلس [الأمن]", "للأمن والأمن"),
        "Chinese": ("=叙利亚", "关于[叙利亚]问题", "叙利 亚"),
    },
    "a prefix": {
        "Latin": ("peacekeep*", "[Peacekeepers] keep it, [peacekeep]", "peace keeping, unpeacekeeping"),
        "Cyrillic": ("миротвор*", "[Миротворцы] ООН", "умиротворение"),
        "Arabic": ("عقوب*", "[والعقوبات]، [وعقوبة]", "معاقبة"),
        "Chinese": ("维和*", "联合国[维和]部队", "维护和平"),
    },
    "a suffix": {
        "Latin": ("*settlement", "[resettlement], [Settlement]", "settlements"),
        "Cyrillic": ("*регулирование", "[урегулирование]", "урегулирования"),
        "Arabic": ("*ستان", "[أفغانستان]", "أفغانستاني"),
        "Chinese": ("*部队", "联合国[部队]司令", "部 队"),
    },
    "a phrase": {
        "Latin": ('"two-state solution"', "a [Two State, solution]", "two-state solutions; solution two state"),
        "Cyrillic": ('"Совет Безопасности"', "[Совет — Безопасности]", "Совета Безопасности"),
        "Arabic": ('"مجلس الأمن"', "و[مجلس الامن]", "مجلس للأمن"),
        "Chinese": ('"叙利亚 问题"', "就[叙利亚、问题]和[叙利亚问题]", "叙利亚的问题"),
    },
    "a phrase with an open end": {
        "Latin": ('"Security Counc*"', "the [Security Councils]", "Counc Security"),
        "Cyrillic": ('"Совет Безопасн*"', "[Совет безопасности]", "Совет небезопасный"),
        "Arabic": ('"مجلس الأم*"', "[مجلس الأمن]", "مجلس أمن"),
        "Chinese": ('"安理会 第*"', "[安理会，第]2254号", "安理会通过第2254号"),
    },
    "words near each other": {
        "Latin": ('"aid convoy"~2', "the [convoy with aid]", "convoy with more aid"),
        "Cyrillic": ('"санкции ЕС"~3', "[ЕС вводит новые санкции]", "ЕС вводит самые новые санкции"),
        "Arabic": ('"حماس غزة"~3', "[وحماس في قطاع غزة]", "حماس في شمال قطاع غزة"),
        "Chinese": ('"制裁 名单"~4', "关于[制裁人员名单]的通知", "制裁人员的新名单"),
    },
    "an expression": {
        "Latin": (r"/\bS-?[34]00\b/", "[S-300], [s400]", "S-3000, xS-300, S 300"),
        "Cyrillic": (r"/\bсанкц\w+/", "Новые [САНКЦИИ]", "досанкционный, санкц"),
        "Arabic": (r"/\bعقوبات\b/", "[عقوبات] جديدة", "والعقوبات عقوباتهم"),
        "Chinese": (r"/制裁.{0,2}名单/", "一份[制裁人员名单]", "制裁一些人员名单"),
    },
    "a topic": {
        "Latin": ("topic:latin", "the [Ceasefire], un [cessez-le-feu]", "ceasefires, cessez le tir"),
        "Cyrillic": ("topic:cyrillic", "[Перемирие] ([ceasefire])", "Замирение"),
        "Arabic": ("topic:arabic", "[هدنة] ثم [وقف اطلاق النار]", "وقف النار"),
        "Chinese": ("topic:chinese", "宣布[停火]，签署[停战协定]", "停止开火, 停战的协定"),
    },
    "what an edit removed": {
        "Latin": (
            "removed:ceasefire",
            "the ceasefire holds → the truce holds",
            "the ceasefire holds → ceasefire holds",
        ),
        "Cyrillic": ("removed:срочно", "вывести срочно войска → вывести войска", "срочно вывести → срочно увести"),
        "Arabic": ("removed:هدنة", "إعلان هدنة جديدة → إعلان جديدة", "إعلان هدنة → بيان هدنة"),
        "Chinese": ("removed:停火", "立即停火谈判 → 立即谈判", "立即停火 → 马上停火"),
    },
    "what an edit added": {
        "Latin": (
            "added:unconditional",
            "a truce → an [unconditional] truce",
            "unconditional truce → unconditional end",
        ),
        "Cyrillic": ("added:немедленно", "уйти → уйти [немедленно]", "немедленно уйти → немедленно выйти"),
        "Arabic": ("added:فورية", "هدنة اليوم → هدنة [فورية] اليوم", "هدنة فورية → هدنة فورية اليوم"),
        "Chinese": ("added:立即", "停火 → [立即]停火", "立即停火 → 立即停战"),
    },
    "AND": {
        "Latin": ("aid AND Syria", "[aid] for [Syria]", "aid for Mali"),
        "Cyrillic": ("помощь AND Сирии", "[помощь] [Сирии]", "помощь Мали"),
        "Arabic": ("غزة AND هدنة", "[هدنة] في [غزة]", "هدنة في اليمن"),
        "Chinese": ("停火 AND 加沙", "[加沙][停火]", "加沙停 火"),
    },
    "OR": {
        "Latin": ("aid OR Syria", "[Syria] alone", "Mali"),
        "Cyrillic": ("помощь OR Сирии", "в [Сирии]", "в Мали"),
        "Arabic": ("غزة OR هدنة", "في [غزة]", "في اليمن"),
        "Chinese": ("停火 OR 加沙", "在[加沙]", "在也门"),
    },
    "NOT": {
        "Latin": ("aid NOT football", "[aid]", "football aid"),
        "Cyrillic": ("матч NOT хоккей", "[матч]", "хоккей: матч"),
        "Arabic": ("هدنة NOT كرة", "[هدنة]", "هدنة في كرة القدم"),
        "Chinese": ("停火 NOT 足球", "[停火]", "停火与足球"),
    },
}
"""Form -> script -> query, a text that it finds, one that it just misses."""

FIELD_FORMS = [
    ("title:", "title", "text"),
    ("text:", "text", "title"),
    ("author:", "author", "text"),
    ("category:", "categories", "text"),
    ("link:", "link", "text"),
]
WORDS = {"Latin": "aid", "Cyrillic": "помощь", "Arabic": "مساعدات", "Chinese": "援助"}


def cases() -> Iterator[object]:
    for form, scripts in FORMS.items():
        for script, (query, hit, miss) in scripts.items():
            yield pytest.param(query, hit, True, id=f"{form}, {script}: found")
            yield pytest.param(query, miss, False, id=f"{form}, {script}: just missed")


def read(text: str) -> tuple[str, list[tuple[int, int]]]:
    """The text without its brackets, and the places that they stood around."""
    plain, places = "", []
    for before, inside in re.findall(r"([^\[\]]*)(?:\[([^\]]*)\])?", text):
        plain += before
        if inside:
            places.append((len(plain), len(plain) + len(inside)))
            plain += inside
    return plain, places


def places(query: str, now: Face, before: Face | None) -> list[tuple[str, int, int]] | None:
    topics = expanded(TOPICS)
    assert check(query, topics) == ()
    rule = RuleDefined(RuleId("r"), query, topics, None, (), (), "normal", "wording")
    match = RuleSet.compile([rule]).match(now, before).get(RuleId("r"))
    return None if match is None else [(hit.field, hit.start, hit.end) for hit in match.hits]


def test_the_table_covers_every_form_in_every_script() -> None:
    assert len(FORMS) == 14
    assert all(list(scripts) == list(WORDS) for scripts in FORMS.values())


@pytest.mark.parametrize(("query", "example", "found"), list(cases()))
def test_each_form_finds_what_it_means_and_no_more(query: str, example: str, found: bool) -> None:
    old, arrow, new = example.rpartition(" → ")
    text, expected = read(new)
    now, before = replace(EMPTY, text=text), replace(EMPTY, text=old) if arrow else None
    told = places(query, now, before)
    assert told == ([("text", *place) for place in expected] if found else None)


@pytest.mark.parametrize(("prefix", "field", "other"), FIELD_FORMS)
@pytest.mark.parametrize("script", WORDS)
def test_a_field_finds_in_its_own_place_alone(prefix: str, field: str, other: str, script: str) -> None:
    word = WORDS[script]
    here = replace(EMPTY, **{field: (f"x, {word}",) if field == "categories" else f"x, {word}"})  # type: ignore[arg-type]
    told = "category" if field == "categories" else field
    assert places(prefix + word, here, None) == [(told, 3, 3 + len(word))]
    assert places(prefix + word, replace(EMPTY, **{other: word}), None) is None  # type: ignore[arg-type]  # by name


@pytest.mark.parametrize("script", WORDS)
def test_a_feed_and_a_language_have_no_place_and_narrow_the_query(script: str) -> None:
    word = WORDS[script]
    item = replace(EMPTY, text=word, feed=FeedId("un-news"), language="ru-RU")
    assert places(f"feed:un-* lang:ru {word}", item, None) == [("text", 0, len(word))]
    assert places(f"feed:un {word}", item, None) is None
    assert places(f"lang:r {word}", item, None) is None
