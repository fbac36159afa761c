"""What `evidence` asks of others, a timestamp authority and an archive: the options read, the errands run, the outcome
told. None of it spoils the file: where they give nothing, the file is made without, and the exit status says so.
"""

import asyncio
import sys
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aggregator.cli import out
from aggregator.cli.context import Failure

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from aggregator.evidence.errands import Errands
    from aggregator.evidence.outside import Archived, Missed, Outside, Timestamp
    from config.model import Settings
    from store.ports import ItemRow

_CLOCKS_AGREE = timedelta(minutes=5)


def errands(row: "ItemRow", timestamp: str, ca: Path | None, archive: str) -> "Errands":
    """The options as they are wanted; `Failure` 2 where they cannot be meant."""
    from aggregator.evidence.errands import Errands

    if ca is not None and not timestamp:
        raise Failure("--timestamp-ca is for --timestamp URL: name the authority too", 2)
    return Errands(
        authority=_address("--timestamp", timestamp),
        believed=_certificates(ca) if ca is not None else (),
        archive=_address("--archive", archive),
        page="" if row.erased else row.link,
    )


def _address(option: str, url: str) -> str:
    from config.addresses import web_url

    if not url:
        return ""
    if "@" in url.partition("://")[2].partition("/")[0]:
        raise Failure(f"{option}: no user name or password in the URL: others on this machine could read it", 2)
    try:
        return web_url(url)
    except ValueError as error:
        raise Failure(f"{option}: {out.line(str(error))}", 2) from error


def _certificates(file: Path) -> "list[Certificate]":
    from cryptography.x509 import load_pem_x509_certificates

    try:
        return load_pem_x509_certificates(file.read_bytes())
    except OSError as error:
        raise Failure(f"--timestamp-ca: {out.line(str(file))} cannot be read: {error.strerror}", 2) from error
    except ValueError as error:
        msg = (
            f"--timestamp-ca: {out.line(str(file))} holds no certificate in PEM: -----BEGIN CERTIFICATE----- and so on"
        )
        raise Failure(msg, 2) from error


def ask(settings: "Settings", wanted: "Errands", checkpoint: bytes, *, quiet: bool) -> "Outside":
    """Run the errands; nobody is asked where nothing is wanted."""
    from aggregator.evidence.outside import NOTHING

    if not wanted.authority and not wanted.archive:
        return NOTHING
    with _waiting(wanted, quiet=quiet):
        return asyncio.run(_asked(settings, wanted, checkpoint))


def _waiting(wanted: "Errands", *, quiet: bool) -> AbstractContextManager[object]:
    """Something that moves, for somebody who waits at a terminal."""
    if quiet or not sys.stderr.isatty():
        return nullcontext()
    from rich.console import Console

    hosts = " and ".join(urlsplit(url).hostname or "" for url in (wanted.authority, wanted.archive) if url)
    return Console(stderr=True, markup=False).status(f"asking {out.line(hosts)}")


async def _asked(settings: "Settings", wanted: "Errands", checkpoint: bytes) -> "Outside":
    from aggregator.clock import utc_now
    from aggregator.evidence.errands import run
    from aggregator.fetch.client import Fetcher
    from aggregator.fetch.guard import AddressGuard
    from aggregator.outcome import FetchRequest
    from aggregator.ways_out import revealed, user_agent

    fetch = settings.fetch
    like = FetchRequest(
        url="", timeout=fetch.timeout, max_body=0, user_agent=user_agent(settings), proxy=revealed(fetch.proxy)
    )
    async with Fetcher(fetch.allow_networks) as fetcher:
        return await run(fetcher, like, wanted, checkpoint, AddressGuard(fetch.allow_networks), utc_now)


def tell(outside: "Outside") -> None:
    """For people: on stdout what is in the file, on stderr what is not and what to look at."""
    if outside.timestamp is not None:
        _tell_timestamp(outside.timestamp)
    if outside.archived is not None:
        _tell_archived(outside.archived)


def _tell_timestamp(stamp: "Timestamp | Missed") -> None:
    from aggregator.clock import utc_now
    from aggregator.evidence.outside import Missed

    if isinstance(stamp, Missed):
        out.note(f"no timestamp ({stamp.reason}): {out.line(stamp.detail)}; {_WITHOUT}")
        return
    out.say(f"timestamp: {out.when(stamp.at)} UTC, by {out.line(stamp.signer)}, policy {stamp.policy}")
    if not stamp.anchored:
        out.note(
            "whether that authority is who it says was not checked: --timestamp-ca FILE holds it to its certificate"
        )
    apart = abs(stamp.at - utc_now())
    if apart > _CLOCKS_AGREE:
        out.note(
            f"its clock and this machine's are {apart.total_seconds() / 60:.0f} minutes apart: one of them is wrong"
        )


def _tell_archived(copy: "Archived | Missed") -> None:
    from aggregator.evidence.outside import Missed

    if isinstance(copy, Missed):
        out.note(f"no archived copy ({copy.reason}): {out.line(copy.detail)}; {_WITHOUT}")
        return
    made = f", made {out.when(copy.copied_at)} UTC by its clock" if copy.copied_at else ""
    out.say(f"archived copy: {out.line(copy.address)}{made}")


_WITHOUT = "the file was made without it, and another FILE can have it"


def row_of(outcome: "Timestamp | Archived | Missed") -> dict[str, object]:
    """For JSON."""
    from aggregator.evidence.outside import Missed

    return {"ok": not isinstance(outcome, Missed), **outcome.as_row()}


def complete(outside: "Outside") -> bool:
    """Whether all that was wanted was given."""
    from aggregator.evidence.outside import Missed

    return not isinstance(outside.timestamp, Missed) and not isinstance(outside.archived, Missed)
