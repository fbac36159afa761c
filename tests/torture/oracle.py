"""The common oracle: holds the world's journal against the log, the outbox, and what arrived.

All through the program's public face (`--json`). What is wrong is collected and told together; an empty list is the
promise kept: nothing lost, nothing raised twice, nothing made up.
"""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.torture.rig import RECIPIENTS, Rig

RULES = ("desk", "words")
NOTIFY = {"desk": (("hook", ""), *(("mail", to) for to in RECIPIENTS)), "words": (("hook", ""),)}


@dataclass
class Verdict:
    """`wrong`: every broken promise in words. The counts are for the report."""

    wrong: list[str] = field(default_factory=list)
    statements: int = 0
    alerts: int = 0
    deliveries: int = 0
    posts: int = 0
    repeated_posts: int = 0
    mails: int = 0
    repeated_mails: int = 0

    def compare(self, what: str, found: Iterable[Any], expected: Iterable[Any]) -> None:
        """Two multisets that should be equal."""
        have, want = Counter(found), Counter(expected)
        if have != want:
            missing, surplus = list((want - have).elements()), list((have - want).elements())
            self.wrong.append(f"{what}: {len(missing)} missing {missing[:4]}, {len(surplus)} too many {surplus[:4]}")


def judge(rig: Rig) -> Verdict:
    """Judge a store at rest whose world has nothing more to say."""
    verdict = Verdict()
    journal = rig.world("journal")
    events, items = rig.rows("events"), rig.rows("items")
    _judge_items(verdict, journal, events, items)
    titles = {item["id"]: item["title"] for item in items}
    raised = [event["data"] for event in events if event["kind"].startswith("alert.raised")]
    _judge_alerts(verdict, journal, events, raised, titles)
    outbox = rig.rows("alerts")
    _judge_outbox(verdict, outbox, raised, events)
    _judge_arrivals(verdict, journal, outbox)
    status, said = rig.command("verify", "--json")
    if status != 0 or not json.loads(said)["ok"]:
        verdict.wrong.append(f"verify exits {status}: {said}")
    status, _ = rig.command("rebuild")
    if status != 0 or rig.rows("items") != items:
        verdict.wrong.append(f"rebuild exits {status} or gives other items")
    return verdict


def _judge_items(verdict: Verdict, journal: Any, events: Any, items: Any) -> None:
    statements = journal["statements"]
    verdict.statements = len(statements)
    verdict.compare("items", [(i["feed"], i["title"]) for i in items], [(s["feed"], s["title"]) for s in statements])
    kinds = Counter(event["kind"].partition("/")[0] for event in events)
    transitions = Counter(transition for one in statements for transition in one["told"])
    steps = {
        "item.published": len(statements),
        "item.revised": sum(one["edits"] for one in statements),
        "item.withdrawn": transitions["withdrawn"],
        "item.absent": transitions["withdrawn"],
        "item.restored": transitions["restored"],
        "item.delisted": 0,
        "item.rekeyed": 0,
        "feed.reissued": 0,
        "feed.baselined": len({one["feed"] for one in statements}),
    }
    verdict.compare("events", Counter({kind: kinds[kind] for kind in steps}).elements(), Counter(steps).elements())
    positions = [event["position"] for event in events]
    if positions != list(range(1, len(events) + 1)):
        verdict.wrong.append("the positions of the log have gaps")


def _judge_alerts(verdict: Verdict, journal: Any, events: Any, raised: Any, titles: Any) -> None:
    expected = [
        (rule, one["title"], transition)
        for one in journal["statements"]
        for transition in one["told"]
        for rule in RULES
    ]
    verdict.alerts = len(raised)
    verdict.compare("alerts", [(a["rule"], titles.get(a["item"]), a["transition"]) for a in raised], expected)
    causes = Counter((a["rule"], a["item"], a["transition"], a["cause"]) for a in raised)
    verdict.wrong += [f"raised {count} times: {cause}" for cause, count in causes.items() if count > 1]
    held = [event["data"] for event in events if event["kind"].startswith("alert.held")]
    before = [one for one in journal["statements"] if one["baseline"] and one["matching"]]
    verdict.compare(
        "held alerts",
        [(a["rule"], titles.get(a["item"]), a["reason"]) for a in held],
        [(rule, one["title"], "first-fetch") for one in before for rule in RULES],
    )


def _judge_outbox(verdict: Verdict, outbox: Any, raised: Any, events: Any) -> None:
    sent = [row for row in outbox if row["state"] != "held"]
    verdict.deliveries = len(sent)
    wanted = [(alert["alert"], *to) for alert in raised for to in NOTIFY[alert["rule"]]]
    verdict.compare("outbox", [(row["alert_id"], row["channel"], row["recipient"] or "") for row in sent], wanted)
    verdict.compare("states", [row["state"] for row in sent], ["delivered"] * len(wanted))
    settled = [event["data"] for event in events if event["kind"].startswith("delivery.settled")]
    verdict.compare("settled", [(one["alert"], one["channel"]) for one in settled], [one[:2] for one in wanted])


def _judge_arrivals(verdict: Verdict, journal: Any, outbox: Any) -> None:
    sent = [row for row in outbox if row["state"] != "held"]
    hooks, mails = journal["hooks"], journal["mails"]
    posts = Counter(hook["alert"] for hook in hooks)
    verdict.posts, verdict.repeated_posts = posts.total(), posts.total() - len(posts)
    verdict.compare("posted", set(posts), [row["alert_id"] for row in sent if row["channel"] == "hook"])
    bodies = {(hook["alert"], hook["digest"]) for hook in hooks}
    verdict.compare("bodies of a post", [alert for alert, _ in bodies], set(posts))
    letters = Counter((mail["alert"], mail["to"]) for mail in mails)
    verdict.mails, verdict.repeated_mails = letters.total(), letters.total() - len(letters)
    posted = [(row["alert_id"], row["recipient"]) for row in sent if row["channel"] == "mail"]
    verdict.compare("mailed", set(letters), posted)
    names = {(mail["alert"], mail["to"], mail["message_id"]) for mail in mails}
    verdict.compare("Message-IDs of a mail", [(alert, to) for alert, to, _ in names], set(letters))
