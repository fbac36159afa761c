"""The receiver that docs/examples offers for copying: takes what we sign, each alert once, and nothing else."""

import asyncio
import base64
import os
import re
import sqlite3
import ssl
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alerts.channels.webhook import WebhookChannel, WebhookTarget
from alerts.retry import SendResult
from store.events import AlertId, ChannelId, RuleId
from store.ports import Delivery

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "receiver.py"
PAYLOAD = (Path(__file__).parents[1] / "data" / "payloads" / "changed.json").read_bytes()
SECRET = "whsec_" + base64.b64encode(b"the secret of the example").decode()
OTHER = "whsec_" + base64.b64encode(b"another secret altogether").decode()


class Running:
    def __init__(self, url: str, database: Path) -> None:
        self.url = url
        self.database = database

    def send(self, alert: str, body: bytes = PAYLOAD, *, secret: str = SECRET, late: float = 0) -> SendResult:
        target = WebhookTarget(self.url, (secret,), {}, "feedwitness/test")
        clock = lambda: datetime.now(UTC) - timedelta(seconds=late)  # noqa: E731
        channel = WebhookChannel(target, now=clock, tls=ssl.create_default_context(), deadline=timedelta(seconds=10))
        one = Delivery("d", AlertId(alert), RuleId("desk"), ChannelId("hook"), "", 0, "changed", None, body)
        return asyncio.run(channel.send(one))

    def kept(self) -> list[tuple[str, str, bytes]]:
        with sqlite3.connect(self.database) as connection:
            return connection.execute("SELECT id, type, body FROM alerts ORDER BY rowid").fetchall()


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Running]:
    database = tmp_path / "alerts.db"
    command = [sys.executable, "-I", str(EXAMPLE), "127.0.0.1:0", str(database)]
    with subprocess.Popen(command, env=os.environ | {"FEEDWITNESS_SECRET": SECRET}, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            yield Running(re.findall(r"http\S+", process.stdout.readline())[0], database)
        finally:
            process.kill()


def test_an_alert_that_comes_twice_is_kept_once_and_byte_for_byte(receiver: Running) -> None:
    assert [receiver.send(alert * 32).code for alert in "aab"] == ["http 204"] * 3
    assert receiver.kept() == [("a" * 32, "alert.changed", PAYLOAD), ("b" * 32, "alert.changed", PAYLOAD)]


@pytest.mark.parametrize("wrong", [{"secret": OTHER}, {"late": 301}, {"late": -301}])
def test_what_is_not_ours_or_not_fresh_is_refused_and_not_kept(receiver: Running, wrong: dict[str, float]) -> None:
    assert receiver.send("a" * 32, **wrong).code == "http 401"  # type: ignore[arg-type]  # one of each kind
    assert receiver.kept() == []


def test_a_body_that_is_too_large_is_not_even_read(receiver: Running) -> None:
    assert receiver.send("a" * 32, b" " * (64 << 20)).kind == "retry"
    assert receiver.kept() == []


def test_what_cannot_be_kept_is_asked_for_again(receiver: Running) -> None:
    with sqlite3.connect(receiver.database) as connection:
        connection.execute("DROP TABLE alerts")
    assert receiver.send("a" * 32).code == "http 500"
