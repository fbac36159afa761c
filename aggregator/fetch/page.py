"""Does the page behind an item still stand? The answer counts towards withdrawal, so it has to be proven.

A `PageProbe` goes in: the item's link, and the link of an item that its feed still lists. Both are asked at the same
time, as URLs learnt from the network, without credentials, and only for status and headers. A `PageSeen` comes out,
whose verdict says no more than what was seen: whatever is not a clear answer of the site is `unreachable`.
"""

import asyncio
import re
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from typing import Protocol
from urllib.parse import urlsplit

from aggregator.outcome import Fetched, FetchFailed, FetchOutcome, FetchRequest, PageProbe, PageSeen

_LANGUAGE = re.compile(r"[a-z]{2,3}(?:[-_][a-z0-9]{2,8})?", re.IGNORECASE)
_INDEX = re.compile(r"(?:index|default|home)\.[a-z]{2,5}", re.IGNORECASE)


class Looks(Protocol):
    """Whoever can fetch: a bare `Fetcher`, or one that minds its manners."""

    async def fetch(self, request: FetchRequest) -> FetchOutcome:
        """One GET."""
        ...


async def probe(fetcher: Looks, asked: PageProbe, like: FetchRequest, at: datetime) -> PageSeen:
    """Look at the item's page and at its sibling's. `like` is a request of the feed: timeout, user agent, proxy and CA
    file are taken from it, its URL, validators and credentials are not. `at` (UTC) is when this was asked.
    """
    sibling_stands = False
    if asked.sibling:
        page, sibling = await asyncio.gather(
            fetcher.fetch(_request(asked.url, like)), fetcher.fetch(_request(asked.sibling, like))
        )
        sibling_stands = verdict(asked.sibling, sibling)[0] == "standing"
    else:
        page = await fetcher.fetch(_request(asked.url, like))
    said, detail = verdict(asked.url, page)
    return PageSeen(asked.item, asked.url, at, said, detail, sibling_stands)


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


def _request(url: str, like: FetchRequest) -> FetchRequest:
    return replace(
        like, url=url, learnt=True, max_body=0, etag="", last_modified="", validated_url="", headers={}, auth=None
    )


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
