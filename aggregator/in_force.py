"""Writes into the log what is in force from here on: renamed feeds, rules defined and retired, settings applied.

One store job at the start of `run` and `poll`. Only differences are written: the same settings applied twice leave one
trace. A feed is renamed when the log knows its former id and not yet its present one.
"""

from collections.abc import Sequence
from datetime import datetime
from importlib.metadata import version

from config.load import Loaded
from config.model import Settings
from store.events import (
    DAEMON_STREAM,
    FeedId,
    FeedRenamed,
    Position,
    RuleDefined,
    RuleRetired,
    SettingsApplied,
    feed_stream,
    rule_stream,
)
from store.ports import Transaction

BATCH = 500


def apply(tx: Transaction, loaded: Loaded, settings: Settings, rules: Sequence[RuleDefined], now: datetime) -> bool:
    """Bring the log up to the settings; returns whether anything was written."""
    before = tx.log.head().position
    for feed in settings.feeds.values():
        for formerly in feed.formerly:
            _rename(tx, FeedId(formerly), FeedId(feed.id), now)
    known = {rule.rule: rule for rule in tx.rules.in_force()}
    wanted = {rule.rule: rule for rule in rules}
    for gone in sorted(known.keys() - wanted.keys()):
        tx.log.append(rule_stream(gone), [RuleRetired(gone)], now=now)
    for name, rule in wanted.items():
        if known.get(name) != rule:
            tx.log.append(rule_stream(name), [rule], now=now)
    applied = SettingsApplied(
        digest=loaded.digest,
        file=loaded.file,
        feeds=tuple(FeedId(feed.id) for feed in settings.feeds.values() if feed.enabled),
        program=version("feedwitness"),
    )
    if last_applied(tx) != applied:
        tx.log.append(DAEMON_STREAM, [applied], now=now)
    return tx.log.head().position > before


def _rename(tx: Transaction, old: FeedId, new: FeedId, now: datetime) -> None:
    if tx.log.version(feed_stream(old)) and not tx.log.version(feed_stream(new)):
        tx.log.append(feed_stream(new), [FeedRenamed(new, old)], now=now)


def last_applied(tx: Transaction) -> SettingsApplied | None:
    """The settings that the log says are in force."""
    position, last = Position(0), None
    while batch := tx.log.read(position, BATCH, kinds=[SettingsApplied.KIND]):
        position, last = batch[-1].position, batch[-1].event
    return last if isinstance(last, SettingsApplied) else None
