"""The commands `feeds import` and `feeds export`: lists of feeds from and for other programs, as OPML."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aggregator.cli import documents, out
from aggregator.cli.context import Failure, context

if TYPE_CHECKING:
    from aggregator.finding.adopt import Adopted, LeftOut
    from aggregator.finding.opml import FeedList

NAMED = 20
"""How many feeds that do not come in are named."""


def take_in(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="The OPML file; `-` reads standard input.")],
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="NEW", help="Write there, where nothing is yet.")
    ] = "",
) -> int:
    """Turn an OPML list into tables for the settings. Folders become tags."""
    from aggregator.cli.known_feeds import known_feeds, settings_if_any
    from aggregator.finding.adopt import adopt
    from aggregator.finding.listed import as_toml

    here = context(ctx)
    read = _read(file)
    adopted = adopt(read.feeds, known_feeds(settings_if_any(here)))
    good = bool(adopted.feeds or adopted.known) and not adopted.unusable and read.whole
    text = f"# {out.counted(len(adopted.feeds), 'feed')} from {out.line(Path(file).name)}\n\n{as_toml(adopted.feeds)}"
    if output and adopted.feeds:
        documents.write(text, output)
    if here.json:
        out.emit(_as_json(adopted, whole=read.whole))
        return 0 if good else 1
    if adopted.feeds and not output:
        documents.write(text)
    _tell(adopted, read, output, verbose=here.verbose)
    return 0 if good else 1


def _read(file: str) -> "FeedList":
    from aggregator.finding.opml import MOST_BYTES, NoList, read

    try:
        return read(documents.read(file, MOST_BYTES + 1))
    except NoList as none:
        raise Failure(f"{out.line(file)} is no list of feeds that can be read: {out.line(str(none))}", 2) from none


def _as_json(adopted: "Adopted", *, whole: bool) -> dict[str, object]:
    return {
        "feeds": [
            {"id": f.id, "url": f.url, "title": f.title, "language": f.language, "tags": list(f.tags)}
            for f in adopted.feeds
        ],
        "known": [{"url": each.url, "title": each.title, "id": each.known_as or None} for each in adopted.known],
        "unusable": [{"url": each.url, "title": each.title, "problem": each.problem} for each in adopted.unusable],
        "whole": whole,
    }


def _tell(adopted: "Adopted", read: "FeedList", output: str, *, verbose: bool) -> None:
    twice = [f"{_named(each)}: twice in the list" for each in adopted.known if not each.known_as]
    known = [f"{_named(each)}: in the settings already, as {each.known_as}" for each in adopted.known if each.known_as]
    unusable = [f"{_named(each)}: left out, its address {each.problem}" for each in adopted.unusable]
    for lines in (twice, known, unusable):
        _note_some(lines, len(lines) if verbose else NAMED)
    if not read.whole:
        out.note("the list ends too early: what comes after its end is not in it")
    if not read.feeds:
        out.note("the list names no feed: outlines of feeds have an xmlUrl")
    counts = (out.counted(len(adopted.feeds), "feed"), len(adopted.known), len(adopted.unusable))
    out.note("{} taken, {} repeated or known, {} unusable".format(*counts))
    if output and adopted.feeds:
        out.note(f"written to {out.line(output)}: name it in `include` of the settings, then `feedwitness check`")


def _named(feed: "LeftOut") -> str:
    title = out.line(feed.title, 60)
    return f"{out.line(feed.url, 200)} ({title})" if title else out.line(feed.url, 200)


def _note_some(lines: Sequence[str], most: int) -> None:
    for line in lines[:most]:
        out.note(line)
    if len(lines) > most:
        out.note(f"… and {len(lines) - most} more like that: `-v` names all")


def hand_out(
    ctx: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Feeds that are off as well.")] = False,
) -> None:
    """Print the feeds of the settings as OPML 2.0. For other programs; tags become folders and categories."""
    from aggregator.clock import utc_now
    from aggregator.finding.opml import Outline, write
    from aggregator.settings import public_url

    here = context(ctx)
    chosen = [feed for feed in here.settings().feeds.values() if everything or feed.enabled]
    if here.json:
        out.emit_rows(
            {"id": f.id, "url": public_url(f.url), "title": f.title, "language": f.language, "tags": list(f.tags)}
            for f in chosen
        )
        return
    listed = [Outline(public_url(feed.url), feed.title, feed.language, feed.tags) for feed in chosen]
    documents.write(write(listed, "Feeds watched by feedwitness", utc_now()))
    if not chosen:
        out.note("no feed of the settings is on; `--all` exports those that are off")
