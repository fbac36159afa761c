"""What looks like a template in a feed, a rule or a setting is text: it arrives as it was written."""

import email
import email.policy
import json
from collections.abc import Callable
from dataclasses import replace
from email.message import EmailMessage
from html import escape

import pytest

from aggregator.shown.clauses import clause_lines, clause_row
from alerts.compose import ChannelComposer, ConsoleForm, Form, MailForm, WebhookForm
from alerts.facts import AlertFacts
from alerts.rules import RuleSet
from store.events import ChannelId, RuleDefined, RuleId

FactsMaker = Callable[..., AlertFacts]
PAYLOADS = [
    "{{ 7191 * 7193 }}",
    "{{ config.__class__.__mro__ }}",
    "{% for a in [1,2] %}x{% endfor %}",
    "{% raw %}{{ title }}{% endraw %}",
    "{# gone #}",
    "{0.__class__}",
    "{item.title!r:>10}",
    "%(title)s %s %d 100%",
    "$title ${title} $(id)",
    "<%= 7191 * 7193 %>",
]
FORMS: dict[str, Form] = {
    "mail": MailForm("witness@example.org", ("one@example.org",)),
    "webhook": WebhookForm(),
    "console": ConsoleForm(),
}


def facts_with(payload: str, make: FactsMaker) -> AlertFacts:
    """An alert in which every text that a stranger or the operator chose is the payload."""
    facts = make("changed", title=payload, text=f"aid {payload} now", before=f"aid {payload}", term="aid")
    item = replace(facts.item, author=payload, categories=(payload,), language=payload)  # type: ignore[type-var]
    return replace(
        facts,
        item=item,
        feed=replace(facts.feed, title=payload),
        rule=replace(facts.rule, rule=RuleId(payload), notify=(ChannelId("c"),)),
        alert=replace(facts.alert, rule=RuleId(payload), topics=(payload,)),
    )


def sent(facts: AlertFacts, form: Form) -> bytes:
    (delivery,) = ChannelComposer({ChannelId("c"): form}, "http://127.0.0.1:8321").deliveries(facts)
    return delivery.body


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_mail_says_it_literally_in_subject_text_and_html(payload: str, alert_facts: FactsMaker) -> None:
    mail = email.message_from_bytes(sent(facts_with(payload, alert_facts), FORMS["mail"]), policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    assert mail["Subject"] == f"[{payload}] Changed: {payload}"
    plain, html = (part.get_content() for part in mail.iter_parts())
    assert plain.count(payload) >= 4, "title, source, text, footer"
    assert html.count(escape(payload)) >= 4
    assert "51724863" not in plain + html


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_webhook_says_it_literally(payload: str, alert_facts: FactsMaker) -> None:
    data = json.loads(sent(facts_with(payload, alert_facts), FORMS["webhook"]))["data"]
    assert (data["rule"], data["feed"]["title"], data["item"]["title"]) == (payload, payload, payload)
    assert data["item"]["text"] == f"aid {payload} now"
    assert data["topics"] == [payload]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_the_console_and_why_say_it_literally(payload: str, alert_facts: FactsMaker) -> None:
    facts = facts_with(payload, alert_facts)
    assert sent(facts, FORMS["console"]).decode().count(payload) >= 3
    assert facts.item is not None
    written = payload.replace("*", "x")  # a star has a meaning in a term, and only at its ends
    query = f'author:"{written} words" OR "{written} words"'
    rules = RuleSet.compile([RuleDefined(RuleId("r"), query, {}, None, (), (), "normal", "wording")])
    clause = rules.explain(RuleId("r"), facts.item).clause
    assert clause is not None
    assert written in next(clause_lines(clause))
    assert clause_row(clause)["text"] == query
