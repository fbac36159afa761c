"""Commands about statements: `items` and `history`."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

import typer

from aggregator.cli import out
from aggregator.cli.chapters import Chapter, chapters_of
from aggregator.cli.context import Failure, context
from store.events import FeedId, ItemId

if TYPE_CHECKING:
    from rich.text import Text

    from alerts.diff import Entry
    from store.ports import ItemRow, Views


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command()(items)
    app.command()(history)


def items(
    ctx: typer.Context,
    feed: str = typer.Option("", "--feed", metavar="ID", help="Only this feed's."),
    since: str = typer.Option("", "--since", metavar="7d", help="Only those first seen within this time."),
    match: str = typer.Option("", "--match", metavar="QUERY", help="Only those that a query matches, as in a rule."),
    withdrawn: bool = typer.Option(False, "--withdrawn", help="Only those that were withdrawn."),
) -> None:
    """List what is known, newest first."""
    from aggregator.clock import utc_now
    from store.ports import ItemFilter

    here = context(ctx)
    age = _duration(since) if since else None
    wanted = ItemFilter(
        feed=FeedId(feed) if feed else None, since=utc_now() - age if age else None, withdrawn=withdrawn
    )
    matcher = _matcher(match) if match else None
    with here.views() as views:
        rows = views.items(wanted, texts=matcher is not None)
        chosen = (row for row in rows if matcher is None or matcher(row))
        if here.json:
            out.emit_rows(item_row(row) for row in chosen)
        else:
            out.table(
                ("seen (UTC)", "state", "v", "title", "item"),
                ((out.when(r.observed_at), r.state, r.version, out.line(r.title, 90), r.id) for r in chosen),
                empty="no such item",
            )


def item_row(row: "ItemRow") -> dict[str, object]:
    """An item as CONTRACT 4 shows it."""
    return {
        "id": row.id,
        "feed": row.feed,
        "version": row.version,
        "state": row.state,
        "title": row.title,
        "link": row.link,
        "published_at": out.stamp(row.published_at),
        "observed_at": out.stamp(row.observed_at),
        "language": row.language,
    }


class _matcher:  # noqa: N801  # a function that carries its compiled query
    def __init__(self, query: str) -> None:
        from alerts.query import check
        from alerts.rules import RuleSet
        from store.events import RuleDefined, RuleId

        if errors := check(query, {}):
            raise Failure("\n".join(f"--match: {e.message}\n  {query}\n  {' ' * e.offset}^" for e in errors), 2)
        rule = RuleDefined(RuleId("match"), query, {}, None, (), (), "normal", "wording")
        self._rules = RuleSet.compile([rule])

    def __call__(self, row: "ItemRow") -> bool:
        from alerts.facts import face_of_row

        return bool(self._rules.match(face_of_row(row)))


def _duration(text: str) -> timedelta:
    from config.values import positive_duration

    try:
        return positive_duration(text)
    except ValueError as error:
        raise Failure(f"--since {text}: {error}", 2) from error


def history(
    ctx: typer.Context, item: str = typer.Argument(metavar="ITEM", help="The item's id, as `items` shows it.")
) -> None:
    """Show every version of an item, with word diffs, and what was observed when."""
    here = context(ctx)
    with here.views() as views:
        row = find_item(views, item)
        chapters = chapters_of(views, row.id)
    if here.json:
        out.emit_rows(chapter.as_row() for chapter in chapters)
        return
    out.say(f"{out.line(row.title)}\n{row.id}  {row.state}, version {row.version}\n{out.line(row.link)}\n")
    for chapter in chapters:
        _tell(chapter)


def find_item(views: "Views", wanted: str) -> "ItemRow":
    """The item of that id, or `Failure` 2 that says where ids are listed."""
    from store.ports import ItemFilter

    known = views.tx.items.get([ItemId(wanted)])
    if ItemId(wanted) not in known:
        raise Failure(f"no item {out.line(wanted)}: `feedwitness items` lists the ids", 2)
    return next(views.items(ItemFilter(item=ItemId(wanted)), texts=True))


def _tell(chapter: Chapter) -> None:
    out.say(f"{out.when(chapter.at)}  #{chapter.position}  {chapter.headline}")
    for line in chapter.details:
        out.say(f"    {out.line(line)}")
    for label, diff in chapter.diffs:
        out.say(_marked(label, diff))
    if chapter.text:
        out.say("\n".join(f"    {line}" for line in chapter.text.splitlines()))
    out.say("")


def _marked(label: str, diff: "Sequence[Entry]") -> "Text":
    from rich.text import Text

    styles = {"-": "red strike", "+": "green bold", "=": ""}
    marks = {"-": ("[-", "-]"), "+": ("{+", "+}"), "=": ("", "")}
    parts: Iterator[tuple[str, str]] = (
        (f"{marks[tag][0]}{_shortened(out.safe(text)) if tag == '=' else out.safe(text)}{marks[tag][1]}", styles[tag])
        for tag, text in diff
    )
    return Text.assemble(f"    {label}: ", *parts)


def _shortened(text: str, keep: int = 80) -> str:
    return text if len(text) <= 2 * keep + 3 else f"{text[:keep]} … {text[-keep:]}"
