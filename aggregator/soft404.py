"""Is a page that answers 200 the page of the item, or what the site answers to anything ("soft 404")? Pure.

The site's own answer to a made-up address tells: `made_up` writes one, `alike` compares what came back, `shows` finds
the item's own words, which end all doubt. Pages and addresses go in, short reasons for people come out; none quotes an
address, for it may name what has to be erased one day. Whatever cannot be told is not alike.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from hashlib import sha256
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from aggregator.outcome import Fetched
from aggregator.parse.encoding import decode
from aggregator.parse.visible import from_html

LEAST_WORDS = 20
"""Letters and digits below which the opening of a text may stand on any page."""

_LEAST_DIGITS, _LEAST_LETTERS, _HEX_FROM = 9, 12, 16
"""A made-up number has nine digits at least, which no site's count has reached and 32 bits still hold; a made-up word
has twelve letters at least; so many hexadecimal digits are a hash, and stay one.
"""
_DIGITS = re.compile(r"\d+")
_NUMBERED = re.compile(r"\d+\Z|.*\d{3}")
_YEAR = re.compile(r"(?:19|20)\d\d(?:[-_.]?\d\d){0,2}")
_DAY = re.compile(r"\d{1,2}")
_EXTENSION = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,4}\Z")
_HEADLINE = re.compile(r"<title\b[^>]{0,200}>([^<]{0,1000})", re.IGNORECASE)
_META = re.compile(rb"""<meta\s[^>]{0,300}?charset\s{0,10}=\s{0,10}["']?([A-Za-z0-9._:-]{1,40})""", re.IGNORECASE)
_CONSONANTS = "bcdfghjklmnpqrstvwxz"
_NOT_LETTERS = re.compile(r"[\W\d_]+")
_NOT_WORDS = re.compile(r"[\W_]+")

Parts = tuple[str, ...]
"""What of an address may name a page: the segments of its path, then the values of its query."""


def made_up(url: str, sibling: str, nonce: str) -> str:
    """An address of the kind of these two that no site has; "" where they are not of one kind: on another site, in
    another directory (numbers in it aside), or with other parameters.

    What differs between two pages of one kind is what names them, so that much of `url` is made up: digits for digits,
    letters for letters, dates in the directory as they are. `nonce` makes it another one each time.
    """
    try:
        places = _naming(url, sibling)
        parts = urlsplit(url)
    except ValueError:
        return ""
    if not places:
        return ""
    chance = _chance(nonce)
    segments = parts.path.split("/")
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    for place in places:
        if place < len(segments):
            segments[place] = quote(_disguised(unquote(segments[place]), chance))
        else:
            name, value = pairs[place - len(segments)]
            pairs[place - len(segments)] = name, _disguised(value, chance)
    query = urlencode(pairs) if places[-1] >= len(segments) else parts.query
    return urlunsplit((parts.scheme, parts.netloc, "/".join(segments), query, ""))


def same_kind(one: str, other: str) -> bool:
    """Does the answer for one of these addresses say something about the other's?"""
    try:
        return bool(_naming(one, other))
    except ValueError:
        return False


def shows(page: Fetched, words: Sequence[str], asked: str, beside: str) -> bool:
    """Does the page hold the item's title, or the opening of its text? `words`: title first, then openings. Where it
    repeats the address that was `asked`, letter by letter, that is no title (`beside`: one of the same kind).
    """
    said = " ".join(_read(page))
    for name in sorted(filter(_letters, _names(asked, beside)), key=len, reverse=True):
        said = re.sub(re.escape(name), " ", said, flags=re.IGNORECASE)
    said = _folded(said)
    wanted = [_folded(each) for each in words]
    return any(each in said for n, each in enumerate(wanted) if each and (n == 0 or len(each) >= LEAST_WORDS))


def alike(page: Fetched, asked: str, other: Fetched, other_asked: str) -> str:
    """How two answers are the same page, in words; "" if they are not. `asked` are the addresses that were asked: where
    each page repeats its own, and where only digits differ, two pages are the same all the same.
    """
    if other.url == asked or (other.url == page.url and not page.redirects):
        return ""  # the site makes the right address of the made-up one
    if page.url == other.url:
        return "both led to the same address"
    words = _said(page, asked, other_asked)
    if any(words) and words == _said(other, other_asked, asked):
        return "the same words, digits aside"
    return ""


# --- addresses --------------------------------------------------------------------------------------------------------


def _parts(url: str) -> tuple[str, Parts, tuple[str, ...]]:
    """Host, what may name a page, and the names of the query's parameters. ValueError for what is no URL."""
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    return parts.netloc.lower(), (*parts.path.split("/"), *(value for _, value in pairs)), tuple(n for n, _ in pairs)


