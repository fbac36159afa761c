"""What the shipped topics find, and what looks like it and is left alone, judged by the real query language."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from alerts.facts import Face
from alerts.rules import RuleSet
from config.catalogue import STARTER
from config.load import load
from store.events import FeedId, ItemId, RuleDefined, RuleId

TOPICS = {name: topic.any for name, topic in load(Path(STARTER), {}, Path("/")).draft.topics.items()}
RULES = RuleSet.compile(
    [
        RuleDefined(RuleId(name), f"topic:{name}", TOPICS, None, ("appeared",), (), "normal", "wording")
        for name in TOPICS
    ]
)


def topics_of(text: str) -> set[str]:
    now = datetime(2026, 11, 21, tzinfo=UTC)
    face = Face(ItemId("f/1"), FeedId("f"), 1, text, "", "", (), "", "", None, now)
    return {str(rule) for rule in RULES.match(face)}


@pytest.mark.parametrize(
    "text",
    [
        "Syria's Syrians", "the Syrian-led process", "arrived in Damascus",
        "переговоры по Сирии", "с Сирией", "сирийского народа", "сирийцы", "сириец", "в Дамаске",
        "La Syrie", "le peuple syrien", "d'une Syrienne", "en Siria", "los refugiados sirios",
        "في سوريا", "بسوريا", "الشعب السوري", "والسوريين", "دمشق", "叙利亚问题", "敘利亞",
    ],
)  # fmt: skip
def test_syria_is_found_in_six_languages(text: str) -> None:
    assert topics_of(text) == {"syria"}


@pytest.mark.parametrize(
    "text",
    [
        "образовательный центр «Сириус»", "Сирил Рамафоса", "ассирийский", "Syriac", "Assyrian", "Sirius",
        "Damas y caballeros", "mermelada de damasco", "سورينام", "سوريالية", "西里西亚",
    ],
)  # fmt: skip
def test_what_only_looks_like_syria_is_left_alone(text: str) -> None:
    assert topics_of(text) == set()


@pytest.mark.parametrize(
    "text",
    [
        "UN peacekeepers", "Peacekeeping", "Department of Peace Operations", "peace-keeping forces", "UNIFIL's mandate",
        "миротворческие силы", "миротворцев", "операции по поддержанию мира", "погибли трое «голубых касок»",
        "opérations de maintien de la paix", "des Casques bleus", "operaciones de mantenimiento de la paz",
        "los cascos azules", "قوات حفظ السلام", "لحفظ السلام", "联合国维和部队", "维持和平行动", "維和人員",
    ],
)  # fmt: skip
def test_peacekeeping_is_found_in_six_languages(text: str) -> None:
    assert topics_of(text) == {"peacekeeping"}


@pytest.mark.parametrize(
    "text",
    [
        "find your peace, keeping the lights on", "White Helmets", "思维和行动", "纤维和纸", "عملية السلام",
        "мир и миротечение", "la paix", "the peace process", "blue and white helmets",
    ],
)  # fmt: skip
def test_what_only_looks_like_peacekeeping_is_left_alone(text: str) -> None:
    assert topics_of(text) == set()
