"""The command `rules backtest`: the log replayed through proposed rules, beside those in force."""

import os
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aggregator.cli import out
from aggregator.cli.choosing import age_of
from aggregator.cli.context import Context, Failure, context

if TYPE_CHECKING:
    from aggregator.shown.backtest import Backtest, Count, Span, Tally
    from alerts.comparison import Comparison
    from alerts.replay import Firing
    from config.load import Loaded
    from store.database import SqlStore
    from store.events import RuleDefined

EXAMPLES = 3
BARS = 60


def backtest(
    ctx: typer.Context,
    rule: Annotated[str, typer.Argument(metavar="[RULE]", help="Only this rule.")] = "",
    since: Annotated[str, typer.Option("--since", metavar="30d", help="How far back.")] = "30d",
    file: Annotated[
        str, typer.Option("--file", metavar="NEW.toml", help="The proposed rules; those of the settings if not said.")
    ] = "",
    examples: Annotated[
        int, typer.Option("--examples", metavar="N", min=0, help="Show so many of each kind.")
    ] = EXAMPLES,
) -> None:
    """Replay the log through rules, to see what would have fired. And how that differs from the rules in force. Sends
    nothing.
    """
    from aggregator.settings import card
    from aggregator.shown.backtest import Backtest
    from alerts.replay import replay
    from store.events import FeedId

    here = context(ctx)
    age = age_of(since)
    cards = {FeedId(feed.id): card(feed) for feed in here.settings().feeds.values()}
    proposed = _proposed(here, file)
    with here.store() as store:
        comparison, span = _prepared(store, proposed, rule, age)
        tested = Backtest(comparison, span, examples)
        with out.progress("replaying the log", quiet=here.json) as advance:
            for page in replay(store, comparison.rules, cards, span.after, span.head):
                tested.add(page)
                advance(page.read_to - span.after, span.head - span.after)
    if here.json:
        out.emit(tested.as_document(proposed.file))
    else:
        _tell(tested, proposed.file)


def _proposed(here: Context, file: str) -> "Loaded":
    """The proposed settings; `Failure` 2 with every mistake in them."""
    from aggregator.settings import proposed

    loaded = proposed(file, here.config, os.environ, Path.cwd()) if file else here.read
    if loaded.settings is None:
        raise Failure("\n".join(mistake.render() for mistake in loaded.mistakes), 2)
    return loaded


def _prepared(store: "SqlStore", proposed: "Loaded", rule: str, age: timedelta) -> "tuple[Comparison, Span]":
    """Both sets of rules, or one rule of both, and the part of the log to replay."""
    from aggregator.clock import utc_now
    from aggregator.settings import definitions
    from aggregator.shown.backtest import Span
    from alerts.comparison import Comparison, own_name, with_former_feeds
    from alerts.replay import former_names
    from store.walk import beginning

    until = utc_now()
    with store.read() as tx:
        formerly = former_names(tx)
        in_force = _chosen(tx.rules.in_force(), rule)
        begun, after = beginning(tx.log, until - age)
        span = Span(min(begun, until), until, after, tx.log.head().position)
    wanted = _chosen(definitions(proposed.settings) if proposed.settings else (), rule)
    if rule and not in_force and not wanted:
        raise Failure(f"no rule {out.line(rule)}, neither in force nor in {out.line(proposed.file)}", 2)
    comparison = Comparison(with_former_feeds(in_force, formerly), with_former_feeds(wanted, formerly))
    for name, errors in comparison.rules.faulty.items():
        out.note(f"rule {own_name(name)} cannot be judged: {errors[0].message}")
    return comparison, span


def _chosen(rules: "Sequence[RuleDefined]", rule: str) -> "Sequence[RuleDefined]":
    return [each for each in rules if not rule or each.rule == rule]


# --- for people -------------------------------------------------------------------------------------------------------


def _tell(tested: "Backtest", proposed: str) -> None:
    span = tested.span
    out.say(
        f"{out.line(proposed)} against the rules in force, from {out.minute(span.since)} to {out.minute(span.until)}"
        f" UTC: {out.counted(tested.statements, 'statement')}. Nothing is sent.\n"
    )
    if tested.erased:
        out.say(f"{out.counted(tested.erased, 'event')} cannot be judged: the texts were erased\n")
    for tally in tested.tallies:
        if not tally.silent:
            _tell_rule(tally, span)
    silent = [tally.name for tally in tested.tallies if tally.silent]
    if silent:
        out.say(f"would have told nothing: {', '.join(silent)}")
    if not tested.tallies:
        out.say("no rules: write [rules.NAME] tables; `feedwitness check` reads them")
    elif not any(tally.differs for tally in tested.tallies):
        out.say("no difference: the rules in force would have told the same")


def _tell_rule(tally: "Tally", span: "Span") -> None:
    from rich.text import Text

    change = tally.compared.change.value
    name = f"rule {tally.name}" + (f" ({change})" if change != "same" else "")
    out.say(Text(f"{name}: {_counted(tally.would)}", style="bold"))
    if tally.transitions:
        out.say("  " + ", ".join(f"{count} {word}" for word, count in tally.transitions.most_common()))
    _tell_days(tally, span)
    if tally.told or tally.told_held:
        out.say(f"  really, by the rules of then: {_in_words(tally.told, tally.told_held)}")
    for label, count in (("gained", tally.gained), ("lost", tally.lost)):
        if len(count):
            out.say(f"  {label}: {_counted(count)}")
            _tell_examples(count)
    if not tally.differs:
        _tell_examples(tally.would)
    out.say("")


def _counted(count: "Count") -> str:
    told = _in_words(count.sent, count.held.total())
    reasons = ", ".join(f"{reason} {number}" for reason, number in count.held.most_common())
    return f"{told} ({reasons})" if reasons else told


def _in_words(sent: int, held: int) -> str:
    return out.counted(sent, "alert") + (f", {held} held" if held else "")


def _tell_days(tally: "Tally", span: "Span") -> None:
    from aggregator.shown.backtest import busiest, sparkline, spread

    top = busiest(tally.days)
    if top is None:
        return
    day, count = top
    bars = spread(tally.days, span.since.date(), span.until.date(), BARS)
    if len(bars) > 1 and out.speaks_unicode():
        out.say(f"  {sparkline(bars)}")
    out.say(f"  on {out.counted(len(tally.days), 'day')}, most on {day}: {count}")


def _tell_examples(count: "Count") -> None:
    for firing in reversed(count.examples):
        _tell_example(firing)


def _tell_example(firing: "Firing") -> None:
    from aggregator.shown.marks import snippet, title

    held = f", held: {firing.hold}" if firing.hold else ""
    what = f"{firing.item or firing.feed or 'our own network'}"
    out.say(f"    {out.minute(firing.cause.recorded_at)}  {firing.transition}{held}  {what}")
    if firing.face is None:
        return
    for marked in (title(firing.face, firing.match.hits), snippet(firing.face, firing.match.hits)):
        if marked:
            out.paragraph(out.marked(marked), 6)
    if firing.blind_since:
        out.paragraph(f"the source could not be seen before this, since {out.when(firing.blind_since)}", 6)
