"""Looks for the feeds behind an address: the address itself, what its page declares, what it links to, usual places.

In: an address that the operator wrote. Out: a `Search`, whatever the other side does. What a page names was written by
a stranger and is fetched as *learnt*: into private networks only as far as `allow_networks` goes. Usual places are
asked one after the other, only where nothing was named, at the host that the operator (or, then learnt, a redirect)
named; a host that asks to be left alone is.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from http import HTTPStatus
from typing import Protocol
from urllib.parse import urljoin, urlsplit

from aggregator.fetch.page import Looks
from aggregator.finding.names import same
from aggregator.finding.seen import Seen, rank, seen_in
from aggregator.outcome import Fetched, FetchFailed, FetchOutcome, FetchRequest, ParsedFeed, ParseFailed, ParseOutcome
from aggregator.parse.alternates import Alternates, alternates
from aggregator.parse.encoding import decode

USUAL = ("/feed", "/rss.xml", "/atom.xml", "/feed.xml", "/rss", "/feed.json")
MOST = 12
"""Addresses of one kind that are looked at; pages with hundreds of feeds exist."""

ITSELF, DECLARED, LINKED, GUESSED = (
    "the address itself",
    "declared by the page",
    "linked from the page",
    "a usual place",
)
_LEAVE_ALONE = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
_MOVED_FOR_GOOD = frozenset({HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.PERMANENT_REDIRECT})


class Reads(Protocol):
    """Whoever can read a document: the pool of parsers."""

    async def parse(self, body: bytes, content_type: str, url: str) -> ParseOutcome:
        """As `aggregator.parse.feed.parse`."""
        ...


@dataclass(frozen=True, slots=True)
class Found:
    """A feed; `how` it was found in words."""

    seen: Seen
    how: str


@dataclass(frozen=True, slots=True)
class Missed:
    """An address that gave no feed, with the named reason and a line for people."""

    url: str
    how: str
    reason: str
    detail: str


@dataclass(slots=True)
class Search:
    """What came of it. `found`: the best first. `unseen`: addresses that the page names beyond `MOST`. `answered`: the
    host of the address itself gave an answer, of any status.
    """

    found: list[Found] = field(default_factory=list)
    missed: list[Missed] = field(default_factory=list)
    unseen: int = 0
    answered: bool = False


@dataclass(frozen=True, slots=True)
class _Look:
    """One address looked at: a feed, or the document that is none."""

    outcome: FetchOutcome
    read: ParsedFeed | ParseFailed | None = None


class Finder:
    """Searches with these tools; `like` is a request whose timeout, size, agent and proxy each look has."""

    def __init__(self, looks: Looks, reads: Reads, like: FetchRequest, now: Callable[[], datetime]) -> None:
        self._looks, self._reads, self._like, self._now = looks, reads, like, now

    async def search(self, address: str) -> Search:
        """Look at the address, and at what it leads to."""
        search = Search()
        page = await self._look(address, learnt=False)
        search.answered = not isinstance(page.outcome, FetchFailed) or page.outcome.status is not None
        self._note(search, address, ITSELF, page)
        if not search.found:
            names = _names(page)
            await self._try_all(search, DECLARED, names.declared)
            if not names.declared:
                await self._try_all(search, LINKED, names.linked)
            if not names.declared and not search.found and _may_guess(page.outcome):
                await self._try_usual(search, address, page.outcome)
        search.found = _best_first(search.found)
        return search

    async def _try_all(self, search: Search, how: str, links: Sequence[str]) -> None:
        search.unseen += len(links[MOST:])
        looks = await asyncio.gather(*(self._look(link, learnt=True) for link in links[:MOST]))
        for link, look in zip(links, looks, strict=False):
            self._note(search, link, how, look)

    async def _try_usual(self, search: Search, address: str, outcome: FetchOutcome) -> None:
        landed = _landed(address, outcome)
        learnt = _origin(landed) != _origin(address)
        for path in USUAL:
            url = urljoin(landed, path)
            look = await self._look(url, learnt=learnt)
            self._note(search, url, GUESSED, look)
            if search.found or not _may_guess(look.outcome):
                return

    async def _look(self, url: str, *, learnt: bool) -> _Look:
        outcome = await self._looks.fetch(replace(self._like, url=url, learnt=learnt))
        if not isinstance(outcome, Fetched):
            return _Look(outcome)
        return _Look(outcome, await self._reads.parse(outcome.body, outcome.content_type, outcome.url))

    def _note(self, search: Search, url: str, how: str, look: _Look) -> None:
        match look:
            case _Look(Fetched() as fetched, ParsedFeed() as feed):
                seen = seen_in(_to_write(url, fetched), fetched, feed, self._now())
                if same(seen.url) not in {same(each.seen.url) for each in search.found}:
                    search.found.append(Found(seen, how))
            case _Look(_, ParseFailed() as failed) | _Look(FetchFailed() as failed):
                search.missed.append(Missed(url, how, failed.reason, failed.detail))
            case _:
                pass


def _names(page: _Look) -> Alternates:
    """What a page names."""
    if not isinstance(page.outcome, Fetched):
        return Alternates()
    return alternates(decode(page.outcome.body, page.outcome.content_type).text, page.outcome.url)


def _may_guess(outcome: FetchOutcome) -> bool:
    """The host answers, and does not want to be left alone."""
    if isinstance(outcome, FetchFailed):
        return outcome.status is not None and outcome.status not in _LEAVE_ALONE
    return True


def _landed(address: str, outcome: FetchOutcome) -> str:
    if isinstance(outcome, Fetched):
        return outcome.url
    return outcome.redirects[-1].url if outcome.redirects else address


def _to_write(url: str, fetched: Fetched) -> str:
    """The address for the settings: past redirects that are for good, up to the first that is not."""
    for hop in fetched.redirects:
        if hop.status not in _MOVED_FOR_GOOD:
            break
        url = hop.url
    return url


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _best_first(found: Iterable[Found]) -> list[Found]:
    return sorted(found, key=lambda each: rank(each.seen))
