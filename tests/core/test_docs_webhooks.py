"""docs/webhooks-and-mail.md says what is so: its verifier verifies, and every field that is sent is described."""

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from alerts.channels.webhook import sign, signing_key
from alerts.facts import AlertFacts
from alerts.payload import document
from alerts.retry import DELAYS, GIVE_UP_AFTER, JITTER, STEADY
from store.events import ItemPublished

DOCS = (Path(__file__).parents[2] / "docs" / "webhooks-and-mail.md").read_text("utf-8")
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def published_verifier() -> Callable[[str, dict[str, str], bytes], bool]:
    (source,) = re.findall(r"```python\n(.*?)```", DOCS, re.DOTALL)
    names: dict[str, Any] = {}
    exec(source, names)  # the documentation's own code
    verify: Callable[[str, dict[str, str], bytes], bool] = names["verify"]
    return verify


def test_the_published_verifier_takes_what_we_sign_and_nothing_else() -> None:
    verify, body, now = published_verifier(), b'{"type":"alert.appeared"}', int(time.time())
    signature = sign([signing_key("whsec_" + "QUJD" * 8), signing_key(SECRET)], "id", now, body)
    head = {"webhook-id": "id", "webhook-timestamp": str(now), "webhook-signature": signature}
    assert verify(SECRET, head, body)
    assert not verify(SECRET, head, body + b" ")
    assert not verify(SECRET, head | {"webhook-id": "other"}, body)
    old = head | {
        "webhook-timestamp": str(now - 301),
        "webhook-signature": sign([signing_key(SECRET)], "id", now - 301, body),
    }
    assert not verify(SECRET, old, body)


def keys_of(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from keys_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys_of(inner)


@pytest.mark.parametrize("transition", ["appeared", "changed", "withdrawn", "degraded"])
def test_every_field_that_is_sent_is_described(alert_facts: Callable[..., AlertFacts], transition: str) -> None:
    facts = alert_facts(transition)
    if facts.item:
        facts = replace(facts, item=replace(facts.item, truncated=True))
    if isinstance(facts.cause.event, ItemPublished):
        facts = replace(facts, cause=replace(facts.cause, event=replace(facts.cause.event, mark="recovered-late")))
    sent = set(keys_of(json.loads(json.dumps(document(facts, "http://w")))))
    assert {key for key in sent - {"data", "schema"} if f"`{key}`" not in DOCS} == set()


def test_the_delays_are_those_of_the_table() -> None:
    units = {"s": "seconds", "min": "minutes", "h": "hours"}
    said = re.search(
        r"after about (.*?), then every (\d+) h \(each up to (\d+) % .*?\) for\s+three days", DOCS, re.DOTALL
    )
    assert said is not None
    steps = [timedelta(**{units[unit]: int(number)}) for number, unit in re.findall(r"(\d+) (s|min|h)\b", said[1])]
    assert tuple(steps) == DELAYS
    assert (timedelta(hours=int(said[2])), int(said[3]) / 100) == (STEADY, JITTER)
    assert timedelta(days=3) == GIVE_UP_AFTER
