"""Where on a page does the statement stand? A pruned tree -> the places that may hold it, from the best to the worst.
Pure.

What the site calls the text, with the lede before it, near the headline; the article; the main part; a frame that is
called content; all there is. The first two are the statement and nothing else; in the others more may stand.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from aggregator.page.chrome import is_body, names_of
from aggregator.page.names import CONTENTS, LEDES, is_one_of, set_of
from aggregator.page.tree import Element, name_of, outermost, shown_text

_BLOCKS = set_of("div section article main td p h2 h3 span")
_LARGE = set_of("div section article main td")


@dataclass(frozen=True, slots=True)
class Place:
    """Elements in their order. `exact`: nothing but the statement stands in them."""

    elements: list[Element]
    exact: bool


def places(root: Element, headline: Element | None) -> Iterator[Place]:
    """Each is made when it is asked for. `headline` is the h1 that names the statement."""
    if bodies := _near(headline, outermost(root, (each for each in root.iter() if _is_large(each) and is_body(each)))):
        yield Place(_with_ledes(root, headline, bodies), exact=True)
    if articles := _near(headline, outermost(root, root.iter("article"))):
        yield Place([_longest(articles)], exact=True)
    mains = (each for each in root.iter() if name_of(each) == "main" or each.get("role", "").lower() == "main")
    if found := outermost(root, mains):
        yield Place([_longest(found)], exact=False)
    contents = (each for each in root.iter() if _is_large(each) and is_one_of(names_of(each), CONTENTS))
    if found := _near(headline, outermost(root, contents)):
        yield Place([_longest(found)], exact=False)
    if (body := root.find("body")) is not None:
        yield Place([body], exact=False)


def _is_large(element: Element) -> bool:
    return name_of(element) in _LARGE


def _near(headline: Element | None, found: list[Element]) -> list[Element]:
    """Those in the smallest surroundings of the headline that hold any; all of them when there is no headline."""
    if headline is None or len(found) < 2:
        return found
    wanted = set(found)
    above = [headline, *headline.iterancestors()]
    if holding := [each for each in above if each in wanted]:
        return holding
    places = {element: level for level, element in enumerate(above)}
    levels = [next((places[each] for each in one.iterancestors() if each in places), len(above)) for one in found]
    nearest = min(levels)
    return [one for one, level in zip(found, levels, strict=True) if level == nearest]


def _with_ledes(root: Element, headline: Element | None, bodies: list[Element]) -> list[Element]:
    """The bodies, and before them what stands between the headline and the first of them as its lede."""
    held = set(bodies)
    around = {above for body in bodies for above in body.iterancestors()}
    ledes: list[Element] = []
    after = headline is None
    for element in root.iter():
        if element in held:
            break
        after = after or element is headline
        if after and element not in around and name_of(element) in _BLOCKS and is_one_of(names_of(element), LEDES):
            ledes.append(element)
    return outermost(root, iter(ledes)) + bodies


def _longest(found: list[Element]) -> Element:
    return found[0] if len(found) == 1 else max(found, key=lambda each: len(shown_text([each])))
