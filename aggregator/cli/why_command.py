"""The command `why`: why an item did, or did not, alert."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from aggregator.cli import out
from aggregator.cli.alert_commands import tell_delivery
from aggregator.cli.choosing import find_item
from aggregator.cli.context import Failure, context
from aggregator.cli.item_commands import tell_item, tell_page

if TYPE_CHECKING:
    from aggregator.cli.reasons import Judged, Reasons


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command()(why)


def why(
    ctx: typer.Context,
    item: Annotated[str, typer.Argument(metavar="ITEM", help="The item's id, as `items` shows it.")],
    rule: Annotated[str, typer.Argument(metavar="[RULE]", help="Only this rule.")] = "",
) -> None:
    """Say why an item did, or did not, alert. Per rule, per term, per delivery."""
    from aggregator.cli.reasons import reasons_of
    from aggregator.clock import utc_now
    from aggregator.shown.visits import page_lines

    here = context(ctx)
    with here.views() as views:
        row = find_item(views, item)
        in_force = [each for each in views.tx.rules.in_force() if not rule or each.rule == rule]
        if rule and not in_force:
            raise Failure(f"no rule {out.line(rule)} in force: `feedwitness rules` lists them", 2)
        told = [reasons_of(views, row, definition) for definition in in_force]
        page = page_lines(views, row.id, utc_now())
    if here.json:
        out.emit_rows(reasons.as_row() for reasons in told)
        return
    tell_item(row)
    if page:
        tell_page(page)
        out.say("")
    in_full = [reasons for reasons in told if rule or reasons.concerned]
    for reasons in in_full:
        _tell(reasons)
    _tell_unconcerned([reasons for reasons in told if reasons not in in_full], row.id)
    if not told:
        out.say("no rules are in force: write [rules.NAME] tables; `feedwitness check` reads them")


def _tell(reasons: "Reasons") -> None:
    from rich.text import Text

    out.say(Text(f"rule {reasons.rule.rule}: {reasons.verdict}", style="bold"))
    for line in reasons.lines():
        out.say(f"  {line}")
    for judged in reasons.judged:
        _tell_judged(judged)
    out.say("")


def _tell_judged(judged: "Judged") -> None:
    out.say(f"  {out.when(judged.at)}  #{judged.position}")
    out.paragraph(out.line(judged.words), 6)
    for told in judged.told:
        out.say(f"        alert {told.alert.alert}")
        if not told.deliveries:
            out.say("        to nobody: the rule has no `notify`")
        for delivery in told.deliveries:
            tell_delivery(delivery, indent=8)


def _tell_unconcerned(others: "Sequence[Reasons]", item: str) -> None:
    """Rules that never had anything to say of the item: a line each."""
    if not others:
        return
    out.say("rules that had nothing to tell of it")
    for reasons in others:
        out.say(f"  {reasons.rule.rule}: {reasons.verdict}")
    out.say(f"\n`feedwitness why {item} RULE` judges one of them term by term")
