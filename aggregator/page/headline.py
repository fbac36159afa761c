"""What a page says of itself: its language, and its headline. Pure.

The headline is its h1, else what it tells other sites (`og:title`), else its title. Several h1 stand on pages whose
logo is one; meant is one inside the main part or the article, and that the title of the page repeats, if there is one.
"""

from dataclasses import dataclass

from aggregator.page.tree import Element, name_of, shown_text
from aggregator.parse.limits import TITLE
from aggregator.parse.visible import language_tag, one_line

LONGEST_HEADLINE = TITLE


@dataclass(frozen=True, slots=True)
class Headline:
    """`element` is the h1, None when the headline stands only in the head of the document. `text` "" = none."""

    text: str
    element: Element | None


@dataclass(frozen=True, slots=True)
class Told:
    """What a document tells before its text: its title, the title for other sites, the name of the site, a language
    tag (BCP 47). Each "" for none.
    """

    title: str
    shared: str
    site: str
    language: str


def told(root: Element) -> Told:
    """Ask before the head is taken away."""
    title = root.find(".//title")
    return Told(
        title=_line(title.text_content()) if title is not None else "",
        shared=_meta(root, "og:title"),
        site=_meta(root, "og:site_name"),
        language=_language(root),
    )


def headline(root: Element, said: Told) -> Headline:
    """The headline. `root` is pruned."""
    found = [(text, each) for each in root.iter("h1") if (text := _line(shown_text([each])))]
    named = [one for one in found if one[0] != said.site]
    inside = [one for one in named if any(name_of(above) in ("main", "article") for above in one[1].iterancestors())]
    repeated = [one for one in inside or named if one[0] in (said.shared or said.title)]
    for text, element in repeated or inside or named:
        return Headline(text, element)
    return Headline(said.shared or said.title, None)


def _language(root: Element) -> str:
    given = (root.get("lang"), root.get("xml:lang"), _meta(root, "content-language"), _meta(root, "og:locale"))
    return next((tag for each in given if each and (tag := language_tag(each))), "")


def _meta(root: Element, name: str) -> str:
    for each in root.iter("meta"):
        if name in (each.get(key, "").lower() for key in ("property", "name", "http-equiv")):
            return _line(each.get("content", ""))
    return ""


def _line(text: str) -> str:
    return one_line(" ".join(text.split()))[:LONGEST_HEADLINE]
