"""Does the page behind an item still stand? The answer counts towards withdrawal, so it has to be proven.

A `PageProbe` goes in: the item's link, and the link of an item that its feed still lists. Both are asked at the same
time, as URLs learnt from the network, without credentials, and only for status and headers. Where the item's page
answers 2xx, both are asked once more, for what they say, beside an address of the same site that is made up: a site may
answer 200 to anything. A `PageSeen` comes out, whose verdict says no more than what was seen: whatever is not a clear
answer of the site is `unreachable`.
"""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from http import HTTPStatus
from secrets import token_hex
from typing import Protocol
from urllib.parse import urlsplit

from aggregator import soft404
from aggregator.fetch.hop import learnt_by
from aggregator.outcome import Fetched, FetchFailed, FetchOutcome, FetchRequest, PageProbe, PageSeen

LONGEST = 256 * 1024
"""Bytes of a page that are looked at; what it is about stands in its beginning."""

_LANGUAGE = re.compile(r"[a-z]{2,3}(?:[-_][a-z0-9]{2,8})?", re.IGNORECASE)
_INDEX = re.compile(r"(?:index|default|home)\.[a-z]{2,5}", re.IGNORECASE)
_BUSY = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
"""What a server says of itself, not of the address."""


class Looks(Protocol):
    """Whoever can fetch: a bare `Fetcher`, or one that minds its manners."""

    async def fetch(self, request: FetchRequest) -> FetchOutcome:
        """One GET."""
        ...


@dataclass(frozen=True, slots=True)
class Asked:
    """An address and its answer."""

    url: str
    answer: FetchOutcome


async def probe(fetcher: Looks, asked: PageProbe, like: FetchRequest, at: datetime) -> PageSeen:
    """Look at the item's page and at its sibling's, and at a made-up one where that tells more. `like` is a request of
    the feed: timeout, user agent, proxy and CA file are taken from it, its URL, validators and credentials are not.
    `at` (UTC) is when this was asked.
    """
    false = soft404.made_up(asked.url, asked.sibling, token_hex(16)) if asked.sibling else ""
    if not (asked.made_up and false):
        page, *sibling = await _ask(fetcher, [asked.url, *([asked.sibling] if asked.sibling else [])], like)
        said, detail = verdict(page.url, page.answer)
        if said != "standing" or not false:
            stands = any(verdict(each.url, each.answer)[0] == "standing" for each in sibling)
            return PageSeen(asked.item, asked.url, at, said, detail, stands)
    page, other, false_page = await _ask(fetcher, [asked.url, asked.sibling, false], like, bodies=True)
    return await asyncio.to_thread(compared, asked, page, other, false_page, at)


def compared(asked: PageProbe, page: Asked, sibling: Asked, made_up: Asked, at: datetime) -> PageSeen:
    """What the bodies of three answers prove: a page that the site gives for a made-up address, too, is missing; if the
    sibling's is that one as well, it proves nothing. Pure.
    """
    said, detail = verdict(page.url, page.answer)
    stands = verdict(sibling.url, sibling.answer)[0] == "standing"
    if said != "standing":  # since it was asked first
        return PageSeen(asked.item, asked.url, at, said, detail, stands)
    said, why = _against(asked.words, page, made_up)
    alike = said != "standing" and stands and bool(_alike(sibling, made_up))
    return PageSeen(
        asked.item,
        asked.url,
        at,
        said,
        f"{detail}, {why}",
        sibling_stands=stands and not alike,
        made_up=True,
        sibling_alike=alike,
    )


def verdict(url: str, answer: FetchOutcome) -> tuple[str, str]:
    """`gone`, `missing`, `standing` or `unreachable`, and why in one line. Pure."""
    match answer:
        case Fetched():
            status, why = answer.status, ""
        case FetchFailed():
            status, why = answer.status or 0, f"{answer.reason}: {answer.detail}"
        case _:
            return "unreachable", "304 to a request without validators"
    hops = "".join(f"{hop.status} to {_place(hop.url)}, " for hop in answer.redirects)
    if status == HTTPStatus.GONE:
        return "gone", f"{hops}410 Gone"
    if status == HTTPStatus.NOT_FOUND:
        return "missing", f"{hops}404 Not Found"
    if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return "unreachable", f"{hops}{why}"
    if answer.redirects and _is_home_of(answer.redirects[-1].url, url):
        return "missing", f"{hops}which is the home page"
    return "standing", f"{hops}{status}"


def _against(words: Sequence[str], page: Asked, made_up: Asked) -> tuple[str, str]:
    """Verdict and reason for a page that answered 2xx, beside what a made-up address was answered."""
    if not isinstance(page.answer, Fetched):
        return "standing", "though what it says could not be read"
    if soft404.shows(page.answer, words, page.url, made_up.url):
        return "standing", "and it holds the item's words"
    match made_up.answer:
        case Fetched():
            how = _alike(page, made_up)
            if how:
                return "missing", f"as the site answers a made-up address ({how})"
            return "standing", "and a made-up address is answered with another page"
        case FetchFailed(status=status) if status is not None and status not in _BUSY:
            return (
                "standing",
                f"and a made-up address is answered otherwise ({verdict(made_up.url, made_up.answer)[1]})",
            )
        case _:
            return "unreachable", "but the site did not answer a made-up address, to compare"


def _alike(page: Asked, made_up: Asked) -> str:
    if not isinstance(page.answer, Fetched) or not isinstance(made_up.answer, Fetched):
        return ""
    return soft404.alike(page.answer, page.url, made_up.answer, made_up.url)


async def _ask(fetcher: Looks, urls: Sequence[str], like: FetchRequest, *, bodies: bool = False) -> list[Asked]:
    """All of them at the same time."""
    like = replace(like, max_body=LONGEST if bodies else 0, partial=bodies)
    answers = await asyncio.gather(*(fetcher.fetch(learnt_by(like, url)) for url in urls))
    return [Asked(url, answer) for url, answer in zip(urls, answers, strict=True)]


def _place(url: str) -> str:
    """The site that a hop led to. Not the page: its address may name what has to be erased one day."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/{'' if parts.path in ('', '/') and not parts.query else '…'}"


def _is_home_of(end: str, start: str) -> bool:
    """Does a redirect from `start` end at a home page above it? A query may name any page, so it is never home."""
    parts = urlsplit(end)
    root = [segment for segment in parts.path.split("/") if segment]
    if root and _INDEX.fullmatch(root[-1]):
        root.pop()
    came_from = [segment for segment in urlsplit(start).path.split("/") if segment]
    home = not root or (len(root) == 1 and _LANGUAGE.fullmatch(root[0]) is not None)
    return home and not parts.query and len(came_from) > len(root)
