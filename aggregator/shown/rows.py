"""The rows of CONTRACT 4: what `--json` prints and the API answers, one function a kind of row. Pure; keys stay."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from aggregator.shown.form import stamp
from store.events import Recorded, RuleDefined, subject_of

if TYPE_CHECKING:
    from store.ports import AlertRow, Delivery, ItemRow


def item_row(row: "ItemRow") -> dict[str, object]:
    """An item."""
    return {
        "id": row.id,
        "feed": row.feed,
        "version": row.version,
        "state": row.state,
        "title": row.title,
        "link": row.link,
        "published_at": stamp(row.published_at),
        "observed_at": stamp(row.observed_at),
        "language": row.language,
    }


def event_row(recorded: Recorded) -> dict[str, object]:
    """An event with all that it says."""
    from store.codec import encode

    return {
        "position": recorded.position,
        "event_id": recorded.event_id,
        "stream": recorded.stream,
        "version": recorded.version,
        "kind": recorded.event.KIND,
        "subject": subject_of(recorded.event),
        "recorded_at": stamp(recorded.recorded_at),
        "data": json.loads(encode(recorded.event)[1]),
        "hash": recorded.hash.hex(),
    }


def rule_row(rule: RuleDefined, hits: int) -> dict[str, object]:
    """A rule, with how many alerts it has told."""
    return {"id": rule.rule, "match": rule.match, "on": list(rule.on), "notify": list(rule.notify), "hits": hits}


def rule_in_full(rule: RuleDefined, hits: int) -> dict[str, object]:
    """A rule with all that its definition in the log says."""
    return rule_row(rule, hits) | {
        "feeds": None if rule.feeds is None else list(rule.feeds),
        "topics": {name: list(terms) for name, terms in rule.topics.items()},
        "severity": rule.severity,
        "min_change": rule.min_change,
        "stem": rule.stem,
    }


def shown_state(delivery: "Delivery") -> str:
    """A delivery's state: what is being sent right now is still pending."""
    return "pending" if delivery.state == "leased" else delivery.state


def delivery_row(delivery: "Delivery", *, addresses: bool = True) -> dict[str, object]:
    """A delivery. Without `addresses` a recipient is left out, and so is the last answer, which may name them."""
    told = addresses or not delivery.recipient
    return {
        "delivery_id": delivery.id,
        "alert_id": delivery.alert,
        "rule": delivery.rule,
        "transition": delivery.transition,
        "item": delivery.item,
        "channel": delivery.channel,
        "recipient": (delivery.recipient or None) if told else None,
        "state": shown_state(delivery),
        "reason": delivery.reason or None,
        "attempts": delivery.attempts,
        "next_at": stamp(delivery.next_at),
        "last_answer": (delivery.last_answer or None) if told else None,
    }


def alert_row(row: "AlertRow", deliveries: "Sequence[Delivery]", *, addresses: bool = True) -> dict[str, object]:
    """An alert with its deliveries; `addresses` as in `delivery_row`."""
    return {
        "alert_id": row.alert,
        "rule": row.rule,
        "feed": row.feed,
        "item": row.item,
        "transition": row.transition,
        "cause": row.cause,
        "position": row.position,
        "raised_at": stamp(row.recorded_at),
        "held": row.held or None,
        "follows": row.follows,
        "deliveries": [delivery_row(each, addresses=addresses) for each in deliveries],
    }
