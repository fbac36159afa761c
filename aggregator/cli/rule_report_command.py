"""The command `rules report`: what the rules in force have told, which never did, and which are the noisiest."""

from typing import TYPE_CHECKING, Annotated

import typer

from aggregator.cli import out
from aggregator.cli.choosing import age_of
from aggregator.cli.context import context

if TYPE_CHECKING:
    from aggregator.cli.context import Context
    from aggregator.shown.report import Report, RuleReport
    from store.database import SqlStore


def report(
    ctx: typer.Context,
    since: Annotated[str, typer.Option("--since", metavar="30d", help="How far back.")] = "30d",
    terms: Annotated[
        bool, typer.Option("--terms", help="Look also for terms that stood in no statement; reads every text.")
    ] = False,
) -> None:
    """Say of each rule in force what it told. Hits, what was held and why, when it last fired; the noisiest first."""
    from aggregator.clock import utc_now
    from aggregator.shown.report import report_of

    here = context(ctx)
    now = utc_now()
    with here.store() as store:
        told = report_of(store, now - age_of(since), now)
        if terms:
            _look_for_terms(here, store, told)
    if here.json:
        out.emit(told.as_document())
    else:
        _tell(told)


def _look_for_terms(here: "Context", store: "SqlStore", told: "Report") -> None:
    """Note the dead terms of each rule that looks at texts."""
    from aggregator.settings import card
    from alerts.dead_terms import DeadTerms
    from store.events import FeedId

    cards = {FeedId(feed.id): card(feed) for feed in here.settings().feeds.values()}
    search = DeadTerms([each.rule for each in told.rules])
    with out.progress("reading statements", quiet=here.json) as advance:
        for position in search.read(store, cards, told.after, told.head):
            advance(position - told.after, told.head - told.after)
    dead = search.of_rules
    for each in told.rules:
        each.dead_terms = dead.get(each.rule.rule, ())


def _tell(told: "Report") -> None:
    from aggregator.cli.tables import table

    out.say(f"from {out.minute(told.since)} to {out.minute(told.until)} UTC, the noisiest first\n")
    table(
        ("rule", "hits", "a day", "last fired (UTC)", "held"),
        [(each.rule.rule, each.hits, f"{told.a_day(each):.1f}", _last(each), _held(each)) for each in told.rules],
        empty="no rules in force: write [rules.NAME] tables; `feedwitness check` reads them",
    )
    for each in told.rules:
        if each.dead_terms:
            out.say(f"\n{each.rule.rule}: in no statement: {out.line(', '.join(each.dead_terms))}")
    if never := [each.rule.rule for each in told.rules if not each.ever]:
        out.say(f"\nnever fired: {', '.join(never)}\n`feedwitness rules backtest RULE` says what one would have told")


def _last(rule: "RuleReport") -> str:
    return out.minute(rule.last_at) if rule.last_at else "never"


def _held(rule: "RuleReport") -> str:
    return ", ".join(f"{count} {reason}" for reason, count in rule.reasons.items()) or "-"
