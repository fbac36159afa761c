"""Writes into the log what is in force from here on: renamed feeds, rules defined and retired, settings applied.

One store job at the start of `run` and `poll`, and at every reload. Only differences are written: the same settings
applied twice leave one trace. A feed is renamed when the log knows its former id and not yet its present one.
"""

from dataclasses import dataclass
from datetime import datetime

from store import walk
from store.events import (
    DAEMON_STREAM,
    FeedId,
    FeedRenamed,
    RuleDefined,
    RuleRetired,
    SettingsApplied,
    feed_stream,
    rule_stream,
)
from store.ports import Transaction


@dataclass(frozen=True, slots=True)
class InForce:
    """What is to be in force. `formerly`: pairs of a feed's former and present id."""

    applied: SettingsApplied
    rules: tuple[RuleDefined, ...]
    formerly: tuple[tuple[FeedId, FeedId], ...] = ()


def apply(tx: Transaction, wanted: InForce, now: datetime) -> bool:
    """Bring the log up to what is wanted; returns whether anything was written."""
    before = tx.log.head().position
    for formerly, present in wanted.formerly:
        _rename(tx, formerly, present, now)
    known = {rule.rule: rule for rule in tx.rules.in_force()}
    rules = {rule.rule: rule for rule in wanted.rules}
    for gone in sorted(known.keys() - rules.keys()):
        tx.log.append(rule_stream(gone), [RuleRetired(gone)], now=now)
    for name, rule in rules.items():
        if known.get(name) != rule:
            tx.log.append(rule_stream(name), [rule], now=now)
    if last_applied(tx) != wanted.applied:
        tx.log.append(DAEMON_STREAM, [wanted.applied], now=now)
    return tx.log.head().position > before


def _rename(tx: Transaction, old: FeedId, new: FeedId, now: datetime) -> None:
    if tx.log.version(feed_stream(old)) and not tx.log.version(feed_stream(new)):
        tx.log.append(feed_stream(new), [FeedRenamed(new, old)], now=now)


def last_applied(tx: Transaction) -> SettingsApplied | None:
    """The settings that the log says are in force."""
    last = None
    for one in walk.events(tx.log, kinds=[SettingsApplied.KIND]):
        last = one.event
    return last if isinstance(last, SettingsApplied) else None
