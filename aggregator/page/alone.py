"""A document of their own for the elements that hold a statement: nothing around them, and no names in it. Pure.

Names (classes, ids, roles) are what trafilatura would go by, and a site changes them with its design. It passes over
text that stands loose in a `div`, so loose text is put into paragraphs first. And it leaves out what has many links
for its length, which one more word can change; so menus go first, and a link stays one only where its block holds
nothing else.
"""

from dataclasses import dataclass

from lxml import etree, html

from aggregator.page.names import set_of
from aggregator.page.tree import Element, name_of, outermost, weight

_KEPT = set_of("p ul ol li table caption colgroup col thead tbody tfoot tr td th pre br hr")
_LIKE_P = set_of("h1 h2 h3 h4 h5 h6 summary dt dd legend figcaption caption")
"""Headings too: where one ends a statement, trafilatura takes it for the title of what was cut off."""
_INLINE = set_of(
    "a abbr acronym b bdi bdo big br cite code data del dfn em font i ins kbd label mark nobr q rb rp rt ruby s samp"
    " small span strike strong sub sup time tt u var wbr"
)


MENU = 3
"""Links without a word between them that make a menu."""


@dataclass(frozen=True, slots=True)
class _Count:
    """What stands in an element: letters and figures, those of them in links, links."""

    letters: int
    linked: int
    links: int

    @property
    def pure(self) -> bool:
        return self.linked == self.letters > 0


def alone(frames: list[Element]) -> Element:
    """The root of the new document; the elements given are not touched."""
    page = html.document_fromstring("<html><body><article></article></body></html>")
    article = page[0][0]
    for frame in frames:
        source = etree.tostring(frame, encoding="unicode", method="html", with_tail=False)
        article.append(html.fragment_fromstring(source, create_parent="div"))
    for element in list(article.iterdescendants()):
        _plain(element)
    for element in [each for each in article.iterdescendants() if name_of(each) == "div"]:
        _in_paragraphs(element)
    _sort_links(article)
    return page


def _sort_links(article: Element) -> None:
    """Links in the running text become text; a block of nothing but links, three or more, is a menu and goes."""
    counted = _counted(article)
    menus = [
        each
        for each in article.iterdescendants()
        if _is_block(each) and counted[each].pure and counted[each].links >= MENU
    ]
    for link in list(article.iter("a")):
        if not counted[next(above for above in link.iterancestors() if _is_block(above))].pure:
            link.drop_tag()
    for menu in outermost(article, iter(menus)):
        menu.drop_tree()


def _counted(article: Element) -> dict[Element, _Count]:
    """Of each element, from the innermost to the outermost: one pass."""
    counted: dict[Element, _Count] = {}
    for element in reversed(list(article.iter())):
        inner = [counted[child] for child in element]
        letters = (
            weight(element.text or "")
            + sum(each.letters for each in inner)
            + sum(weight(child.tail or "") for child in element)
        )
        is_link = name_of(element) == "a"
        linked = letters if is_link else sum(each.linked for each in inner)
        counted[element] = _Count(letters, linked, is_link + sum(each.links for each in inner))
    return counted


def _is_block(element: Element) -> bool:
    return name_of(element) not in _INLINE


def _plain(element: Element) -> None:
    """Its name is one of the few that say how text is laid out; its attributes are gone, but that a link is one."""
    name = name_of(element)
    if name in _LIKE_P:
        element.tag = "p"
    elif name in _INLINE and not _is_inline(element):
        element.tag = "div"
    elif name in ("font", "label", "nobr"):
        element.tag = "span"
    elif name not in _KEPT and name not in _INLINE:
        element.tag = "div"
    linked = name == "a" and element.get("href") is not None
    element.attrib.clear()
    if linked:
        element.set("href", "#")


def _is_inline(element: Element) -> bool:
    return all(name_of(inner) in _INLINE for inner in element.iter())


def _in_paragraphs(element: Element) -> None:
    """Put each run of loose text, with the inline elements in it, into a paragraph."""
    children = list(element)
    run = html.Element("p")
    run.text, element.text = element.text, None
    runs = [run]
    for child in children:
        tail, child.tail = child.tail, None
        element.remove(child)
        if _is_inline(child):
            runs[-1].append(child)
            child.tail = tail
        else:
            run = html.Element("p")
            run.text = tail
            runs += [child, run]
    element.extend(each for each in runs if name_of(each) != "p" or len(each) or (each.text or "").strip())
