"""HTML of an entry -> the text a reader sees, and a fingerprint of its visible structure. Pure, linear, never raises.

Own tokeniser, because every HTML parser at hand takes seconds for some inputs of a few hundred kilobytes: each step
here consumes what it has looked at. Blocks become lines, table cells are set apart by a blank, entities are decoded
once; scripts, navigation, forms, drawings, frames and hidden elements are left out. A hidden element that never closes
hides nothing: showing too much is better than losing a statement.

Kept, because they are part of the spelling or of its display: ZWJ, ZWNJ, ZWSP, bidirectional marks. Dropped, because
they show nothing and are left behind by software: byte order marks, soft hyphens, control characters, lone surrogates.
"""

import html
import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from aggregator.parse.markup import STRUCTURAL, Structure

TOKEN = re.compile(
    r"""<(?:(/?)([a-zA-Z][^\s/>]*+)((?:=\s*+"[^"]*+"|=\s*+'[^']*+'|[^>=]++|=)*+)>"""
    r"""|!--(?:-?>|.*?(?:--!?>|\Z))|[!?][^>]*+>|/[^a-zA-Z>][^>]*+>|/>)""",
    re.DOTALL,
)
"""One tag (end tag's slash, name, attributes), comment or declaration. Linear where the text searched ends in `>`."""
_BREAK = "\x1e"


def _names(names: str) -> frozenset[str]:
    return frozenset(names.split())


_BLOCKS = _names(
    "address article aside blockquote body br caption center dd details dialog dir div dl dt fieldset figcaption figure"
    " footer h1 h2 h3 h4 h5 h6 header hgroup hr legend li main menu ol optgroup option p pre section summary table"
    " tbody tfoot thead tr ul"
)
_CELLS = _names("td th")
_RAW = _names("script style iframe noembed noframes noscript textarea head")
_UNSEEN = _names("nav form svg select template")
_NEVER_SEEN = _RAW | _UNSEEN
_VOID = _names("area base br col embed hr img input link meta param source track wbr")
_QUOTED = re.compile(r"""=\s*+(?:"[^"]*+"|'[^']*+')""")
_HIDDEN = re.compile(r"\shidden(?=[\s=/]|$)", re.IGNORECASE)
_STYLED_AWAY = re.compile(
    r"""\sstyle\s*+=\s*+["']?[^"'>]*?(?:display\s*+:\s*+none|visibility\s*+:\s*+hidden)""", re.IGNORECASE
)
_HIDING = "hidden attribute"
_UNWANTED = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\ufeff\ufffe\uffff\ud800-\udfff]+")
_LONG_REFERENCE = re.compile(r"&#(?:\d{8,}|[xX][0-9a-fA-F]{8,});?")
_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")
CACHED_LENGTH = 16_384
"""Longer pieces of HTML are read each time; shorter ones come back at every poll of a feed."""


def from_html(source: str) -> tuple[str, str]:
    """The visible text, and the fingerprint of the structure ("" when there is none)."""
    if len(source) <= CACHED_LENGTH:
        return _cached(source)
    return _read(source)


def from_plain(source: str) -> str:
    """Text that is no HTML: lines stay lines, nothing is decoded and no `<` is taken for a tag."""
    return _tidy(source.splitlines())


@lru_cache(maxsize=1024)
def _cached(source: str) -> tuple[str, str]:
    return _read(source)


def _read(source: str) -> tuple[str, str]:
    if "<" not in source:
        return _tidy([_unescape(source)]), ""
    if _BREAK in source or "<![CDATA[" in source:
        source = source.replace(_BREAK, " ").replace("<![CDATA[", "").replace("]]>", "")
    shown: set[str] = set()
    while True:
        pieces: list[str] = []
        structure = Structure()
        unclosed = _walk(source, pieces, structure, shown)
        if not unclosed:
            break
        shown.add(unclosed)
    text = _tidy(_unescape("".join(pieces)).split(_BREAK))
    if not text and not shown and any(f"<{name}" in source for name in ("form", "nav")):
        pieces.clear()
        _walk(source, pieces, Structure(), {"form", "nav"})
        text = _tidy(_unescape("".join(pieces)).split(_BREAK))
    return text, structure.fingerprint()


