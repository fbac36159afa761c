"""How two texts differ in words: not at all, in white space, in punctuation, or in what they say.

Pure, and without size thresholds: the edits that matter are one word long. Adding or removing quotation marks, letter
case, and any sign touching a digit count as wording (CONTRACT 3); so do signs that stand for words (`%`, `€`, `+`).
Style is punctuation: a curly quotation mark for a straight one, a dash for a hyphen between words.
"""

from collections import Counter
from typing import Literal

import regex

TextChange = Literal["whitespace", "punctuation", "wording"]

_TOKEN = regex.compile(
    r"(?P<word>[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}]|[\p{L}\p{M}\p{N}_]+)"
    r"|(?P<quote>[\"“”„‟«»‹›「」『』《》〈〉＂`´])"
    r"|(?P<tick>['‘’‚‛＇])"
    r"|(?P<symbol>[\p{Sc}\p{So}\p{Sm}%‰‱&@#§--[|~]])"
    r"|(?P<blank>[\s\p{Cf}\p{Zs}]+)"
    r"|(?P<sign>.)",
    regex.DOTALL | regex.VERSION1,
)
_QUOTE = '"'
_NUMBER = regex.compile(r"[+\-−]?\p{N}+(?:[.,:/'’\-–]\p{N}+)*(?:\s?[%‰])?")
_SENTENCE_END = regex.compile(r"(?<=[.!?…][\"”»’')\]]*)\s+|(?<=[。！？][」』”]*)(?![」』”])|\n", regex.VERSION1)
_CUT = regex.compile(r"(?:…|\.\.\.)\s*[)\]]?\s*$")
_WORD = regex.compile(r"[\p{L}\p{M}]+")
_NEGATION_INSIDE = regex.compile(r"(?<=n)['’]t\b|[不没沒未无無非否勿莫]", regex.IGNORECASE)

_DENIALS = {
    "en": "not no never none nor neither nobody nothing nowhere cannot without",
    "ru": "не ни нет без никогда никто ничто ничего нельзя невозможно отсутствует",
    "uk": "не ні немає ніколи ніхто нічого",
    "fr": "ne pas non sans jamais aucun aucune rien personne",
    "es": "no nunca sin jamás ningún ninguna ninguno nadie nada tampoco",
    "de": "nicht nichts kein keine keinen keiner keinem keines nie niemals ohne weder",
    "pt": "não nem sem nenhum nenhuma ninguém",
    "it": "senza mai nessun nessuno nessuna niente né",
    "ar": "لا لم لن ليس ليست غير دون بدون",
    "fa": "نه نیست هرگز هیچ بدون",
    "tr": "değil hayır yok asla hiç",
    "pl": "nie bez żaden nigdy nikt",
}
NEGATIONS = frozenset(word for words in _DENIALS.values() for word in words.split())
"""Words of denial of all these languages together: an item's language is often not known, and a flag is only advice."""


def text_change(old: str, new: str) -> TextChange | None:
    """The strongest difference between two texts, None if they are the same."""
    if old == new:
        return None
    old_tokens, new_tokens = (_tokens(text) for text in differing(old, new))
    if [raw for raw, _ in old_tokens] == [raw for raw, _ in new_tokens]:
        return "whitespace"
    if [meaning for _, meaning in old_tokens if meaning] == [meaning for _, meaning in new_tokens if meaning]:
        return "punctuation"
    return "wording"


def numbers_differ(old: str, new: str) -> bool:
    """The texts do not hold the same numbers equally often."""
    return Counter(_NUMBER.findall(old)) != Counter(_NUMBER.findall(new))


def negations_differ(old: str, new: str) -> bool:
    """The texts do not hold the same words of denial equally often, in any of the languages that we know them in."""
    return _negations(old) != _negations(new)


def has_grown(old: str, new: str) -> bool:
    """Nothing of the old text was taken back: its sentences all stand in the new one, in their order, and others came.

    White space and punctuation do not matter; a last sentence that was cut with an ellipsis may go on.
    """
    old, new = differing(old, new)
    before, after = _sentences(old), _sentences(new)
    cut = before.pop() if before and _CUT.search(old) else ()
    later = iter(after)
    if not all(sentence in later for sentence in before):
        return False
    if cut and not any(sentence[: len(cut)] == cut for sentence in later):
        return False
    return sum(map(len, after)) > sum(map(len, before)) + len(cut)


def _sentences(text: str) -> list[tuple[str, ...]]:
    """What each sentence or line means; those that mean nothing are left out."""
    parts = (tuple(meaning for _, meaning in _tokens(part) if meaning) for part in _SENTENCE_END.split(text))
    return [part for part in parts if part]


def differing(old: str, new: str) -> tuple[str, str]:
    """Both texts without the lines that they begin and end with in common: long statements change in one place."""
    before, after = old.split("\n"), new.split("\n")
    most = min(len(before), len(after))
    head = next((i for i in range(most) if before[i] != after[i]), most)
    tail = next((i for i in range(most - head) if before[-1 - i] != after[-1 - i]), most - head)
    return "\n".join(before[head : len(before) - tail]), "\n".join(after[head : len(after) - tail])


def _tokens(text: str) -> list[tuple[str, str]]:
    """Each token as it stands and as it counts for the meaning ("" = it does not)."""
    tokens = []
    for match in _TOKEN.finditer(text):
        kind, raw = match.lastgroup, match.group()
        if kind == "blank":
            continue
        if kind in ("word", "symbol"):
            meaning = raw
        elif kind == "quote" or (kind == "tick" and not _inside_word(text, match.start())):
            meaning = _QUOTE
        else:
            meaning = raw if _touches_digit(text, match.start(), match.end()) else ""
        tokens.append((raw, meaning))
    return tokens


def _inside_word(text: str, at: int) -> bool:
    return 0 < at < len(text) - 1 and text[at - 1].isalnum() and text[at + 1].isalnum()


def _touches_digit(text: str, start: int, end: int) -> bool:
    return (start > 0 and text[start - 1].isnumeric()) or (end < len(text) and text[end].isnumeric())


def _negations(text: str) -> Counter[str]:
    found = Counter(word for each in _WORD.findall(text) if (word := each.casefold()) in NEGATIONS)
    found.update(each.replace("’", "'") for each in _NEGATION_INSIDE.findall(text))
    return found
