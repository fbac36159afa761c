"""Commands about rules and what they raised: `rules`, `why`, `alerts`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from aggregator.cli import out
from aggregator.cli.context import Failure, context
from aggregator.cli.item_commands import find_item
from store.events import AlertId, RuleId

if TYPE_CHECKING:
    from store.ports import AlertRow, Delivery

STATES = ("pending", "held", "delivered", "dead")


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command()(rules)
    app.command()(why)
    group = typer.Typer(invoke_without_command=True, help="The outbox: what was sent, waits, is held, or is dead.")
    group.callback()(alerts)
    group.command("show")(show)
    app.add_typer(group, name="alerts")


def rules(ctx: typer.Context) -> None:
    """List the rules in force, with how often each has told of something."""
    here = context(ctx)
    with here.views() as views:
        rows = [
            {"id": r.rule, "match": r.match, "on": list(r.on), "notify": list(r.notify), "hits": views.hits(r.rule)}
            for r in views.tx.rules.in_force()
        ]
    if here.json:
        out.emit_rows(rows)
        return
    out.table(
        ("rule", "hits", "on", "notify", "match"),
        ((r["id"], r["hits"], _listed(r["on"]), _listed(r["notify"]), r["match"] or "(source health)") for r in rows),
        empty="no rules in force: write [rules.NAME] tables; `feedwitness check` reads them",
    )


def _listed(words: object) -> str:
    return ", ".join(words) if isinstance(words, list) else ""


def alerts(
    ctx: typer.Context,
    state: str = typer.Option("", "--state", metavar="|".join(STATES), help="Only deliveries in this state."),
) -> None:
    """List deliveries, newest first: one row for each recipient."""
    if ctx.invoked_subcommand:
        return
    if state and state not in STATES:
        raise Failure(f"--state {out.line(state)}: one of {', '.join(STATES)}", 2)
    here = context(ctx)
    with here.views() as views:
        deliveries = views.deliveries(state=state or None)
    if here.json:
        out.emit_rows(delivery_row(d) for d in deliveries)
        return
    out.table(
        ("made (UTC)", "state", "rule", "transition", "channel", "tries", "next or answer", "alert"),
        (
            (out.when(d.created_at), d.state, d.rule, d.transition, d.channel, d.attempts, _prospect(d), d.alert)
            for d in deliveries
        ),
        empty="no alerts",
    )


def delivery_row(delivery: "Delivery") -> dict[str, object]:
    """A delivery as CONTRACT 4 shows it."""
    return {
        "delivery_id": delivery.id,
        "alert_id": delivery.alert,
        "rule": delivery.rule,
        "transition": delivery.transition,
        "item": delivery.item,
        "channel": delivery.channel,
        "recipient": delivery.recipient or None,
        "state": "pending" if delivery.state == "leased" else delivery.state,
        "reason": delivery.reason or None,
        "attempts": delivery.attempts,
        "next_at": out.stamp(delivery.next_at),
        "last_answer": delivery.last_answer or None,
    }


def _prospect(delivery: "Delivery") -> str:
    match delivery.state:
        case "held":
            return f"held: {delivery.reason}"
        case "pending" if delivery.attempts:
            return f"again at {out.when(delivery.next_at)}: {delivery.last_answer}"
        case _:
            return delivery.last_answer


def show(ctx: typer.Context, alert: str = typer.Argument(metavar="ID", help="The alert's id.")) -> None:
    """Show one alert: what it tells of, and each delivery."""
    here = context(ctx)
    with here.views() as views:
        rows = views.alerts(alert=AlertId(alert))
        if not rows:
            raise Failure(f"no alert {out.line(alert)}: `feedwitness alerts` lists the ids", 2)
        deliveries = views.deliveries(alert=AlertId(alert))
    if here.json:
        out.emit(_alert_row(rows[0]) | {"deliveries": [delivery_row(d) for d in deliveries]})
        return
    _tell_alert(rows[0], deliveries)


def _alert_row(row: "AlertRow") -> dict[str, object]:
    return {
        "alert_id": row.alert, "rule": row.rule, "feed": row.feed, "item": row.item, "transition": row.transition,
        "cause": row.cause, "position": row.position, "raised_at": out.stamp(row.recorded_at),
        "held": row.held or None, "follows": row.follows,
    }  # fmt: skip


def _tell_alert(row: "AlertRow", deliveries: "Sequence[Delivery]") -> None:
    held = f", held: {row.held}" if row.held else ""
    out.say(
        f"{out.when(row.recorded_at)}  {row.transition} under rule {row.rule}{held}"
        f"  (alert {row.alert}, because of event {row.cause})"
    )
    for d in deliveries:
        to = f"{d.channel} {d.recipient}".strip()
        out.say(f"    {to}: {d.state}, {d.attempts} attempt(s). {_prospect(d)}".rstrip())


def why(
    ctx: typer.Context,
    item: str = typer.Argument(metavar="ITEM", help="The item's id, as `items` shows it."),
    rule: str = typer.Argument("", metavar="[RULE]", help="Only this rule."),
) -> None:
    """Say why an item did, or did not, alert: per rule, per term, per delivery."""
    from aggregator.cli.reasons import reasons_of

    here = context(ctx)
    with here.views() as views:
        row = find_item(views, item)
        in_force = [r for r in views.tx.rules.in_force() if not rule or r.rule == rule]
        if rule and not in_force:
            raise Failure(f"no rule {out.line(rule)} in force: `feedwitness rules` lists them", 2)
        told = [reasons_of(views, row, definition) for definition in in_force]
        if here.json:
            out.emit_rows(reasons.as_row() for reasons in told)
            return
        out.say(f"{out.line(row.title)}\n{row.id}  {row.state}, version {row.version}\n")
        for reasons in told:
            out.say(f"{reasons.rule}: {reasons.verdict}")
            for line in reasons.clauses:
                out.say(f"    {line}")
            for judged in reasons.judged:
                out.say(f"    #{judged.position} {out.when(judged.at)} {judged.kind}: {judged.outcome}")
            for alert in views.alerts(item=row.id):
                if alert.rule == RuleId(reasons.rule):
                    _tell_alert(alert, views.deliveries(alert=alert.alert))
            out.say("")
