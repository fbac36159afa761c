"""Commands about statements: `items` and `history`."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from aggregator.cli import out
from aggregator.cli.choosing import age_of, find_item, no_feed
from aggregator.cli.context import Failure, context
from aggregator.shown.rows import item_row
from store.events import FeedId, feed_stream

if TYPE_CHECKING:
    from rich.text import Text

    from aggregator.shown.chapters import Chapter
    from alerts.diff import Entry
    from config.model import Settings
    from store.ports import ItemRow, Views

KEPT = 100
"""Characters of unchanged text shown on each side of a change."""
LONGEST = 20_000
ABSENT = (
    "not decided yet: its page is asked for up to a day; then it is withdrawn or delisted, unless it is listed again"
)
"""What an absent item waits for: nothing else would say why a statement that is missing alerts nobody."""


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command()(items)
    app.command()(history)


def items(
    ctx: typer.Context,
    feed: Annotated[str, typer.Option("--feed", metavar="ID", help="Only this feed's.")] = "",
    since: Annotated[str, typer.Option("--since", metavar="7d", help="Only those first seen within this time.")] = "",
    match: Annotated[
        str | None, typer.Option("--match", metavar="QUERY", help="Only those that a query matches, as in a rule.")
    ] = None,
    withdrawn: Annotated[bool, typer.Option("--withdrawn", help="Only those that are withdrawn now.")] = False,
) -> None:
    """List what is known, newest first."""
    from aggregator.clock import utc_now
    from store.ports import ItemFilter

    here = context(ctx)
    settings = here.known
    age = age_of(since) if since else None
    matcher = _matcher(match, settings) if match is not None else None
    wanted = ItemFilter(
        feed=FeedId(feed) if feed else None,
        since=utc_now() - age if age else None,
        state="withdrawn" if withdrawn else None,
    )
    with here.views() as views:
        _refuse_unknown(settings, views, feed)
        rows = views.items(wanted, texts=matcher is not None)
        chosen = (row for row in rows if matcher is None or matcher(row))
        if here.json:
            out.emit_rows(item_row(row) for row in chosen)
        else:
            _tell_items(chosen, empty="no such item" if feed or since or match or withdrawn else "nothing is known yet")


def _tell_items(rows: "Iterator[ItemRow]", *, empty: str) -> None:
    from aggregator.cli.tables import table

    table(
        ("seen (UTC)", "v", "item", "title"),
        ((out.minute(r.observed_at), r.version, r.id, _titled(r)) for r in rows),
        empty=empty,
    )


def _titled(row: "ItemRow") -> str:
    """The title, with the state in front when it is not the ordinary one."""
    title = out.line(row.title, 200) or "(no title)"
    return title if row.state == "published" else f"[{row.state}] {title}"


def _refuse_unknown(settings: "Settings", views: "Views", feed: str) -> None:
    """A feed that neither the settings nor the log know is a mistake, not an empty answer."""
    if feed and feed not in settings.feeds and not views.tx.log.version(feed_stream(FeedId(feed))):
        raise Failure(no_feed(feed, settings), 2)


def _matcher(query: str, settings: "Settings") -> "Callable[[ItemRow], bool]":
    """A query as a test of items; it may name the topics of the settings. `Failure` 2 shows each mistake in it."""
    from aggregator.shown.search import WrongQuery, matcher

    try:
        return matcher(query, {name: topic.any for name, topic in settings.topics.items()}, settings.feeds)
    except WrongQuery as wrong:
        marked = (f"--match: {e.message}\n    {out.line(query)}\n    {' ' * e.offset}^" for e in wrong.errors)
        raise Failure("\n".join(marked), 2) from None


def history(
    ctx: typer.Context,
    item: Annotated[str, typer.Argument(metavar="ITEM", help="The item's id, as `items` shows it, or its beginning.")],
) -> None:
    """Show every version of an item, with word diffs. And what was observed when."""
    from aggregator.cli.feed_commands import in_words
    from aggregator.clock import utc_now
    from aggregator.shown.chapters import chapters_of
    from aggregator.shown.visits import page_lines
    from aggregator.shown.volatile import looked_past

    here = context(ctx)
    with here.views() as views:
        row = find_item(views, item)
        chapters = chapters_of(views, row.id)
        passed = looked_past(views, row.feed, row.id)
        page = page_lines(views, row.id, utc_now())
    if here.json:
        out.emit_rows(chapter.as_row() for chapter in chapters)
        return
    tell_item(row)
    for chapter in chapters:
        _tell(chapter)
    for each in passed:
        out.say(f"looked past, for it changes with every document: {in_words(each)} (UTC)")
    tell_page(page)


def tell_page(lines: Sequence[str]) -> None:
    """How the page behind an item stands, where it is looked at."""
    for number, line in enumerate(lines):
        out.say(f"{'' if number else 'its page':<10}{out.line(line)}")


def tell_item(row: "ItemRow") -> None:
    """The heading over what is told of one item."""
    from rich.text import Text

    out.say(Text(out.line(row.title) or "(no title)", style="bold"))
    out.say(f"{row.id}  {row.state}, version {row.version}\n{out.line(row.link)}")
    out.say(f"{ABSENT}\n" if row.state == "absent" else "")


def _tell(chapter: "Chapter") -> None:
    out.say(f"{out.when(chapter.at)} UTC  #{chapter.position}  {out.line(chapter.headline)}")
    for line in chapter.details:
        out.paragraph(out.line(line))
    for label, diff in chapter.diffs:
        out.paragraph(_marked(label, diff))
    if chapter.text:
        out.paragraph(chapter.text)
    out.say("")


def _marked(label: str, diff: "Sequence[Entry]") -> "Text":
    """A diff whose changes are marked by signs, and by colours where there are any."""
    from rich.text import Text

    from alerts.diff import shorten

    styles = {"-": "red strike", "+": "green bold"}
    marks = {"-": ("[-", "-]"), "+": ("{+", "+}"), "=": ("", "")}
    text = Text(f"{label}: ")
    for tag, words in shorten(diff, keep=KEPT, limit=LONGEST):
        if tag == "…":
            text.append(f" […{words} characters…] ", style="dim")
        else:
            text.append(out.safe(words).join(marks[tag]), style=styles.get(tag))
    return text
