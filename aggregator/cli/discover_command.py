"""The command `feeds discover`: the feeds behind an address, as tables for the settings."""

import asyncio
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Annotated

import typer

from aggregator.cli import documents, out
from aggregator.cli.context import Context, Failure, context

if TYPE_CHECKING:
    from aggregator.finding.proposal import Proposal
    from aggregator.finding.search import Missed, Search
    from config.model import Settings

ADVICE = {
    "dns": "is the host's name spelt rightly, and this machine online?",
    "challenge": "the site wants no programs on that page; a person with a browser can look for the feed's own address",
    "http_401": "it wants a name and a password: `username` and `password` of a [feeds.NAME] table",
    "http_403": "it lets this program not in; `contact` in [fetch] says who asks, and may be what it misses",
    "http_429": "it wants to be left alone for a while: try again later",
    "http_503": "it wants to be left alone for a while: try again later",
    "ssrf_blocked": "the page names an address in a private network: `allow_networks` in [fetch] opens that network",
}


def discover(
    ctx: typer.Context,
    url: Annotated[str, typer.Argument(metavar="URL", help="A page, a site, or a feed itself.")],
) -> int:
    """Find the feeds behind a page, the best first. Prints tables for the settings."""
    from aggregator.cli.known_feeds import known_feeds, settings_if_any
    from aggregator.finding.proposal import propose

    here = context(ctx)
    addresses = _addresses(url)
    settings = settings_if_any(here)
    with _waiting(here, addresses[0]):
        search = asyncio.run(_search(settings, addresses))
    proposals = propose(search.found, known_feeds(settings))
    if here.json:
        out.emit({
            "found": [proposal.as_row() for proposal in proposals],
            "missed": [{"url": m.url, "how": m.how, "reason": m.reason, "detail": m.detail} for m in search.missed],
            "unseen": search.unseen,
        })  # fmt: skip
    else:
        _tell(proposals)
        _tell_missed(here, search, url)
    return 0 if proposals else 1


def _addresses(url: str) -> list[str]:
    """What to look at: without a scheme, first by https and then by http."""
    from config.addresses import web_url

    whole = [url] if "://" in url else [f"https://{url}", f"http://{url}"]
    try:
        return [web_url(each) for each in whole]
    except ValueError as error:
        raise Failure(f"URL: {out.line(str(error))}", 2) from error


def _waiting(here: Context, address: str) -> AbstractContextManager[object]:
    """Something that moves, for somebody who waits at a terminal."""
    if here.json or not sys.stderr.isatty():
        return nullcontext()
    from rich.console import Console

    return Console(stderr=True, markup=False).status(f"looking at {out.line(address)}")


async def _search(settings: "Settings", addresses: Sequence[str]) -> "Search":
    from aggregator.clock import utc_now
    from aggregator.fetch.client import Fetcher
    from aggregator.fetch.etiquette import Etiquette
    from aggregator.finding.search import Finder
    from aggregator.manners import Manners
    from aggregator.outcome import FetchRequest
    from aggregator.parse.pool import ParsePool
    from aggregator.ways_out import revealed, user_agent

    fetch = settings.fetch
    like = FetchRequest(
        url="",
        timeout=fetch.timeout,
        max_body=fetch.max_body,
        user_agent=user_agent(settings),
        proxy=revealed(fetch.proxy),
    )
    pool = ParsePool()
    async with Fetcher(fetch.allow_networks) as fetcher:
        manners = Manners(fetcher, Etiquette(fetch.max_in_flight, fetch.per_host), now=utc_now)
        finder = Finder(manners, pool, like, utc_now)
        try:
            for address in addresses:
                search = await finder.search(address)
                if search.answered:
                    break
        finally:
            await pool.close()
    return search


def _tell(proposals: "Sequence[Proposal]") -> None:
    from aggregator.finding.listed import as_toml

    for proposal in proposals:
        if proposal.known_as:
            out.note(f"{proposal.feed.url}: in the settings already, as {proposal.known_as}")
    if new := [proposal.feed for proposal in proposals if not proposal.known_as]:
        documents.write(as_toml(new))


def _tell_missed(here: Context, search: "Search", asked: str) -> None:
    """What is worth knowing of addresses that gave no feed: all of it where none was found."""
    from aggregator.finding.search import DECLARED, GUESSED, ITSELF
    from aggregator.shown.telling import reason_in_words

    reasons: list[str] = []
    for missed in search.missed:
        told = missed.how == DECLARED or (missed.how != GUESSED and not search.found) or here.verbose
        if missed.how == ITSELF and missed.reason == "html":
            told = False
        if told:
            words = missed.detail if missed.reason == "ssrf_blocked" else reason_in_words(missed.reason)
            out.note(f"{out.line(missed.url)} ({missed.how}): {words}")
            reasons.append(missed.reason)
    for reason in dict.fromkeys(reasons):
        if reason in ADVICE:
            out.note(ADVICE[reason])
    if search.unseen:
        out.note(f"the page names {out.counted(search.unseen, 'feed')} more, which were not looked at")
    if not search.found:
        out.note(f"no feed found at {out.line(asked)}{_where(search.missed)}")


def _where(missed: "Sequence[Missed]") -> str:
    """Where else was looked."""
    from urllib.parse import urlsplit

    from aggregator.finding.search import DECLARED, GUESSED, ITSELF

    page = any(each.how == ITSELF and each.reason == "html" for each in missed)
    names_none = ["the page names none"] if page and not any(each.how == DECLARED for each in missed) else []
    guessed = [urlsplit(each.url).path for each in missed if each.how == GUESSED]
    told = [*names_none, *([f"there is none at {', '.join(guessed)}"] if guessed else [])]
    return f": {', and '.join(told)}" if told else ""
