"""The text of a document -> a tree of its elements, and what can be asked of any of them. Pure.

libxml2 reads as browsers do, but where elements are nested too deep it stops: such a page is none to it.
"""

from collections.abc import Iterator
from typing import Any

from lxml import etree, html

from aggregator.parse import visible

Element = Any
"""An `lxml.html.HtmlElement`: lxml brings no types."""

DEEPEST = 500
"""Levels of nesting: honest pages with every mistake of the nineties stay below, and work grows with them."""

_SWITCHED_OFF = ("none", "hidden")
_HIDING_STYLES = ("display:none", "visibility:hidden")


def parse(text: str) -> Element | None:
    """The root element; None when there is none, or when elements are nested deeper than `DEEPEST`."""
    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, collect_ids=False, huge_tree=True)
    data = text.replace("\0", "").encode("utf-8", "replace")
    try:
        root = html.document_fromstring(data, parser=parser)
    except (etree.LxmlError, ValueError):
        return None
    stopped = any(error.type == etree.ErrorTypes.ERR_RESOURCE_LIMIT for error in parser.error_log)
    return None if stopped or _too_deep(root) else root


def _too_deep(root: Element) -> bool:
    depth = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > DEEPEST:
            return True
    return False


def name_of(element: Element) -> str:
    """The name of its tag; "" for what is no element."""
    return element.tag if isinstance(element.tag, str) else ""


def is_hidden(element: Element) -> bool:
    """Whether its own attributes say that nobody sees it."""
    if element.get("hidden") is not None or element.get("aria-hidden", "").strip().lower() == "true":
        return True
    style = element.get("style", "")
    if not any(word in style for word in _SWITCHED_OFF):
        return False
    said = "".join(style.lower().split())
    return any(each in said for each in _HIDING_STYLES)


def outermost(root: Element, wanted: Iterator[Element]) -> list[Element]:
    """Those of the wanted elements that stand in no other one of them, in the order given."""
    found = dict.fromkeys(wanted)
    return [each for each in found if each is root or not any(above in found for above in each.iterancestors())]


def shown_text(elements: list[Element]) -> str:
    """What a reader sees of them, in the same tidy form as the text of an entry."""
    sources = (etree.tostring(element, encoding="unicode", method="html", with_tail=False) for element in elements)
    return visible.from_html("\n".join(sources))[0]


def weight(text: str) -> int:
    """Its letters and figures."""
    return sum(map(str.isalnum, text))
