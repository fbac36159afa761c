"""Which days, months, years and weekdays a text names, so that an edit that moves one can be told from other edits.

Pure. In comes a text, out come its dates in one form whatever way they are written: `5 May 2026`, `May 5, 2026` and
`2026-05-05` are the same. Names of months and weekdays are known in the six languages of the United Nations. A number
alone, a time of day and `7/5` are no dates; a word that is also another word (May, March, mars, марта) is a month only
beside a number. Never fails; what is not understood is left out.
"""

from collections import Counter
from collections.abc import Iterator

import regex

_MONTHS = {
    1: "january jan janvier enero январ* يناير جانفي كانون_الثاني",
    2: "february feb février fevrier febrero феврал* فبراير فيفري شباط",
    3: "march mar mars marzo март марта марту марте مارس آذار اذار",
    4: "april apr avril abril апрел* أبريل ابريل إبريل نيسان",
    5: "may mai mayo май мая маю мае مايو أيار ايار",
    6: "june jun juin junio июн* يونيو يونيه حزيران",
    7: "july jul juillet julio июл* يوليو يوليه جويلية تموز",
    8: "august aug août aout agosto август августа августу августе أغسطس اغسطس آب",
    9: "september sept sep septembre septiembre setiembre сентябр* سبتمبر أيلول ايلول",
    10: "october oct octobre octubre октябр* أكتوبر اكتوبر تشرين_الأول تشرين_الاول",
    11: "november nov novembre noviembre ноябр* نوفمبر تشرين_الثاني",
    12: "december dec décembre decembre diciembre декабр* ديسمبر كانون_الأول كانون_الاول",
}
_WEEKDAYS = {
    1: "monday lundi lunes понедельник* الاثنين الإثنين",
    2: "tuesday mardi martes вторник* الثلاثاء",
    3: "wednesday mercredi miércoles miercoles الأربعاء الاربعاء",
    4: "thursday jeudi jueves четверг* الخميس",
    5: "friday vendredi viernes пятниц* الجمعة",
    6: "saturday samedi sábado sabado суббот* السبت",
    7: "sunday dimanche domingo воскресень* الأحد الاحد",
}
_OTHER_WORDS = (
    "jan feb mar march mars apr may mai jun jul aug august sep sept oct nov dec марта марту марте мае маю مارس آب"
)
_DOUBTFUL = frozenset(_OTHER_WORDS.split())
"""Also other words, or parts of names."""

_HAN = {digit: value for value, digits in enumerate(("〇零", *"一二三四五六七八九")) for digit in digits}
_HAN_WEEKDAYS = {day: number for number, days in enumerate("一二三四五六", 1) for day in days} | {"日": 7, "天": 7}


def _alternatives(words: str) -> str:
    """The words as a pattern: `*` for an ending of up to two letters, `_` for white space."""
    return "|".join(regex.escape(word).replace(r"\*", r"\p{L}{1,2}").replace("_", r"\s") for word in words.split())


def _named(names: dict[int, str]) -> "regex.Pattern[str]":
    groups = "|".join(f"(?P<n{number}>{_alternatives(words)})" for number, words in names.items())
    return regex.compile(rf"(?<![\p{{L}}\p{{M}}])[وفبل]?(?:{groups})(?![\p{{L}}\p{{M}}])", regex.IGNORECASE)


