"""Text from the network made harmless for one line, a page of plain text, or a terminal. Pure.

Comes in: any `str`, lone surrogates included. Goes out: text that cannot end a header or a log line, move a cursor,
colour a screen or turn the reading direction of what follows. Never fails.
"""

import re

_SURROGATES = re.compile("[\ud800-\udfff]")
_BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Embeddings, overrides and isolates: they reorder what others wrote. The marks U+200E and U+200F stay."""
_HARMFUL = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufff9-\ufffb{_BIDI}]")
_BREAKS = re.compile("\r\n|[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")


def encodable(text: str) -> str:
    """The same text, code point for code point, with lone surrogates replaced: it can be written as UTF-8."""
    return _SURROGATES.sub("\ufffd", text)


def plain(text: str) -> str:
    """Text of several lines; every kind of line end becomes a newline, other control characters U+FFFD."""
    return _HARMFUL.sub("\ufffd", _BREAKS.sub("\n", encodable(text)))


def one_line(text: str, limit: int = 0) -> str:
    """One line without leading, trailing or repeated blanks; cut at `limit` characters (0 = never) with an ellipsis."""
    line = " ".join(plain(text).split())
    return cut(line, limit) if limit else line


def cut(text: str, limit: int) -> str:
    """At most `limit` characters; a cut text ends in an ellipsis."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
