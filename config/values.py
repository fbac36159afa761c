"""One setting's text into a value: durations, sizes, cron expressions, time zones, ids.

Each function takes what TOML gave and returns the value, or raises ValueError with a sentence that says what is wrong
and what would be right. The sentence never repeats a value that may be a secret. Pure: time zones are looked up in the
system's database, nothing else is touched.
"""

import codecs
import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from difflib import get_close_matches
from itertools import pairwise
from unicodedata import combining, normalize
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

_MANY = 1000
LONGEST = timedelta(days=36_500)
LONGEST_REVISIT = timedelta(days=30)
_DURATION = re.compile(r"(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,9})s)?", re.ASCII)
_LOOSE_DURATION = re.compile(r"\s*(\d{1,6})\s*([a-zA-Z]*)\s*", re.ASCII)
_UNITS = {"": "s", "s": "s", "sec": "s", "second": "s", "m": "m", "min": "m", "minute": "m", "h": "h", "hr": "h"}
_UNITS |= {"hour": "h", "d": "d", "day": "d"}
_SIZE = re.compile(r"(\d{1,12})\s*(B|kB|KB|KiB|MB|MiB|GB|GiB)", re.ASCII)
_FACTORS = {"B": 1, "kB": 1000, "KB": 1000, "KiB": 1 << 10, "MB": 10**6, "MiB": 1 << 20, "GB": 10**9, "GiB": 1 << 30}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*", re.ASCII)
FEED_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,98}[a-z0-9])?", re.ASCII)
NAME = re.compile(r"[A-Za-z0-9_-]{1,100}", re.ASCII)


def nearest(word: str, known: Iterable[str]) -> str:
    """`; did you mean "x"?` for the known word closest to this one, else ""."""
    words = list(known)
    if len(words) > _MANY:  # ten thousand feeds and as many wrong names must not take minutes
        words = [one for one in words if one.startswith(word[:3]) and abs(len(one) - len(word)) < 3][:50]
    found = get_close_matches(word, words, n=1, cutoff=0.6)
    return f'; did you mean "{found[0]}"?' if found else ""


def shown(value: object, limit: int = 60) -> str:
    """A value for a message: quoted, on one line, not too long."""
    text = _CONTROL.sub("�", str(value))
    return f'"{text[:limit]}…"' if len(text) > limit else f'"{text}"'


def text_of(value: object) -> str:
    """Text, as opposed to a number, a table and so on; without control characters."""
    if not isinstance(value, str):
        raise ValueError(f"wants a text in quotes, not {kind_of(value)}")  # noqa: TRY004 - pydantic wants ValueError
    if _CONTROL.search(value):
        raise ValueError("holds a line break or a control character; write it on one line")
    return value


def kind_of(value: object) -> str:
    """What a TOML value is, in words."""
    if isinstance(value, bool):
        return "true or false"
    names = ((str, "a text"), (int, "a number"), (float, "a fraction"), (dict, "a table"), (list, "a list"))
    return next((name for kind, name in names if isinstance(value, kind)), "a date or time")


def duration(value: object, *, example: str = "30s") -> timedelta:
    """`30s`, `5m`, `2h`, `7d`, and these together from large to small (`1h30m`). `example`: what is shown instead."""
    if isinstance(value, timedelta):
        return value
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else text_of(value)
    if text and isinstance(value, str) and (found := _DURATION.fullmatch(text)):
        days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
        span = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        if span > LONGEST:
            raise ValueError(f"{shown(text)} is longer than {LONGEST.days}d")
        return span
    hint = example
    if loose := _LOOSE_DURATION.fullmatch(text):
        unit = loose[2] if loose[2] == "s" else loose[2].lower().removesuffix("s")
        hint = loose[1] + _UNITS[unit] if unit in _UNITS else f"{int(loose[1]) * 7}d" if unit in ("w", "week") else hint
    raise ValueError(f'{shown(text)} is no duration; write it as "{hint}" (units: s, m, h, d)')


def spelled(span: timedelta) -> str:
    """A duration as `duration` reads it, in the largest unit that fits: `10m`, `90d`; whole seconds."""
    seconds = int(span.total_seconds())
    for unit, length in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds and seconds % length == 0:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"


def positive_duration(value: object, *, example: str = "30s") -> timedelta:
    """A duration of at least a second; `example` as for `duration`."""
    span = duration(value, example=example)
    if span < timedelta(seconds=1):
        raise ValueError('must be at least "1s"')
    return span


def optional_duration(value: object) -> timedelta | None:
    """A duration, or "" for none."""
    return None if value is None or value == "" else positive_duration(value)


