"""The command `rules report`: what the rules in force have told, which never did, and which are the noisiest."""

from typing import TYPE_CHECKING, Annotated

import typer

from aggregator.cli import out
from aggregator.cli.choosing import age_of
from aggregator.cli.context import context

if TYPE_CHECKING:
    from aggregator.shown.report import Report, RuleReport


def report(
    ctx: typer.Context,
    since: Annotated[str, typer.Option("--since", metavar="30d", help="How far back.")] = "30d",
) -> None:
    """Say of each rule in force what it told: hits, what was held and why, when it last fired; the noisiest first."""
    from aggregator.clock import utc_now
    from aggregator.shown.report import report_of

    here = context(ctx)
    now = utc_now()
    with here.store() as store:
        told = report_of(store, now - age_of(since), now)
    if here.json:
        out.emit(told.as_document())
    else:
        _tell(told)


def _tell(told: "Report") -> None:
    from aggregator.cli.tables import table

    out.say(f"from {out.minute(told.since)} to {out.minute(told.until)} UTC, the noisiest first\n")
    table(
        ("rule", "hits", "a day", "last fired (UTC)", "held"),
        [(each.rule.rule, each.hits, f"{told.a_day(each):.1f}", _last(each), _held(each)) for each in told.rules],
        empty="no rules in force: write [rules.NAME] tables; `feedwitness check` reads them",
    )
    if never := [each.rule.rule for each in told.rules if not each.ever]:
        out.say(f"\nnever fired: {', '.join(never)}\n`feedwitness rules backtest RULE` says what one would have told")


def _last(rule: "RuleReport") -> str:
    return out.minute(rule.last_at) if rule.last_at else "never"


def _held(rule: "RuleReport") -> str:
    return ", ".join(f"{count} {reason}" for reason, count in rule.reasons.items()) or "-"
