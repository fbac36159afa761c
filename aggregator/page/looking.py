"""Looks at one page: asks for it, reads it in a killable child, and holds it against others where that tells more.

In: a visit and what is known of its item. Out: a `Seen`, whatever the page does. Requests to one host come one after
the other, with a pause between them. A page is a URL learnt from the network: no credentials or headers of the operator
go there, and private networks are out of reach.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from secrets import token_hex
from typing import Protocol, cast

from aggregator import soft404
from aggregator.deciding.normalise import FeedProfile
from aggregator.fetch.hop import learnt_by
from aggregator.fetch.page import Asked, compared, verdict
from aggregator.fetch.page import Looks as Fetches
from aggregator.outcome import Fetched, FetchFailed, FetchOutcome, FetchRequest, NotModified, PageProbe
from aggregator.page import decide
from aggregator.page.known import KnownPage
from aggregator.page.record import Seen, Subject, Validators
from aggregator.page.sight import PageSight, PageVerdict
from aggregator.page.text import PageOutcome, PageUnread
from store.chain import body_digest
from store.events import CaptureDigest
from store.ports import Capture, Visit

LARGEST = 5 << 20
ACCEPT = "text/html, application/xhtml+xml;q=0.9, */*;q=0.5"
NO_CAPTURE = CaptureDigest("")
_SAID = ("missing", "gone")
_ERRORS = ("error_page", "too_short", "empty")


class Looks(Fetches, Protocol):
    """Whoever fetches with manners."""

    def not_before(self, url: str, now: datetime) -> datetime | None:
        """The time before which the URL's host is to be left alone, None if it may be asked now."""
        ...


class Reads(Protocol):
    """Whoever takes the text out of a page."""

    async def extract(self, body: bytes, content_type: str, url: str, *, encoding: str = "") -> PageOutcome:
        """The text, or why there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Paged:
    """A feed whose pages are read. `like`: how it is asked; time-out, user agent, proxy and CA file go for its pages
    too.
    """

    profile: FeedProfile
    like: FetchRequest


class Looking:
    """Looks of one program. `rested` hears a host each time that a request to it has ended; `lost` says whether our own
    network is.
    """

    def __init__(
        self,
        fetcher: Looks,
        reader: Reads,
        *,
        now: Callable[[], datetime],
        lost: Callable[[], bool],
        rested: Callable[[str], None],
    ) -> None:
        self._fetcher, self._reader = fetcher, reader
        self._now, self._lost, self._rested = now, lost, rested

    async def see(self, visit: Visit, paged: Paged, about: Subject, pause: timedelta) -> Seen:
        """What stands at the page now."""
        answer = await self._ask(visit.url, paged, visit.host, conditional=visit)
        at = self._now()
        said, detail = _verdict(visit.url, answer)
        sight = PageSight(visit.item, at, said, detail, NO_CAPTURE)
        if isinstance(answer, FetchFailed) and answer.reason == "too_large" and said == "standing":
            seen = Seen(replace(sight, read=PageUnread("too_large", answer.detail)))
        elif isinstance(answer, FetchFailed):
            failed = "" if said in _SAID else answer.reason
            seen = Seen(sight, failed, answer.retry_after, self._lost())
        elif isinstance(answer, Fetched) and said == "standing":
            seen = await self._taken_in(visit, sight, answer, about)
        else:
            seen = Seen(sight)
        if decide.wants_control(about.known, seen.sight, about.memory) or _may_be_an_error(about.known, seen.sight):
            seen = replace(seen, sight=await self._controlled(visit, paged, about, seen.sight, answer, pause))
        return seen

    async def _taken_in(self, visit: Visit, sight: PageSight, answer: Fetched, about: Subject) -> Seen:
        """Read the page that came, unless its bytes are those of the last visit."""
        digest = CaptureDigest(body_digest(answer.body))
        validators = Validators(answer.etag, answer.last_modified, answer.url, digest)
        if digest == visit.body:
            return Seen(sight, validators=validators)
        read = await self._reader.extract(answer.body, answer.content_type, answer.url)
        capture = Capture(digest, visit.feed, answer.url, answer.headers, answer.body, sight.at)
        sight = replace(sight, read=read, capture=digest)
        if decide.wants_former(about.known, sight, about.memory) and about.former is not None:
            sight = replace(sight, former=await self._reread(about.former))
        return Seen(sight, validators=validators, capture=capture)

    async def _reread(self, kept: Capture) -> PageOutcome:
        """What the present extractor makes of a capture that another one read."""
        return await self._reader.extract(kept.body, kept.content_type, kept.url)

    async def _controlled(
        self,
        visit: Visit,
        paged: Paged,
        about: Subject,
        sight: PageSight,
        answer: FetchOutcome,
        pause: timedelta,
    ) -> PageSight:
        """With the page of an item that is still listed, read in the same breath; and of an item that no feed lists any
        more, beside what the site answers to a made-up address: a page like that one is missing ("soft 404").
        """
        if not about.control:
            return sight
        await asyncio.sleep(pause.total_seconds())
        control = await self._ask(about.control, paged, visit.host)
        if _verdict(about.control, control)[0] != "standing":
            return sight
        sight = replace(sight, control_stands=True, control_before=about.control_before)
        if not isinstance(control, Fetched):
            return sight
        sight = replace(sight, control=await self._reader.extract(control.body, control.content_type, control.url))
        made_up = soft404.made_up(visit.url, about.control, token_hex(16))
        if about.known.listed or not isinstance(answer, Fetched) or sight.verdict != "standing" or not made_up:
            return sight
        await asyncio.sleep(pause.total_seconds())
        asked = PageProbe(visit.item, visit.url, about.control, about.words)
        nowhere = Asked(made_up, await self._ask(made_up, paged, visit.host))
        page, other = Asked(visit.url, answer), Asked(about.control, control)
        told = await asyncio.to_thread(compared, asked, page, other, nowhere, sight.at)
        if told.verdict != "missing":
            return sight
        return replace(sight, verdict="missing", detail=told.detail, read=None, control_stands=told.sibling_stands)

    async def _ask(self, url: str, paged: Paged, host: str, conditional: Visit | None = None) -> FetchOutcome:
        """One GET of a URL that was learnt; the host is left in peace for a moment after it."""
        like = paged.like
        request = replace(learnt_by(like, url), max_body=min(like.max_body, LARGEST), accept=ACCEPT)
        if conditional is not None:
            request = replace(
                request,
                etag=conditional.etag,
                last_modified=conditional.last_modified,
                validated_url=conditional.validated_url,
            )
        try:
            return await self._fetcher.fetch(request)
        finally:
            self._rested(host)


def _may_be_an_error(known: KnownPage, sight: PageSight) -> bool:
    """Nothing can be read where a page stood, and no feed lists its item any more."""
    return isinstance(sight.read, PageUnread) and sight.read.reason in _ERRORS and not known.listed and bool(known.face)


def _verdict(url: str, answer: FetchOutcome) -> tuple[PageVerdict, str]:
    """What the answer says of the page, and the server's words. Here a 304 answers validators of our own."""
    if isinstance(answer, NotModified):
        return "standing", "304 Not Modified"
    said, detail = verdict(url, answer)
    return cast("PageVerdict", said), detail