def _walk(source: str, pieces: list[str], structure: Structure, shown: set[str]) -> str:
    """Collect the visible pieces; returns the name of a hidden element that never closes ("" when all is well).

    `shown`: elements that are not hidden in this walk, because one of them does not close.
    """
    end = source.rfind(">") + 1
    last = 0
    pre = False
    tokens = TOKEN.finditer(source, 0, end)
    while (token := next(tokens, None)) is not None:
        start, after = token.span()
        if start > last:
            pieces.append(source[last:start].replace("\n", _BREAK) if pre else source[last:start])
        last = after
        closing, name, attributes = token.groups()
        if name is None:
            continue
        name = name.lower()
        if name in _BLOCKS:
            pieces.append(_BREAK)
            pre = not closing if name == "pre" else pre
        elif name in _CELLS:
            pieces.append(" ")
        if closing:
            continue
        if unseen := _unseen(name, attributes, shown):
            if name in _VOID or (attributes.endswith("/") and name not in _RAW):
                continue
            last = _raw_end(source, name, after) if name in _RAW else _end_of(source, name, after, end)
            if last < 0:
                return unseen
            tokens = TOKEN.finditer(source, last, end)
        elif name in STRUCTURAL:
            structure.add(name, attributes)
    pieces.append(source[last:])
    return ""


def _unseen(name: str, attributes: str, shown: set[str]) -> str:
    """Why a reader does not see this element: its name, or an attribute; "" when it is seen."""
    if name in _NEVER_SEEN:
        return "" if name in shown else name
    if len(attributes) < 7 or _HIDING in shown:
        return ""
    if "none" in attributes or "hidden" in attributes:
        hidden = _HIDDEN.search(_QUOTED.sub("=", attributes)) or _STYLED_AWAY.search(attributes)
        return _HIDING if hidden else ""
    return ""


def _raw_end(source: str, name: str, at: int) -> int:
    """Behind the end tag of an element whose content is not HTML. A script that never ends takes the rest with it."""
    found = re.compile(rf"</{name}\b[^>]*+>?", re.IGNORECASE).search(source, at)
    if found is None:
        return len(source) if name in ("script", "style") else -1
    return found.end()


def _end_of(source: str, name: str, at: int, end: int) -> int:
    """Behind the end tag that closes an element opened before `at`, elements of the same name inside it counted."""
    depth = 1
    for token in _same_name(source, name, at, end):
        if token[1]:
            depth -= 1
        elif not token[3].endswith("/"):
            depth += 1
        if depth == 0:
            return token.end()
    return -1


def _same_name(source: str, name: str, at: int, end: int) -> Iterator[re.Match[str]]:
    return (token for token in TOKEN.finditer(source, at, end) if token[2] and token[2].lower() == name)


def _unescape(text: str) -> str:
    if "&" not in text:
        return text
    return html.unescape(_LONG_REFERENCE.sub("\ufffd", text) if "&#" in text else text)


def _tidy(lines: list[str]) -> str:
    """Blanks collapsed, empty lines dropped, characters that show nothing removed, NFC."""
    text = _collapsed(lines)
    if not text.replace("\n", "").isprintable() and _UNWANTED.search(text):
        text = _collapsed(_UNWANTED.sub("", text).split("\n"))
    return unicodedata.normalize("NFC", text)


def _collapsed(lines: list[str]) -> str:
    return "\n".join(line for line in (" ".join(line.split()) for line in lines) if line)


def one_line(source: str) -> str:
    """Plain text on one line: a title, a name, an identifier."""
    if source.isascii() and source.isprintable() and "  " not in source:
        return source.strip()
    return _tidy([source])


@lru_cache(maxsize=256)
def language_tag(given: str) -> str:
    """A BCP 47 tag with hyphens, "" for what is none."""
    tag = given.strip().replace("_", "-")[:35]
    return tag if _LANGUAGE_TAG.fullmatch(tag) else ""
