"""Commands about how things stand: `status` and `feeds`."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import typer

from aggregator.cli import out
from aggregator.cli.choosing import no_feed
from aggregator.cli.context import Context, Failure, context

if TYPE_CHECKING:
    from aggregator.notice import Notice
    from aggregator.shown.sources import Source, Spell
    from aggregator.shown.visits import FeedPages
    from aggregator.shown.volatile import LookedPast
    from store.events import Recorded, SettingsApplied
    from store.lock import Holder
    from store.ports import Head, Views, VisitDepths

LAST_EVENTS = 5
NAMED = 5
"""How many of the feeds that fail for one reason are named."""


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command()(status)


def status(ctx: typer.Context) -> None:
    """How things stand: daemon, settings, log, alerts, feeds."""
    from aggregator.notice import notice_of
    from aggregator.shown.status import standing_of
    from aggregator.shown.troubles import network_lost_since
    from store.lock import holder

    here = context(ctx)
    settings = here.read.draft
    running = holder(settings.store.url)
    notice = notice_of(running.note) if running else None
    if notice is None:  # a daemon goes on with older settings when the newest are wrong; nobody else does
        settings = here.settings()
    with here.views(settings.store.url) as views:
        standing = standing_of(settings, views)
        lost_since = network_lost_since(views)
        recent = _last_events(views)
    if here.json:
        out.emit(standing.as_row(running))
        return
    if lost_since:
        out.say(f"our own network is lost since {out.minute(lost_since)} UTC; no source is blamed")
    _tell_program(running, notice, standing.applied, here.read.digest, standing.head)
    _tell_queues(standing.queues, standing.counts, standing.pages)
    told = Counter(source.state_in_words for source in standing.sources)
    states = ", ".join(f"{count} {state}" for state, count in sorted(told.items()))
    out.say(f"feeds     {states or 'none: write [feeds.NAME] tables, or include shipped ones'}")
    _tell_watched(standing.sources, verbose=here.verbose)
    if recent:
        out.say("\nlast events (UTC)")
    for recorded in recent:
        out.say(_event_line(recorded))


def _last_events(views: "Views") -> "Sequence[Recorded]":
    from store.events import Position

    return views.tx.log.read(Position(max(0, views.tx.log.head().position - LAST_EVENTS)), LAST_EVENTS)


def _event_line(recorded: "Recorded") -> str:
    from aggregator.shown.telling import headline
    from store.events import subject_of

    about = subject_of(recorded.event) or recorded.stream
    return (
        f"  #{recorded.position}  {out.when(recorded.recorded_at)}  {about}\n      {out.line(headline(recorded.event))}"
    )


def _tell_program(
    running: "Holder | None", notice: "Notice | None", applied: "SettingsApplied | None", digest: str, head: "Head"
) -> None:
    daemon = "not running: `feedwitness run` starts it"
    if running:
        daemon = f"{running.command}, process {running.pid}, since {running.minute} UTC"
    out.say(f"daemon    {daemon}")
    changed = ""
    if applied is not None and applied.digest != digest:
        changed = " (changed since)" if running else " (changed since: counts from the next start)"
    out.say(f"settings  {out.line(applied.file) + changed if applied else 'none applied yet'}")
    _tell_notice(notice)
    out.say(f"log       {out.counted(head.position, 'event')}, head {head.hash.hex()[:16]}")


def _tell_notice(notice: "Notice | None") -> None:
    """What the daemon says of the newest settings, where there is anything to say."""
    from aggregator.notice import needs_restart

    if notice is None:
        return
    if not notice.ok:
        out.say(f"          the newest have {out.counted(notice.found, 'mistake')}; older ones stay in force:")
        for mistake in notice.mistakes:
            out.say(f"          {out.line(mistake)}")
    if notice.restart:
        out.say(f"          {needs_restart(notice.restart)}")


def _tell_queues(queues: Mapping[str, int], counts: Mapping[str, int], pages: "VisitDepths") -> None:
    known, feeds = out.counted(counts["items"], "statement"), out.counted(counts["feeds"], "feed")
    out.say(f"known     {known} of {feeds}")
    told = ", ".join(f"{queue} {name}" for name, queue in queues.items() if name not in ("unread", "pages"))
    out.say(f"alerts    {told}")
    if queues["dead"]:
        out.say("          dead ones are tried no more: `feedwitness alerts --state dead`")
    if pages.planned or pages.failing:
        failing = f", {pages.failing} that cannot be read (`feedwitness feeds ID`)" if pages.failing else ""
        out.say(f"pages     {out.counted(pages.planned, 'visit')} planned, {pages.due} due{failing}")
    if queues["unread"]:
        out.say(f"unread    {out.counted(queues['unread'], 'event')} that rules have not read yet")


def _tell_watched(sources: "Sequence[Source]", *, verbose: bool) -> None:
    """How many can be seen, and who cannot, by reason."""
    from aggregator.cli.tables import table
    from aggregator.clock import utc_now
    from aggregator.shown.troubles import some, troubles_of

    now = utc_now()
    polled = [source.known for source in sources if source.feed.enabled and source.known and not source.failing]
    good = [known.last_good_at for known in polled if known.last_good_at]
    upcoming = [known.next_at for known in polled if known.next_at]
    if good:
        due = f", the next {out.ago(max(min(upcoming), now), now)}" if upcoming else ""
        out.say(f"seen      {out.counted(len(good), 'feed')}, the last one {out.ago(max(good), now)}{due}")
    troubles = troubles_of(sources)
    if not troubles:
        return
    out.say("")
    rows = [
        (
            out.counted(len(trouble.feeds), "feed"),
            out.minute(trouble.since),
            f"{trouble.words}\n{some(trouble.feeds, len(trouble.feeds) if verbose else NAMED)}",
        )
        for trouble in troubles
    ]
    table(("not seen", "since (UTC)", "why, and which"), rows, empty="")
    out.say("`feedwitness feeds` lists them one by one")


def _tell_sources(sources: "Sequence[Source]") -> None:
    from aggregator.cli.tables import table
    from aggregator.clock import utc_now
    from aggregator.shown.sources import COLUMNS

    now = utc_now()
    empty = "no feeds in the settings: write [feeds.NAME] tables, or include shipped ones"
    table(COLUMNS, [source.as_cells(now) for source in sources], empty=empty)


def feeds(ctx: typer.Context, feed: str = typer.Argument("", metavar="ID", help="One feed: its coverage.")) -> None:
    """List the feeds, or tell one feed's coverage: when we could not see it."""
    if ctx.invoked_subcommand:
        return
    from aggregator.shown.sources import sources_of, spells_of
    from aggregator.shown.visits import pages_of
    from aggregator.shown.volatile import looked_past
    from store.events import FeedId

    here = context(ctx)
    settings = here.settings()
    if feed and feed not in settings.feeds:
        raise Failure(no_feed(feed, settings), 2)
    with here.views_if_any() as views:
        sources = [source for source in sources_of(settings, views) if not feed or source.feed.id == feed]
        spells = spells_of(views, FeedId(feed)) if feed and views else []
        passed = looked_past(views, FeedId(feed)) if feed and views else []
        pages = pages_of(views, settings.feeds[feed]) if feed and views else None
    if feed:
        _tell_feed(here, sources[0], spells, passed, pages)
    elif here.json:
        out.emit_rows(source.as_row() for source in sources)
    else:
        _tell_sources(sources)