def _naming(url: str, sibling: str) -> list[int]:
    """The places of the parts in which two addresses of one kind differ; none where they are of different kinds.

    Before the last such place of the path only numbers may differ: two words are two directories, and may be two kinds.
    Dates among them name no page.
    """
    host, ours, names = _parts(url)
    other_host, theirs, other_names = _parts(sibling)
    if (host, len(ours), names) != (other_host, len(theirs), other_names):
        return []
    different = [place for place, pair in enumerate(zip(ours, theirs, strict=True)) if pair[0] != pair[1]]
    in_path = [place for place in different if place < len(ours) - len(names)]
    dates = [place for place in in_path[:-1] if _is_date(ours, place) and _is_date(theirs, place)]
    named = [place for place in different if place not in dates]
    before = [place for place in in_path[:-1] if place in named]
    numbered = all(_NUMBERED.match(each[place]) for place in before for each in (ours, theirs))
    filled = all(each[place] for place in named for each in (ours, theirs))
    same_extension = all(_extension(ours[place]) == _extension(theirs[place]) for place in in_path)
    return named if numbered and filled and same_extension else []


def _is_date(segments: Parts, place: int) -> bool:
    """A year, or a month or day after one."""
    if _YEAR.fullmatch(segments[place]):
        return True
    return bool(_DAY.fullmatch(segments[place])) and any(_YEAR.fullmatch(each) for each in segments[:place])


def _extension(segment: str) -> str:
    found = _EXTENSION.search(segment)
    return found[0] if found and found.start() else ""


def _disguised(name: str, chance: Iterator[int]) -> str:
    """A name of the same shape: digits for digits, letters for letters, signs and extension as they are."""
    extension = _extension(name)
    stem = name.removesuffix(extension)
    if len(stem) >= _HEX_FROM and re.fullmatch(r"[0-9a-fA-F-]+", stem):
        return "".join(char if char == "-" else "0123456789abcdef"[next(chance) % 16] for char in stem) + extension
    other = _DIGITS.sub(lambda digits: _number(len(digits[0]), chance), stem)
    other = "".join(_letter(chance) if char.isalpha() else char for char in other)
    if not _DIGITS.search(stem):
        other += "".join(_letter(chance) for _ in range(_LEAST_LETTERS - sum(char.isalpha() for char in other)))
    return other + extension


def _letter(chance: Iterator[int]) -> str:
    return _CONSONANTS[next(chance) % len(_CONSONANTS)]


def _number(length: int, chance: Iterator[int]) -> str:
    return "9" + "".join(str(next(chance) % 10) for _ in range(max(length, _LEAST_DIGITS) - 1))


def _chance(nonce: str) -> Iterator[int]:
    """Bytes without end, the same for the same nonce."""
    block = nonce.encode()
    while True:
        block = sha256(block).digest()
        yield from block


# --- what pages say ---------------------------------------------------------------------------------------------------


def _read(page: Fetched) -> tuple[str, str]:
    """Headline and visible text; the HTML's own word about its encoding is heard where the header says nothing."""
    declared = _META.search(page.body[:2048]) if "charset" not in page.content_type.lower() else None
    content_type = f"text/html; charset={declared[1].decode()}" if declared else page.content_type
    text = decode(page.body, content_type).text
    headline = _HEADLINE.search(text)
    return from_html(headline[1])[0] if headline else "", from_html(text)[0]


def _said(page: Fetched, asked: str, beside: str) -> tuple[str, ...]:
    """Headline and visible words without digits, and without what `asked` does not share with `beside`."""
    return tuple(_without(_letters(text), _echoes(asked, beside)) for text in _read(page))


def _without(words: str, echoes: Sequence[str]) -> str:
    words = f" {words} "
    for echo in echoes:
        words = words.replace(f" {echo} ", " ")
    return words.strip()


def _echoes(asked: str, beside: str) -> list[str]:
    """What of an address a page may repeat, as words, the longest first."""
    return sorted({words for name in _names(asked, beside) if (words := _letters(name))}, key=len, reverse=True)


def _names(asked: str, beside: str) -> set[str]:
    """The parts of an address that name its page, as they stand there, and as they are read, without extension too."""
    parts = set(_parts(asked)[1]) - set(_parts(beside)[1])
    spelt = {form for part in parts for form in (part, unquote(part), unquote(part).removesuffix(_extension(part)))}
    return spelt - {""}


def _letters(text: str) -> str:
    return _NOT_LETTERS.sub(" ", unicodedata.normalize("NFKC", text).casefold()).strip()


def _folded(text: str) -> str:
    return _NOT_WORDS.sub("", unicodedata.normalize("NFKC", text).casefold())
