"""A message that says only that it came: what `send-test` sends through a channel. Pure.

Comes in: the channel's name and what kind of message it takes, an id that was never used, the time. Goes out: one
delivery for each recipient. Programs and people can tell it from an alert: its `type` is `test`, a mail has
`X-Feedwitness-Test` instead of `X-Feedwitness-Alert`, and the text says so. It is no alert: no log, no outbox knows it.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape
from typing import assert_never

from alerts import mime, payload
from alerts.compose import ConsoleForm, Form, MailForm, WebhookForm
from store.events import AlertId, ChannelId, RuleId
from store.ports import Delivery

KIND = "test"
MESSAGE = (
    "This is a test of feedwitness. Nothing was published, changed or withdrawn: "
    "somebody wanted to see whether its messages arrive here."
)


def deliveries(channel: ChannelId, form: Form, *, id: AlertId, now: datetime) -> Sequence[Delivery]:  # noqa: A002
    """The test as it leaves, once for each recipient. `id` becomes the `webhook-id`, or part of the `Message-ID`."""
    match form:
        case WebhookForm():
            return [_delivery(channel, id, "", 0, _document(channel, now))]
        case ConsoleForm():
            return [_delivery(channel, id, "", 0, f"== {_subject(channel)}\n   {MESSAGE}\n".encode())]
        case MailForm():
            return [
                _delivery(channel, id, mime.bare_address(to), number, _mail(channel, form, to, id, now))
                for number, to in enumerate(form.to)
            ]
        case _:
            assert_never(form)


def _subject(channel: ChannelId) -> str:
    return f"[test] feedwitness tries its channel {channel}"


def _delivery(channel: ChannelId, test: AlertId, recipient: str, number: int, body: bytes) -> Delivery:
    return Delivery(
        id=f"{test}-{number}",
        alert=test,
        rule=RuleId(KIND),
        channel=channel,
        recipient=recipient,
        number=number,
        transition=KIND,
        item=None,
        body=body,
    )


def _document(channel: ChannelId, now: datetime) -> bytes:
    document = {
        "type": KIND,
        "timestamp": payload.timestamp(now),
        "schema": 1,
        "data": {"channel": channel, "message": MESSAGE},
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _mail(channel: ChannelId, form: MailForm, to: str, test: AlertId, now: datetime) -> bytes:
    domain = mime.domain_of(form.sender)
    own = hashlib.sha256(f"{test}\0{to}".encode()).hexdigest()[:32]
    headers = [
        ("Date", format_datetime(now.astimezone(UTC))),
        ("From", mime.mailbox_text(form.sender)),
        ("To", mime.mailbox_text(to)),
        ("Subject", mime.header_text(_subject(channel))),
        ("Message-ID", f"<test.{own}@{domain}>"),
        ("Auto-Submitted", "auto-generated"),
        ("List-Id", f"<{KIND}.feedwitness.{domain}>"),
        ("X-Feedwitness-Test", channel),
    ]
    html = f"<!DOCTYPE html>\n<html><body><p>{escape(MESSAGE)}</p></body></html>\n"
    return mime.message(headers, f"{MESSAGE}\n", html, boundary=f"=_{own}")
