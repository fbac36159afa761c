"""The language of an item: the one that it declares, else a guess by its script and its most common small words.

In: a `Face`. Out: a language code without region (`ru`), "" where nothing is declared and the text is too short or too
mixed to tell: then only the forms that a rule names are found, which is never wrong. Pure. Only rules with `stem` ask.
"""

import re
from collections import Counter
from collections.abc import Mapping

from alerts.facts import Face
from alerts.folding import fold

_ENOUGH = 2000
"""Letters of a text that are looked at."""
_SCRIPTS: Mapping[str, str] = {
    "latin": "a-z\u00df-\u024f", "cyrillic": "\u0400-\u04ff", "arabic": "\u0620-\u06ff", "el": "\u0370-\u03ff",
    "hy": "\u0531-\u058f", "ta": "\u0b80-\u0bff", "hi": "\u0900-\u097f", "": "\u0e00-\u0e7f\u3040-\u9fff\uac00-\ud7a3",
}  # fmt: skip
_IN_SCRIPT = {script: re.compile(f"[{signs}]") for script, signs in _SCRIPTS.items()}
_LETTERS = re.compile("[^\\W\\d_]+")

_SMALL_WORDS: Mapping[str, str] = {
    "en": "the of and to in that is for with was on by are from this has have not at as be it will its which were",
    "fr": "le la les des du et est une un dans pour que qui sur par avec au aux ce cette sont pas ont ses leur",
    "es": "el la los las del y es una un en para que por con se al su lo como mas esta este fue han sus",
    "pt": "o a os as do da dos das e um uma em para que por com no na nos ao mais foi sao nao se pelo pela",
    "it": "il lo la gli le di del della dei e un una per che con nel nella sono da non alla al ha dal piu",
    "de": "der die das und ist ein eine den dem des mit von zu fur auf im nicht sich auch als an bei werden hat",
    "nl": "de het een en van is in dat op te voor met zijn niet aan er om ook als bij naar door worden heeft",
    "sv": "och att det som en ar av for pa med den till inte om ett har de i fran vid kan vara ska",
    "da": "og at det som en er af for pa med den til ikke om et har de i fra ved kan vaere skal efter blev",
    "no": "og at det som en er av for pa med den til ikke om et har de i fra ved kan vaere skal etter ble",
    "fi": "ja on ei se etta oli kun mutta ovat tai han joka myos sen ole mukaan vuoden jotka kuin seka",
    "pl": "i w na z do sie nie jest to ze o od za przez po dla oraz jak przy ktory ktore sa przed tym",
    "cs": "a v na se je ze o s z do pro za po podle ale jako byl jsou od ktery ktere tak jeho pri",
    "ro": "si in de la cu a din pe pentru este un o nu ca mai care sa al ale au fost prin dupa",
    "hu": "a az es hogy nem is egy meg volt ez mint csak el ki de azt van mar vagy szerint",
    "tr": "ve bir bu icin ile da de olarak olan daha cok gibi ne en sonra kadar ancak olduğu her icin",
    "id": "yang dan di dengan untuk dari ini dalam tidak pada akan itu ke oleh juga telah adalah karena bahwa",
    "ca": "el la els les dels i es una un en per que amb del al no ha mes com aquest aquesta van seva",
}
_LANGUAGES_OF = {
    word: [language for language, words in _SMALL_WORDS.items() if word in words.split()]
    for words in _SMALL_WORDS.values()
    for word in words.split()
}


def language_of(face: Face) -> str:
    """The item's language, "" for unknown."""
    declared = re.split("[-_]", face.language.strip().lower())[0]
    return declared if declared and declared != "und" else guessed(f"{face.title}\n{face.text[:_ENOUGH]}")


def guessed(text: str) -> str:
    """The language that a text is most probably in, "" where that is not clear."""
    folded = text.lower()
    counts = Counter({script: len(signs.findall(folded)) for script, signs in _IN_SCRIPT.items()})
    ((script, letters),) = counts.most_common(1)
    if letters * 2 <= counts.total():
        return ""
    match script:
        case "latin":
            return _by_small_words(folded)
        case "cyrillic":
            return _of_cyrillic(folded)
        case "arabic":
            return _of_arabic(folded)
        case _:
            return script if script != "hi" else ""


def _by_small_words(text: str) -> str:
    """The language that knows clearly the most of the words."""
    found = Counter(language for word in _LETTERS.findall(fold(text)) for language in _LANGUAGES_OF.get(word, ()))
    (first, most), (_, next_most), *_ = [*found.most_common(2), ("", 0), ("", 0)]
    return first if most >= 2 and most * 4 >= next_most * 5 else ""


def _of_cyrillic(text: str) -> str:
    """Russian, unless a letter stands there that Russian has not, or its ъ without any ы, э or ё."""
    if re.search("[іїєґўқғұңөһәүѓќѕ]", text):
        return ""
    if re.search("[јљњћђџ]", text):
        return "sr"
    return "ru" if re.search("[ыэё]", text) or "ъ" not in text else ""


def _of_arabic(text: str) -> str:
    if re.search("[ٹڈڑںےېۍټډړښ]", text):
        return ""
    return "fa" if re.search("[پچژگکی]", text) else "ar"
