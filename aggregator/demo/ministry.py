"""The ministry's site: a list of statements, shown as an Atom feed and a page each, and the deeds done to it.

Comes in: deeds of the script, and GETs. Goes out: answers. It counts the polls that it answered well, which is how
others know that a daemon has looked. No I/O; `aggregator.demo.web` serves it.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import assert_never
from xml.sax.saxutils import escape, quoteattr

from aggregator.demo.script import FEED, MINISTRY, Act, Challenge, Publish, Rewrite, Statement, Withdraw

ATOM = "application/atom+xml; charset=utf-8"
HTML = "text/html; charset=utf-8"
FEED_PATH = "/feed.atom"
_PAGES = "/statements/"
_ROBOTS = b"""<!doctype html><html><head><title>Just a moment...</title></head><body>
<h1>Checking your browser</h1><p>Please enable JavaScript and cookies to continue.</p></body></html>"""


@dataclass(frozen=True, slots=True)
class Page:
    """An answer of the site."""

    status: int
    kind: str
    body: bytes
    etag: str = ""


class Ministry:
    """The site as it stands. `began`: when the first act begins; claimed dates count back from it."""

    def __init__(self, listed: tuple[Statement, ...], began: datetime) -> None:
        self.looks = 0
        """Polls of the feed that were answered with the feed, or with 304."""
        self.origin = ""
        """Where the site is served, `http://HOST:PORT`; whoever serves it says so."""
        self._listed = list(listed)
        self._began = began
        self._gone: set[str] = set()
        self._challenges = 0

    def do(self, act: Act) -> None:
        """One deed of the script."""
        match act:
            case Publish():
                self._listed.insert(0, act.statement)
            case Rewrite():
                self._listed = [_rewritten(each, act) if each.name == act.name else each for each in self._listed]
            case Withdraw():
                self._listed = [each for each in self._listed if each.name != act.name]
                self._gone.add(act.name)
            case Challenge():
                self._challenges += 1
            case _:
                assert_never(act)

    def link(self, name: str) -> str:
        """The address of a statement's page."""
        return f"{self.origin}{_PAGES}{name}"

    @property
    def challenging(self) -> bool:
        """A challenge page waits for the next poll."""
        return self._challenges > 0

    def answer(self, path: str, if_none_match: str) -> Page:
        """A GET of this path."""
        if path == FEED_PATH:
            return self._poll(if_none_match)
        name = path.removeprefix(_PAGES)
        if name in self._gone:
            return Page(410, HTML, b"<h1>Gone</h1>")
        for each in self._listed:
            if path == f"{_PAGES}{each.name}":
                return Page(200, HTML, f"<h1>{escape(each.title)}</h1>{_html(each.text)}".encode())
        return Page(404, HTML, b"<h1>Not found</h1>")

    def _poll(self, if_none_match: str) -> Page:
        if self._challenges:
            self._challenges -= 1
            return Page(200, HTML, _ROBOTS)
        self.looks += 1
        body = self._document().encode()
        etag = f'"{sha256(body).hexdigest()[:16]}"'
        return Page(304, ATOM, b"", etag) if etag == if_none_match else Page(200, ATOM, body, etag)

    def _document(self) -> str:
        entries = "".join(self._entry(each) for each in self._listed)
        return (
            '<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom">'
            f"<title>{escape(MINISTRY)}</title><id>tag:{FEED}.example,2026:feed</id>"
            f"<updated>{self._began.isoformat()}</updated>{entries}</feed>"
        )

    def _entry(self, each: Statement) -> str:
        claimed = (self._began - each.age).isoformat()
        return (
            f"<entry><id>tag:{FEED}.example,2026:{each.name}</id><title>{escape(each.title)}</title>"
            f"<link href={quoteattr(self.link(each.name))}/><published>{claimed}</published>"
            f'<updated>{claimed}</updated><content type="html">{escape(_html(each.text))}</content></entry>'
        )


def _rewritten(statement: Statement, act: Rewrite) -> Statement:
    if act.old not in statement.text:
        raise ValueError(f"the script rewrites {act.old!r}, which {act.name} does not say")
    return replace(statement, text=statement.text.replace(act.old, act.new))


def _html(text: str) -> str:
    return "".join(f"<p>{escape(paragraph)}</p>" for paragraph in text.split("\n"))