def look_again(value: object) -> timedelta:
    """How long after a publication or a change its page is looked at again: a second to thirty days."""
    span = positive_duration(value, example="1h")
    if span > LONGEST_REVISIT:
        raise ValueError(f'{shown(value)} is later than "{LONGEST_REVISIT.days}d", when pages are no longer looked at')
    return span


def rising(spans: tuple[timedelta, ...]) -> tuple[timedelta, ...]:
    """The same durations, each of them longer than the one before."""
    for before, after in pairwise(spans):
        if after <= before:
            told = f'"{spelled(after)}" stands after "{spelled(before)}"'
            raise ValueError(f"{told}; let each be longer than the one before")
    return spans


def first_fetch(value: object) -> str | timedelta:
    """`silent`, `all`, or how far back items of the first fetch may alert."""
    if value in ("silent", "all"):
        return str(value)
    try:
        return positive_duration(value)
    except ValueError:
        hint = nearest(value, ("silent", "all")) if isinstance(value, str) else ""
        raise ValueError(f'wants "silent", "all", or a duration such as "2d"{hint}') from None


def size(value: object) -> int:
    """A number of bytes from 1 KiB to 1 GiB: `10 MiB`, `500 kB`, or the bare number."""
    if isinstance(value, int) and not isinstance(value, bool):
        count = value
    elif found := _SIZE.fullmatch(text_of(value)):
        count = int(found[1]) * _FACTORS[found[2]]
    else:
        raise ValueError(f'{shown(value)} is no size; write it as "10 MiB" (units: B, kB, KiB, MB, MiB, GB, GiB)')
    if not 1 << 10 <= count <= 1 << 30:
        raise ValueError('must be from "1 KiB" to "1 GiB"')
    return count


def timezone(value: object) -> str:
    """A name of the IANA database, such as `Europe/Moscow`."""
    text = text_of(value)
    try:
        ZoneInfo(text)
    except (OSError, ValueError, KeyError):  # ZoneInfoNotFoundError is a KeyError; a folder of zones gives OSError
        hint = nearest(text, available_timezones())
        raise ValueError(f"there is no time zone {shown(text)}{hint or '; write one like Europe/Moscow'}") from None
    return text


def cron(value: object) -> str:
    """Five fields with cron's own meaning: minute hour day month weekday, where 0 and 7 are Sunday."""
    text = text_of(value)
    if not text:
        return ""
    fields = len(text.split())
    if fields != 5:
        raise ValueError(f'wants five fields (minute hour day month weekday), not {fields}, as in "*/5 8-22 * * 1-5"')
    try:
        next(CronSim(text, datetime(2024, 1, 1)))  # noqa: DTZ001 - only asks whether it ever comes due
    except CronSimError as error:
        raise ValueError(f"{shown(text)} is no cron expression: {str(error).lower()}") from None
    except StopIteration:
        raise ValueError(f"{shown(text)} never comes due") from None
    return text


def language(value: object) -> str:
    """A BCP 47 tag, or "" for unknown."""
    text = text_of(value)
    if text and not _LANGUAGE.fullmatch(text):
        raise ValueError(f'{shown(text)} is no language code; write it as "en", "ru" or "zh-Hans"')
    return text


def encoding(text: str) -> None:
    """Raise unless Python knows this text encoding."""
    try:
        b"aaaa".decode(codecs.lookup(text).name)
    except UnicodeError:
        return
    except LookupError:  # a codec that is no text encoding is one too
        raise ValueError('is no text encoding; write it as "utf-8" or "windows-1251"') from None


def _as_word(text: str) -> str:
    """What to write instead, "" where nothing of the text would stay: letters with marks lose them ("Über": "uber")."""
    bare = "".join(sign for sign in normalize("NFKD", text.lower()) if not combining(sign))
    hint = re.sub(r"[^a-z0-9]+", "-", bare).strip("-")[:100].rstrip("-")
    return f'; write "{hint}"' if hint else ""


def source(value: object) -> str:
    """The word that feeds of one source share: small letters, digits and hyphens; "" for none."""
    text = text_of(value)
    if text and not FEED_ID.fullmatch(text):
        raise ValueError(f"{shown(text)} is no word of a-z, 0-9 and -{_as_word(text)}")
    return text


def feed_id(value: object) -> str:
    """A feed's id: small letters, digits and hyphens."""
    text = text_of(value)
    if not FEED_ID.fullmatch(text):
        raise ValueError(f"{shown(text)} is no feed id: a-z, 0-9 and -{_as_word(text)}")
    return text
