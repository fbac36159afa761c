"""Asks others to add to a file of evidence: an authority for its time, an archive for a copy of the page.

In: a fetcher, and a request whose timeout, agent and proxy each errand has. Out: an `Outside`; whatever the others do,
it is a value. The addresses asked are the operator's own and may be anywhere; the page that an archive is asked to copy
was written by a stranger, and is named to nobody if it lies in a private network (`guard`).
"""

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import quote, urldefrag, urljoin, urlsplit, urlunsplit

from aggregator.evidence.outside import Archived, Missed, Outside, Timestamp
from aggregator.fetch.guard import AddressGuard
from aggregator.fetch.page import Looks
from aggregator.outcome import Fetched, FetchFailed, FetchRequest
from config.addresses import web_url

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_MOST_ANSWER = 256 * 1024  # bytes; a timestamp has some thousand
_ARCHIVE_TIMEOUT = timedelta(minutes=2)  # an archive visits the page before it answers
_LONGEST_ADDRESS = 4000


@dataclass(frozen=True, slots=True)
class Errands:
    """What is wanted. `authority` and `archive` are addresses, "" for none; `believed`: see `timestamp.checked`;
    `page`: the item's address, "" where it has none.
    """

    authority: str
    believed: "Sequence[Certificate]"
    archive: str
    page: str


async def run(
    fetcher: Looks,
    like: FetchRequest,
    errands: Errands,
    checkpoint: bytes,
    guard: AddressGuard,
    now: Callable[[], datetime],
) -> Outside:
    """Both at the same time. What is stamped is `checkpoint`, byte for byte as it goes into the file."""
    stamped, archived = await asyncio.gather(
        _stamped(fetcher, like, errands, checkpoint), _archived(fetcher, like, errands, guard, now)
    )
    return Outside(stamped, archived)


async def _stamped(
    fetcher: Looks, like: FetchRequest, errands: Errands, checkpoint: bytes
) -> Timestamp | Missed | None:
    if not errands.authority:
        return None
    from aggregator.evidence import tsp
    from aggregator.evidence.timestamp import checked

    digest, nonce = sha256(checkpoint).digest(), secrets.randbits(64)
    headers = {"content-type": "application/timestamp-query", "accept": "application/timestamp-reply"}
    query = replace(
        like, url=errands.authority, post=tsp.query(digest, nonce), headers=headers, max_body=_MOST_ANSWER
    )  # fmt: skip
    match await fetcher.fetch(query):
        case Fetched(body=body):
            return checked(body, _without_query(errands.authority), digest, nonce, errands.believed)
        case FetchFailed(reason=reason, detail=detail) if reason.startswith("http_3"):
            return Missed(reason, f"it answers {detail}, and a question is not carried elsewhere: give its new address")
        case FetchFailed(reason=reason, detail=detail):
            return Missed(reason, detail)
        case answer:
            return Missed("unreadable", f"it answered {type(answer).__name__}")


async def _archived(
    fetcher: Looks, like: FetchRequest, errands: Errands, guard: AddressGuard, now: Callable[[], datetime]
) -> Archived | Missed | None:
    if not errands.archive:
        return None
    if not errands.page:
        return Missed("no_page", "the statement names no page")
    if objection := guard.objection(errands.page):
        return Missed("no_page", f"its page is named to no archive: {objection}")
    asked_at = now()
    url = asking_for(errands.archive, errands.page)
    timeout = max(like.timeout, _ARCHIVE_TIMEOUT)
    answer = await fetcher.fetch(replace(like, url=url, timeout=timeout, max_body=0, headers={"accept": "*/*"}))
    match answer:
        case Fetched():
            headers = dict(reversed(answer.headers))
            if not (address := _address(answer, headers)):
                return Missed("no_address", "it answered 200, and did not say where its copy is: look there by hand")
            copied_at = _moment(headers.get("memento-datetime", ""))
            return Archived(errands.page, address, answer.status, asked_at, copied_at)
        case FetchFailed(reason=reason, detail=detail):
            return Missed(reason, detail)
        case _:
            return Missed("no_address", f"it answered {type(answer).__name__}")


def asking_for(archive: str, page: str) -> str:
    """The address that asks an archive for a page: appended as it is, or encoded where the archive's ends in a query.

    `https://web.archive.org/save/` is of the first kind, `https://archive.example/submit?url=` of the second.
    """
    page = urldefrag(page).url
    return archive + (quote(page, safe="") if "?" in archive else page)


def _address(answer: Fetched, headers: Mapping[str, str]) -> str:
    """Where the copy is: as a header says, else where the redirects ended; "" where neither tells."""
    named = headers.get("content-location") or headers.get("location") or ""
    address = urljoin(answer.url, named) if named else answer.url if answer.redirects else ""
    try:
        return web_url(address) if len(address) <= _LONGEST_ADDRESS else ""
    except ValueError:
        return ""


def _moment(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _without_query(url: str) -> str:
    """An address for others to read: a key may stand in its query."""
    return urlunsplit(urlsplit(url)._replace(query="", fragment=""))