def _tell_feed(
    here: Context,
    source: "Source",
    spells: "Sequence[Spell]",
    passed: "Sequence[LookedPast]",
    pages: "FeedPages | None",
) -> None:
    from aggregator.clock import utc_now

    if here.json:
        lists = {"blind": [spell.as_row() for spell in spells], "volatile": [each.as_row() for each in passed]}
        out.emit_rows([source.as_row() | lists | {"pages": pages.as_row() if pages else None}])
        return
    known = source.known
    out.say(f"{source.feed.id}: {out.line(source.feed.title)}")
    for name, value in (
        ("address", source.as_row()["url"]),
        ("state", source.state_in_words),
        ("last good", f"{out.when(known.last_good_at)} UTC" if known and known.last_good_at else "never"),
        ("next", f"{out.when(known.next_at)} UTC" if known and known.next_at and source.feed.enabled else "-"),
        ("trouble", source.trouble or "none"),
    ):
        out.say(f"  {name:<10} {out.line(str(value))}")
    for number, line in enumerate(pages.lines(utc_now()) if pages else ()):
        out.say(f"  {'' if number else 'pages':<10} {out.line(line)}")
    if known is None:
        out.say("\nnever polled so far")
        return
    if known.last_good_at is None:
        out.say("\nnot seen so far")
    elif not spells:
        out.say("\nno blind spell since it is watched")
    if spells:
        out.say("\ncould not be seen (UTC)")
    for spell in spells:
        until = out.when(spell.until) if spell.until else "now"
        out.say(f"  {out.when(spell.since)} to {until}\n      {out.line(spell.reason)}")
    if passed:
        out.say("\nchange with every document, and are looked past (UTC)")
    for each in passed:
        out.say(f"  {each.item}\n      {in_words(each)}")


def in_words(each: "LookedPast") -> str:
    """What is looked past in one item, in a line."""
    blocks = out.counted(each.blocks, "block")
    return f"{blocks} since {out.minute(each.since)}: {each.changes} changes, the last at {out.minute(each.changed_at)}"
