"""The outbox in a person's hands: `alerts retry` and `alerts release`.

Both work beside a running daemon, which looks for what is due every few seconds; without one, the next `run` or `poll`
sends it.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from aggregator.cli import out
from aggregator.cli.choosing import account, find_alert
from aggregator.cli.context import Context, Failure, context
from store.events import AlertId, ChannelId, FeedId, RuleId, feed_stream, rule_stream

if TYPE_CHECKING:
    from alerts.release import Released
    from config.model import Settings
    from store.database import SqlStore
    from store.ports import Delivery, Transaction, Views

WORDS = {
    "erased": "the text was erased for good: there is nothing left to send",
    "channel-removed": "the settings have no such channel (any more): write it again, then release once more",
    "recipient-removed": "the channel no longer names that recipient in `to`",
}


def register(group: typer.Typer) -> None:
    """Add this module's commands to `alerts`."""
    group.command("retry")(retry)
    group.command("release")(release)


def retry(
    ctx: typer.Context,
    alert: Annotated[str, typer.Argument(metavar="[ID]", help="An alert's id or a delivery's, or its beginning.")] = "",
    dead: Annotated[bool, typer.Option("--dead", help="Every dead delivery.")] = False,
) -> None:
    """Try dead deliveries again now. Or one alert's that wait for their next try. Same id, same bytes."""
    from aggregator import ways_out
    from aggregator.clock import utc_now
    from store.database import open_store

    if bool(alert) == dead:
        raise Failure("say which: `feedwitness alerts retry ID`, or `--dead` for all that are dead", 2)
    here = context(ctx)
    settings = here.settings()
    with open_store(settings.store.url) as store:
        with store.views() as views:
            row = find_alert(views, alert) if alert else None
            failed = views.tx.backlog.failed(row.alert if row else None)
        if row and not row.alert.startswith(alert):
            failed = [each for each in failed if each.id.startswith(alert)]
        named = ways_out.recipients(settings.channels)
        known = [each for each in failed if each.recipient in named.get(each.channel, ())]
        count = store.write(lambda tx: tx.backlog.renew(known, utc_now())).result()
    _tell_retried(here, count, failed, named)


def _tell_retried(
    here: Context, count: int, failed: "Sequence[Delivery]", named: Mapping[ChannelId, Collection[str]]
) -> None:
    gone = sorted({each.channel for each in failed} - named.keys())
    ours = (each for each in failed if each.channel in named)
    left = sorted({each.recipient for each in ours if each.recipient not in named[each.channel]})
    if here.json:
        out.emit({"retried": count, "channels_removed": gone, "recipients_removed": left})
        return
    out.say(f"{_deliveries(count)} due now" + (_who_sends(here.settings()) if count else ""))
    for channel in gone:
        out.note(f"channel {channel} is not in the settings: what is dead there stays dead")
    for recipient in left:
        out.note(f"{recipient} is no longer in `to`: what failed for them stays as it is")
    if not failed:
        out.note("nothing of it failed or waits: `feedwitness alerts release` is for what is held")


def release(
    ctx: typer.Context,
    alert: Annotated[str, typer.Argument(metavar="[ID]", help="An alert's id, or its beginning.")] = "",
    feed: Annotated[str, typer.Option("--feed", metavar="F", help="All that is held of this feed.")] = "",
    rule: Annotated[str, typer.Option("--rule", metavar="R", help="All that is held under this rule.")] = "",
) -> None:
    """Send what is held: one alert, or all of a feed or a rule."""
    from store.database import open_store

    if bool(alert) == bool(feed or rule):
        raise Failure("say which: `feedwitness alerts release ID`, or `--feed F`, `--rule R` or both", 2)
    here = context(ctx)
    with open_store(here.settings().store.url) as store:
        with store.views() as views:
            chosen = _held(views, alert, feed, rule)
        done = _release(here.settings(), store, chosen)
    _tell(here, done)


def _held(views: "Views", alert: str, feed: str, rule: str) -> list[AlertId]:
    if alert:
        return [find_alert(views, alert).alert]
    for name, stream, what in ((feed, feed_stream(FeedId(feed)), "feed"), (rule, rule_stream(RuleId(rule)), "rule")):
        if name and not views.tx.log.version(stream):
            raise Failure(f"the log knows no {what} {out.line(name)}: `feedwitness {what}s` lists them", 2)
    rows = views.tx.backlog.held(feed=FeedId(feed) if feed else None, rule=RuleId(rule) if rule else None)
    return [row.alert for row in rows]


def _release(settings: "Settings", store: "SqlStore", chosen: list[AlertId]) -> "list[Released]":
    """Each alert in a job of its own, in the order in which they were held."""
    from functools import partial

    from aggregator import settings as translate
    from aggregator import ways_out
    from aggregator.clock import utc_now
    from alerts.compose import ChannelComposer
    from alerts.release import Releaser

    composer = ChannelComposer(ways_out.forms(settings.channels), settings.web.base_url)
    cards = {card.id: card for card in map(translate.card, settings.feeds.values())}
    recipients = ways_out.recipients(settings.channels)
    why = f"released by {account()}"

    def job(tx: "Transaction", alert: AlertId) -> "Released | None":
        return Releaser(tx, composer, cards, recipients, why, utc_now()).release(alert)

    waiting = [store.write(partial(job, alert=alert)) for alert in chosen]
    return [released for each in waiting if (released := each.result())]


def _tell(here: Context, done: "list[Released]") -> None:
    let_out = [each for each in done if each.due or not each.refused]
    refused = {each.alert: each.refused for each in done if each.refused}
    due = sum(each.due for each in done)
    if here.json:
        out.emit({
            "released": len(let_out),
            "deliveries": due,
            "refused": [{"alert_id": alert, "reasons": list(reasons)} for alert, reasons in refused.items()],
        })  # fmt: skip
        return
    out.say(f"{out.counted(len(let_out), 'alert')} released, {_deliveries(due)} due now"
            + (_who_sends(here.settings()) if due else ""))  # fmt: skip
    if not done:
        out.note("nothing of it is held: `feedwitness alerts --state held` lists what is")
    for reason in sorted({reason for reasons in refused.values() for reason in reasons}):
        those = [alert for alert, reasons in refused.items() if reason in reasons]
        named = ", ".join(alert[:12] for alert in those[:3]) + (", …" if len(those) > 3 else "")
        out.note(f"not sent, {out.counted(len(those), 'alert')} ({named}): {WORDS.get(reason, reason)}")


def _deliveries(count: int) -> str:
    return "1 delivery is" if count == 1 else f"{count} deliveries are"


def _who_sends(settings: "Settings") -> str:
    from store.lock import holder

    if holder(settings.store.url):
        return ": the running daemon sends within seconds"
    return ": the next `feedwitness run` or `poll` sends"
