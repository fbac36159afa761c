"""Every way in which a channel can fail has its next step, and the message of a test is told from an alert."""

import ast
import json
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from aggregator.cli.advice import NEXT, advice
from alerts import mime, trial
from alerts.compose import ConsoleForm, MailForm, WebhookForm
from store.events import AlertId, ChannelId

CHANNELS = Path(__file__).parents[2] / "alerts" / "channels"
NOW = datetime(2026, 11, 21, 20, 0, 0, 123456, tzinfo=UTC)
TEST, DESK = AlertId("test-0123"), ChannelId("desk")


def codes_of(source: str) -> set[str]:
    """The codes that a channel reports: second argument of each failed `SendResult`, and what `_code` returns."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "SendResult":
            kind, code = node.args[0], node.args[1]
            failed = isinstance(kind, ast.Constant) and kind.value != "ok"
            found |= {code.value} if failed and isinstance(code, ast.Constant) else set()
        if isinstance(node, ast.FunctionDef) and node.name == "_code":
            found |= {
                each.value.value
                for each in ast.walk(node)
                if isinstance(each, ast.Return) and isinstance(each.value, ast.Constant)
            }
    return found


def test_every_code_that_a_channel_reports_has_its_next_step():
    codes = set().union(*(codes_of(path.read_text("utf-8")) for path in CHANNELS.glob("*.py")))
    assert {"tls", "no_starttls", "stream", "timeout"} <= codes
    assert codes <= NEXT.keys()


@pytest.mark.parametrize("family", ["http", "smtp"])
def test_every_refusal_has_its_next_step(family):
    assert [status for status in range(300, 600) if not advice(f"{family} {status}")] == []


@pytest.mark.parametrize(
    ("code", "word"),
    [("http 301", "redirects"), ("http 401", "secret"), ("http 404", "path"), ("http 410", "gone"), ("http 503", "log"),
     ("smtp 535", "password"), ("smtp 550", "recipient"), ("smtp 451", "for now"), ("no_starttls", "465"),
     ("tls", "certificate"), ("dns", "spelling")],
)  # fmt: skip
def test_the_step_fits_the_failure(code, word):
    assert word in advice(code)


def test_a_code_that_nobody_knows_has_none():
    assert advice("gremlins") == ""


def test_a_webhook_test_is_no_alert():
    (sent,) = trial.deliveries(DESK, WebhookForm(), id=TEST, now=NOW)
    assert json.loads(sent.body) == {
        "type": "test", "timestamp": "2026-11-21T20:00:00.123456Z", "schema": 1,
        "data": {"channel": "desk", "message": trial.MESSAGE},
    }  # fmt: skip
    assert sent.alert == TEST


def test_a_mail_test_goes_to_each_recipient_and_says_what_it_is():
    form = MailForm("Watch <fw@example.org>", ("a@example.org", "Büro <b@example.org>"))
    sent = trial.deliveries(DESK, form, id=TEST, now=NOW)
    assert [each.recipient for each in sent] == ["a@example.org", "b@example.org"]
    assert [mime.fault(each.body) for each in sent] == ["", ""]
    mails = [message_from_bytes(each.body, policy=policy.default) for each in sent]
    assert len({mail["Message-ID"] for mail in mails}) == 2
    for mail in mails:
        assert mail["Subject"] == "[test] feedwitness tries its channel desk"
        assert mail["X-Feedwitness-Test"] == "desk"
        assert mail["X-Feedwitness-Alert"] is None
        assert mail["Auto-Submitted"] == "auto-generated"
        assert trial.MESSAGE in mail.get_body(("plain",)).get_content()


def test_a_console_test_is_a_block_like_an_alert():
    (sent,) = trial.deliveries(DESK, ConsoleForm(), id=TEST, now=NOW)
    assert sent.body.decode().startswith("== [test] ")