_MONTH = _named(_MONTHS)
_WEEKDAY = _named(_WEEKDAYS)
_RUSSIAN_WEDNESDAY = regex.compile(r"(?<!\p{L})(?:в\s+среду|со?\s+среды|по\s+средам)(?!\p{L})", regex.IGNORECASE)
_DAYS = r"(\d{1,2}(?:\s?[-–—]\s?\d{1,2})?)"
_BEFORE = regex.compile(rf"(?<![\d.,:]){_DAYS}(?:st|nd|rd|th|er|º|-?го|-?е|\.)?\s+(?:of\s+|de\s+)?$", regex.IGNORECASE)
_AFTER = regex.compile(rf"\.?\s+{_DAYS}(?:st|nd|rd|th)?(?![\d:.]\d|\d)", regex.IGNORECASE)
_CENTURY = r"(?:[1١۱][9٩۹]|[2٢۲][0٠۰])"
_YEAR_AFTER = regex.compile(rf"\.?,?\s+(?:del?\s+|of\s+)?({_CENTURY}\d\d)(?![\d:])", regex.IGNORECASE)
_IN_MAY = regex.compile(r"(?:in|since|until|till|by|from|during|of|late|early|next|last|this)\s+$", regex.IGNORECASE)
_WINDOW = 16
_NUMERIC = regex.compile(
    rf"(?<![\d./-])(?:(?P<y>{_CENTURY}\d\d)(?P<a>[-/.])(?P<m>\d{{1,2}})(?P=a)(?P<d>\d{{1,2}})"
    rf"|(?P<one>\d{{1,2}})(?P<b>[-/.])(?P<two>\d{{1,2}})(?P=b)(?P<year>{_CENTURY}\d\d))(?!\d)"
)
_CHINESE = regex.compile(
    r"(?:(?P<y>\d{4}|[〇零一二三四五六七八九]{4})年)?(?P<m>\d{1,2}|[一二三四五六七八九十]{1,2})月"
    r"(?:(?P<d>\d{1,2}|[一二三四五六七八九十]{1,3})[日号])?|(?P<year>\d{4}|[〇零一二三四五六七八九]{4})年"
)
_CHINESE_WEEKDAY = regex.compile(r"(?:星期|礼拜|(?<![一二两三四五六七八九十每\d])周)([一二三四五六日天])")
_YEAR = regex.compile(
    rf"(?<!\p{{L}})(?:in|since|by|until|depuis|en|desde|hasta|عام|سنة)\s+({_CENTURY}\d\d)(?![\d:.,]\d|\d)"
    rf"|(?<!\d)({_CENTURY}\d\d)(?=\s?(?:год|г\.))",
    regex.IGNORECASE,
)


def dates_of(text: str) -> Counter[str]:
    """Each date that the text names, and how often."""
    return Counter((*_months(text), *_weekdays(text), *_numeric(text), *_chinese(text), *_years(text)))


def is_date_word(word: str) -> bool:
    """The word is a month or a weekday: capitalised in English, but no name."""
    return bool(_MONTH.fullmatch(word) or _WEEKDAY.fullmatch(word))


def _months(text: str) -> Iterator[str]:
    for found in _MONTH.finditer(text):
        word, number = _which(found)
        ahead = text[max(0, found.start() - _WINDOW) : found.start()]
        before, at = _BEFORE.search(ahead), found.end()
        after = None if before else _AFTER.match(text, at)
        year = _YEAR_AFTER.match(text, after.end() if after else at)
        day = before or after
        if word.casefold() in _DOUBTFUL and not (day or year or (word[0].isupper() and _IN_MAY.search(ahead))):
            continue
        yield _date(year[1] if year else "", number, "".join(day[1].split()) if day else "")


def _weekdays(text: str) -> Iterator[str]:
    for found in _WEEKDAY.finditer(text):
        yield f"weekday {_which(found)[1]}"
    for found in _CHINESE_WEEKDAY.finditer(text):
        yield f"weekday {_HAN_WEEKDAYS[found[1]]}"
    for _ in _RUSSIAN_WEDNESDAY.finditer(text):
        yield "weekday 3"


def _numeric(text: str) -> Iterator[str]:
    for found in _NUMERIC.finditer(text):
        if found["y"]:
            yield _date(found["y"], int(found["m"]), found["d"])
            continue
        one, two = int(found["one"]), int(found["two"])
        if found["b"] == "." or one > 12:
            yield _date(found["year"], two, found["one"])
        elif two > 12:
            yield _date(found["year"], one, found["two"])
        else:
            yield found[0]  # the 5th of July or the 7th of May: nobody can tell


def _chinese(text: str) -> Iterator[str]:
    for found in _CHINESE.finditer(text):
        if found["year"]:
            yield _date(_digits(found["year"]), 0, "")
        else:
            day = _number(found["d"]) if found["d"] else ""
            yield _date(_digits(found["y"] or ""), int(_number(found["m"])), str(day))


def _years(text: str) -> Iterator[str]:
    for found in _YEAR.finditer(text):
        yield _date(found[1] or found[2], 0, "")


def _which(found: "regex.Match[str]") -> tuple[str, int]:
    """The name that was found, and its number."""
    group = found.lastgroup or ""
    return found[group], int(group.removeprefix("n"))


def _date(year: str, month: int, day: str) -> str:
    return f"{_digits(year)}-{month}-{'-'.join(str(_number(part)) for part in regex.split('[-–—]', day) if part)}"


def _digits(year: str) -> str:
    """A year in ASCII digits, whatever digits it was written in."""
    return "".join(str(_HAN[digit] if digit in _HAN else int(digit)) for digit in year)


def _number(written: str) -> int:
    """A day or month in digits, or in Chinese up to 39."""
    if written.isdigit():
        return int(written)
    tens, ten, ones = written.rpartition("十")
    return (_HAN.get(tens, 1) * 10 if ten else 0) + _HAN.get(ones, 0)
