"""What a publishing system adds to every entry: the line under a WordPress post that names the post and the site. Pure.

It is cut from the text because it repeats the title: a corrected title would look like a corrected statement. Learning
further blocks that repeat is the business of `decide`, which sees more than one document.
"""

import re

LONGEST_TAIL = 800

_TAIL = re.compile(
    r"""(?:The post|This post|La entrada|El artículo|L[’']article|Cet article|Der Beitrag|O post|L[’']articolo"""
    r"""|Artykuł|Сообщение|Запись|Допис)\s.{1,500}?\s"""
    r"""(?:appeared first on|first appeared on|was first published on|se publicó primero en|aparece primero en"""
    r"""|est apparu en premier sur|erschien zuerst auf|apareceu primeiro em|proviene da|pochodzi z serwisu"""
    r"""|появились сначала на|впервые появилась|з[’']явився спочатку на)\s.{1,200}"""
)


def without_tail(text: str, title: str) -> str:
    """The text without such a tail: on a line of its own, or at the end of the last line when it quotes the title."""
    cut = text.rfind("\n") + 1
    line = text[cut:]
    if len(line) <= LONGEST_TAIL and _TAIL.fullmatch(line):
        return text[:cut].rstrip()
    if not title or title not in line:
        return text
    at = line.rfind(title)
    for start in (line.rfind(word, 0, at) for word in ("The post ", "La entrada ", "Der Beitrag ", "Сообщение ")):
        if start >= 0 and at - start < 20 and len(line) - start <= LONGEST_TAIL and _TAIL.fullmatch(line, start):
            return text[: cut + start].rstrip()
    return text
