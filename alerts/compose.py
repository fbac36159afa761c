"""An alert becomes deliveries: for every channel of its rule, every recipient, the bytes that will leave. Pure.

Comes in: `AlertFacts` and, fixed at construction, what kind of message each channel takes. Goes out: deliveries whose
ids and bodies depend on nothing but the facts, so composing twice gives the same rows. The templates are read once, at
construction; rendering never fails on any text of a feed.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from email.utils import format_datetime
from itertools import groupby
from typing import assert_never

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from alerts import mime, payload
from alerts.facts import AlertFacts
from alerts.plain import plain
from alerts.story import Story, story, worded
from store.events import AlertHeld, AlertId, ChannelId, RuleId
from store.ports import Delivery


@dataclass(frozen=True, slots=True)
class WebhookForm:
    """The JSON document of CONTRACT 5."""


@dataclass(frozen=True, slots=True)
class ConsoleForm:
    """A block of plain lines."""


@dataclass(frozen=True, slots=True)
class MailForm:
    """A mail to each of `to`, from `sender`; both as `Name <address>` or a bare address."""

    sender: str
    to: tuple[str, ...]


Form = WebhookForm | ConsoleForm | MailForm


class ChannelComposer:
    """Renders alerts for the channels of the settings. `base_url` is where this program's own pages stand."""

    def __init__(self, forms: Mapping[ChannelId, Form], base_url: str) -> None:
        self._forms = dict(forms)
        self._base_url = base_url.rstrip("/")
        self._templates = Environment(
            loader=PackageLoader("alerts"),
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self._templates.filters |= {"plain": plain, "worded": _worded, "joined": _joined}

    def use(self, forms: Mapping[ChannelId, Form]) -> None:
        """From here on these are the channels. What was composed stays as it is."""
        self._forms = dict(forms)

    def deliveries(self, facts: AlertFacts) -> Sequence[Delivery]:
        """One delivery for each channel and recipient, pending; of an alert that is held, held for the same reason.

        A channel that the settings no longer have gives one delivery held as `channel-removed`.
        """
        made: list[Delivery] = []
        for channel in dict.fromkeys(facts.rule.notify):
            form = self._forms.get(channel)
            if form is None:
                body = payload.body(facts, self._base_url)
                made.append(_delivery(facts, channel, 0, "", body, held="channel-removed"))
                continue
            for number, (recipient, body) in enumerate(self._messages(facts, channel, form)):
                made.append(_delivery(facts, channel, number, recipient, body))
        return made

    def _messages(self, facts: AlertFacts, channel: ChannelId, form: Form) -> Sequence[tuple[str, bytes]]:
        match form:
            case WebhookForm():
                return [("", payload.body(facts, self._base_url))]
            case ConsoleForm():
                return [("", self._render("alert.console", story(facts, self._base_url)).encode())]
            case MailForm():
                told = story(facts, self._base_url)
                texts = self._render("alert.txt", told), self._render("alert.html", told)
                return [(mime.bare_address(to), _mail(facts, channel, form, to, told, texts)) for to in form.to]
            case _:
                assert_never(form)

    def _render(self, name: str, told: Story) -> str:
        """A template's text; runs of empty lines, left by what does not apply, become one."""
        return re.sub(r"\n{3,}", "\n\n", self._templates.get_template(name).render(s=told))


def delivery_id(alert: AlertId, channel: ChannelId, number: int) -> str:
    """32 hex digits, the same whenever this alert is composed."""
    return _digest(alert, channel, str(number))


def _delivery(
    facts: AlertFacts, channel: ChannelId, number: int, recipient: str, body: bytes, *, held: str = ""
) -> Delivery:
    alert = facts.alert
    reason = alert.reason if isinstance(alert, AlertHeld) else held
    return Delivery(
        id=delivery_id(alert.alert, channel, number),
        alert=alert.alert,
        rule=alert.rule,
        channel=channel,
        recipient=recipient,
        number=number,
        transition=alert.transition,
        item=alert.item,
        body=body,
        state="held" if reason else "pending",
        reason=reason,
        next_at=None if reason else facts.recorded_at,
        created_at=facts.recorded_at,
    )


# --- mail -------------------------------------------------------------------------------------------------------------


def _mail(facts: AlertFacts, channel: ChannelId, form: MailForm, to: str, told: Story, texts: tuple[str, str]) -> bytes:
    alert, address = facts.alert, mime.bare_address(to)
    domain = mime.domain_of(form.sender)
    thread = f"<thread.{_digest(alert.rule, alert.item or alert.feed)}@{domain}>"
    references = [thread]
    headers = [
        ("Date", format_datetime(facts.recorded_at.astimezone(UTC))),
        ("From", mime.mailbox_text(form.sender)),
        ("To", mime.mailbox_text(to)),
        ("Subject", mime.header_text(told.subject)),
        ("Message-ID", _message_id(alert.alert, channel, address, domain)),
    ]
    if alert.follows:
        first = _message_id(alert.follows, channel, address, domain)
        headers.append(("In-Reply-To", first))
        references.append(first)
    headers += [
        ("References", "\r\n ".join(references)),
        ("Auto-Submitted", "auto-generated"),
        ("List-Id", f"<{_label(alert.rule)}.feedwitness.{domain}>"),
        ("X-Feedwitness-Alert", alert.alert),
        *mime.coded_header("X-Feedwitness-Checkpoint", facts.checkpoint),
    ]
    return mime.message(headers, *texts, boundary=f"=_{_digest(alert.alert, channel, address)}")


def _message_id(alert: AlertId, channel: ChannelId, address: str, domain: str) -> str:
    """Equal on every attempt, and computable from the id of an earlier alert: a later mail can answer the first."""
    return f"<alert.{_digest(alert, channel, address)}@{domain}>"


def _label(rule: RuleId) -> str:
    return re.sub(r"[^A-Za-z0-9-]", "-", rule)[:60] or "rule"


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _worded(entries: Sequence[tuple[str, bool, str]]) -> str:
    """A marked diff in plain text; what is marked in it does not show."""
    groups = groupby(entries, key=lambda entry: entry[0])
    return worded((tag, "".join(piece for _, _, piece in group)) for tag, group in groups)


def _joined(pieces: Sequence[tuple[bool, str]]) -> str:
    return "".join(text for _, text in pieces)
