"""What reading one web page gives: its text, or why there is none. No behaviour, no I/O, cheap to import."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PageText:
    """The statement that stands on a page, without what stands around it.

    `text` is plain: NFC, one line for each block, runs of blanks collapsed to one. It begins with the headline, if the
    page has one. `title` is that headline, one line, "" when there is none; `language` the tag that the page declares
    (BCP 47), "" for none. `extractor` names what took the text out, with its version, and how: texts of two extractors
    differ without anybody having edited anything. `truncated`: the text was cut at its limit.
    """

    text: str
    title: str
    language: str
    extractor: str
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class PageUnread:
    """No text. `reason`: empty, not_html, too_large, challenge, error_page, too_short, extract_error, extract_timeout,
    extract_memory, extractor_died, or no_extra (the extra `fulltext` is not installed). `detail` is one clean line for
    people. None of these says anything about the statement.
    """

    reason: str
    detail: str


PageOutcome = PageText | PageUnread
