"""Takes from a tree what stands around a statement: navigation, boxes, banners, share buttons, comments. Pure.

It goes by what elements are and how they are called, never by how much stands in them: a longer list of related
articles must not decide what is part of this one. What holds the headline, or all there is of a body, is never taken.
"""

from aggregator.page.names import BODIES, is_chrome, is_one_of, set_of, tokens
from aggregator.page.tree import Element, is_hidden, name_of

MOST_BODIES = 200

_NEVER_TEXT = set_of(
    "head script style noscript template svg canvas map iframe frame frameset object embed applet audio video select"
    " button input textarea option datalist meter progress nav dialog menu"
)
_BESIDE = set_of("aside footer header form figure")
_NEVER_CHROME = set_of("html body main article")
_ROLES = set_of(
    "navigation banner complementary contentinfo search dialog alertdialog menu menubar toolbar tablist status"
)
_KEEPS_A_FIGURE = set_of("table blockquote pre")


def names_of(element: Element) -> tuple[str, ...]:
    """The tokens of its id and its classes."""
    return tokens(f"{element.get('class', '')} {element.get('id', '')}")


def is_body(element: Element) -> bool:
    """Whether a site calls this element the text itself."""
    return "articlebody" in element.get("itemprop", "").lower() or is_one_of(names_of(element), BODIES)


def prune(root: Element, *, by_name: bool) -> None:
    """Take it out of the tree. `by_name` False: go only by what elements are, not by how they are called."""
    kept = _holders(root)
    doomed: list[Element] = []
    waiting = [root]
    while waiting:
        element = waiting.pop()
        if element is not root and element not in kept and _stands_around(element, by_name=by_name):
            doomed.append(element)
        else:
            waiting.extend(element)
    for element in doomed:
        element.drop_tree()


def _holders(root: Element) -> set[Element]:
    """The elements in which a headline stands, or every body."""
    kept: set[Element] = set()
    for headline in root.iter("h1"):
        _keep(headline, kept)
    bodies = [
        element for element in root.iter() if name_of(element) in ("div", "section", "article") and is_body(element)
    ]
    for body in bodies[:MOST_BODIES]:
        kept.add(body)
    if bodies:
        shared = set(bodies[0].iterancestors())
        for body in bodies[1:MOST_BODIES]:
            shared.intersection_update(body.iterancestors())
        kept |= shared
    return kept


def _keep(element: Element, kept: set[Element]) -> None:
    for above in element.iterancestors():
        if above in kept:
            return
        kept.add(above)


def _stands_around(element: Element, *, by_name: bool) -> bool:
    name = name_of(element)
    if not name or name in _NEVER_TEXT or is_hidden(element):
        return True
    if name in _NEVER_CHROME:
        return False
    if element.get("role", "").strip().lower() in _ROLES:
        return True
    if name in _BESIDE and _is_beside(element, name):
        return True
    return by_name and is_chrome(names_of(element))


def _is_beside(element: Element, name: str) -> bool:
    if name == "figure":
        return not any(name_of(inner) in _KEEPS_A_FIGURE for inner in element.iter())
    if name == "form":  # old systems put the whole page into one
        return not any(name_of(inner) in _NEVER_CHROME for inner in element.iter())
    if name == "header":
        return not any(name_of(above) in ("main", "article") for above in element.iterancestors())
    return True
