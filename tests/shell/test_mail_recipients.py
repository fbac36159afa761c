"""One mail to three recipients, of whom one is refused for ever and one for now: nobody pays for another's fate."""

import asyncio
import ssl
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from alerts.channels.email import EmailChannel, MailServer
from alerts.deliver import Deliverer
from alerts.mime import message
from store.database import SqlStore, open_store
from store.events import AlertId, ChannelId, RuleId
from store.ports import Delivery

ROUNDS = 25
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
NAMES = ("good", "gone", "busy")


class Desk:
    """Keeps what it takes. `busy` stays busy until the flag falls."""

    def __init__(self) -> None:
        self.kept: Counter[tuple[str, bytes]] = Counter()
        self.busy = True

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: object) -> str:  # fmt: skip  # noqa: E501, N802
        if address.startswith("gone") or (address.startswith("busy") and self.busy):
            return "550 no such user" if address.startswith("gone") else "450 later"
        envelope.rcpt_tos.append(address)
        return "250 fine"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.kept.update((to, bytes(envelope.content or b"")) for to in envelope.rcpt_tos)
        return "250 kept"


def alert(number: int) -> list[Delivery]:
    body = message([("Subject", f"Alert {number}"), ("Message-ID", f"<{number}@b>")], f"no. {number}", "<p>x</p>", "b")
    ids = AlertId(f"alert-{number}"), RuleId("desk"), ChannelId("mail")
    return [
        Delivery(f"{number}-{name}", *ids, f"{name}@example.org", place, "appeared", None, body, created_at=NOON)
        for place, name in enumerate(NAMES)
    ]


def states(store: SqlStore) -> Counter[tuple[str, str, int]]:
    with store.views() as views:
        return Counter((d.recipient.partition("@")[0], d.state, d.attempts) for d in views.deliveries())


async def two_passes(store: SqlStore, desk: Desk) -> None:
    """The first while one recipient's server is busy, the second a minute later."""
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(desk), "127.0.0.1", 0)
    clock = [NOON]
    async with server:
        port = server.sockets[0].getsockname()[1]
        target = MailServer("127.0.0.1", port, "witness@example.org", security="none")
        mail = EmailChannel(target, tls=ssl.create_default_context())
        sender = Deliverer(store, {ChannelId("mail"): mail}, now=lambda: clock[0], jitter=lambda: 0.5)
        await sender.run_once()
        assert states(store) == dict.fromkeys([("good", "delivered", 1), ("gone", "dead", 1), ("busy", "pending", 1)], ROUNDS)  # fmt: skip  # noqa: E501
        desk.busy = False
        clock[0] += timedelta(minutes=1)
        await sender.run_once()


def test_the_one_gets_it_once_the_other_is_dead_and_the_third_is_tried_again_alone(tmp_path: Path) -> None:
    desk = Desk()
    with open_store(f"sqlite:///{tmp_path}/log.db", migrate=True) as store:
        rows = [one for number in range(ROUNDS) for one in alert(number)]
        store.write(lambda tx: tx.outbox.enqueue(rows)).result()
        asyncio.run(two_passes(store, desk))
        assert states(store) == dict.fromkeys([("good", "delivered", 1), ("gone", "dead", 1), ("busy", "delivered", 2)], ROUNDS)  # fmt: skip  # noqa: E501
    assert len(desk.kept) == 2 * ROUNDS
    assert set(desk.kept.values()) == {1}
