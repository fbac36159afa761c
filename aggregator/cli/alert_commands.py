"""Commands about the outbox: `alerts`; and the list of rules."""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from aggregator.cli import by_hand, out
from aggregator.cli.choosing import find_alert
from aggregator.cli.context import Context, Failure, context
from aggregator.shown.rows import alert_row, delivery_row, rule_row, shown_state
from store.events import ItemId
from store.ports import ERASED

if TYPE_CHECKING:
    from store.events import RuleDefined
    from store.ports import Delivery, Views

STATES = ("pending", "held", "delivered", "dead")
SHOWN = 50
ALL = 2**63 - 1


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    group = typer.Typer(invoke_without_command=True, help="The outbox: what was sent, waits, is held, or is dead.")
    group.callback()(alerts)
    group.command("show")(show)
    by_hand.register(group)
    app.add_typer(group, name="alerts")


def rules(ctx: typer.Context) -> None:
    """List the rules in force, with how often each has told of something."""
    here = context(ctx)
    with here.views_if_any() as views:
        told = [(rule, views.hits(rule.rule)) for rule in views.tx.rules.in_force()] if views else _not_yet(here)
    if here.json:
        out.emit_rows(rule_row(rule, hits) for rule, hits in told)
        return
    from aggregator.cli.tables import table

    table(
        ("rule", "hits", "notify", "match"),
        [
            (r.rule, hits, ", ".join(r.notify) or "-", f"{r.match or '(source health)'}\non {', '.join(r.on)}")
            for r, hits in told
        ],
        empty="no rules in force: write [rules.NAME] tables; `feedwitness check` reads them",
    )


def _not_yet(here: Context) -> "list[tuple[RuleDefined, int]]":
    """The rules of the settings, where none was ever in force."""
    from aggregator.settings import definitions

    out.note("not in force yet: `feedwitness run` or `poll` puts them in force")
    return [(rule, 0) for rule in definitions(here.settings())]


def alerts(
    ctx: typer.Context,
    state: Annotated[
        str, typer.Option("--state", metavar="|".join(STATES), help="Only deliveries in this state.")
    ] = "",
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=0, help=f"So many at most; {SHOWN} if not said, all with --json.")
    ] = 0,
) -> None:
    """List deliveries, newest first: one row for each recipient."""
    if ctx.invoked_subcommand:
        return
    if state and state not in STATES:
        raise Failure(f"--state {out.line(state)}: one of {', '.join(STATES)}", 2)
    here = context(ctx)
    with here.views() as views:
        if here.json:
            out.emit_rows(delivery_row(d) for d in newest_first(views, state, limit))
            return
        chosen = newest_first(views, state, limit or SHOWN)
        titles = titles_of(views, {d.item for d in chosen if d.item})
        counts = views.counts()
    from aggregator.cli.tables import table

    table(
        ("made (UTC)", "state", "rule", "transition", "channel", "what, and what became of it"),
        [(out.minute(d.created_at), shown_state(d), d.rule, d.transition, d.channel, _told(d, titles)) for d in chosen],
        empty=f"no alerts that are {state}" if state else "no alerts so far",
    )
    there = sum(counts[each] for each in _stored(state))
    if there > len(chosen):
        out.note(f"{there - len(chosen)} older ones are not shown: `--limit {there}` shows all")


def _stored(state: str) -> tuple[str, ...]:
    """The states of the outbox behind a state that people know; "" is any."""
    known = (state,) if state else STATES
    return (*known, "leased") if "pending" in known else known


def newest_first(views: "Views", state: str, limit: int) -> "Sequence[Delivery]":
    """Deliveries in that state ("" = any), at most so many (0 = all); what is being sent right now is still pending."""
    most = limit or ALL
    if not state:
        return views.deliveries(newest=most)
    found = [delivery for each in _stored(state) for delivery in views.deliveries(state=each, newest=most)]
    return sorted(found, key=lambda d: (out.stamp(d.created_at) or "", d.id), reverse=True)[:most]


def titles_of(views: "Views", items: Collection[ItemId]) -> Mapping[ItemId, str]:
    """The present titles of these items, safe for one line; erased ones say so."""
    known = views.tx.items.get(items)
    texts = views.tx.texts.get({item.content.title for item in known.values()})
    return {name: out.line(texts.get(item.content.title, ERASED), 120) for name, item in known.items()}


def _told(delivery: "Delivery", titles: Mapping[ItemId, str]) -> str:
    title = titles.get(delivery.item, delivery.item) if delivery.item else ""
    return "\n".join(filter(None, (title, prospect(delivery), f"alert {delivery.alert}")))


def prospect(delivery: "Delivery") -> str:
    """What became of a delivery, or what it waits for, in one line."""
    tries = f"{delivery.attempts} {'try' if delivery.attempts == 1 else 'tries'}"
    answer = out.line(delivery.last_answer, 200)
    match delivery.state:
        case "held":
            return f"held: {delivery.reason}"
        case "leased":
            return f"being sent now, {tries}"
        case "pending" if delivery.attempts:
            return f"{tries}, again at {out.when(delivery.next_at)}: {answer}"
        case "pending":
            return "not tried yet"
        case _:
            return f"{tries}: {answer}"


def show(
    ctx: typer.Context, alert: Annotated[str, typer.Argument(metavar="ID", help="The alert's id, or its beginning.")]
) -> None:
    """Show one alert: what it tells of, and each delivery."""
    here = context(ctx)
    with here.views() as views:
        row = find_alert(views, alert)
        deliveries = views.deliveries(alert=row.alert)
        titles = titles_of(views, [row.item]) if row.item else {}
    if here.json:
        out.emit(alert_row(row, deliveries))
        return
    held = f", held: {row.held}" if row.held else ""
    out.say(f"{row.transition} under rule {row.rule}{held}")
    for name, value in (
        ("alert", row.alert),
        ("raised", f"{out.when(row.recorded_at)} UTC, because of event #{row.cause}"),
        ("feed", row.feed),
        ("item", f"{row.item}: {titles.get(row.item, '')}" if row.item else ""),
        ("follows", f"alert {row.follows}" if row.follows else ""),
    ):
        if value:
            out.say(f"  {name:<8} {value}")
    for delivery in deliveries:
        tell_delivery(delivery, indent=2)
    if row.item:
        out.say(f"\n`feedwitness why {row.item} {row.rule}` says how it came to this")


def tell_delivery(delivery: "Delivery", *, indent: int) -> None:
    """One delivery in a line: to whom, and what became of it."""
    to = f"{delivery.channel} {delivery.recipient}".strip()
    told = prospect(delivery)
    out.paragraph(out.line(f"{to}: {told if delivery.state == 'held' else f'{shown_state(delivery)}, {told}'}"), indent)
