"""What a publishing system adds to every entry: the line under a WordPress post that names the post and the site. Pure.

It is cut from the text because it repeats the title: a corrected title would look like a corrected statement. Learning
further blocks that repeat is the business of
`decide`, which sees more than one document.
"""

import re

LONGEST_TAIL = 800
LONGEST_LEAD = 16
TITLE_QUOTED = 40
"""Characters of the title that must stand in the tail."""

_TAIL = re.compile(
    r"""(?:The post|This post|La entrada|El artículo|L[’']article|Cet article|Der Beitrag|O post|L[’']articolo"""
    r"""|Artykuł|Сообщение|Запись|Допис)\s.{1,500}?\s"""
    r"""(?:appeared first on|first appeared on|was first published on|se publicó primero en|aparece primero en"""
    r"""|est apparu en premier sur|erschien zuerst auf|apareceu primeiro em|proviene da|pochodzi z serwisu"""
    r"""|появились сначала на|впервые появилась|з[’']явився спочатку на)\s.{1,200}"""
)


def without_tail(text: str, title: str) -> str:
    """The text without such a tail, on a line of its own or behind the last sentence. It must quote the title."""
    opening = title[:TITLE_QUOTED]
    cut = text.rfind("\n") + 1
    if not opening or (at := text.rfind(opening, cut)) < 0 or len(text) - at > LONGEST_TAIL:
        return text
    for start in range(max(cut, at - LONGEST_LEAD), at):
        if (start == cut or text[start - 1] == " ") and _TAIL.fullmatch(text, start):
            return text[:start].rstrip()
    return text
