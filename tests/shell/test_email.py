"""Mail conversations with a server that does, at each stage, what the test says; and with a real one over TLS."""

import asyncio
import base64
import email
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from alerts.channels.email import EmailChannel, MailServer
from alerts.mime import message
from alerts.retry import SendResult
from store.events import AlertId, ChannelId, RuleId
from store.ports import Delivery

BODY = message([("Subject", "Aid for Syria"), ("Message-ID", "<a@b>")], ".one dot\n..two\n.\nend", "<p>.x</p>", "b")
PLAIN_TLS = ssl.create_default_context()
STAGES = ["greeting", "hello", "starttls", "mail", "rcpt", "data", "dot"]


def delivery(to: str = "desk@example.org", body: bytes = BODY) -> Delivery:
    return Delivery("d1", AlertId("a" * 32), RuleId("desk"), ChannelId("mail"), to, 0, "appeared", None, body)


@dataclass
class Scripted:
    """An SMTP server by hand. `act` names a stage and what happens there: an answer, `drop`, or `hang`."""

    act: dict[str, str] = field(default_factory=dict)
    offers: tuple[str, ...] = ("8BITMIME", "SIZE 1000000")
    port: int = 0
    said: list[str] = field(default_factory=list)
    mails: list[tuple[str, bytes]] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if not await self._answer(writer, "greeting", "220 ready"):
                return
            to = ""
            while line := (await reader.readline()).decode().rstrip():
                self.said.append(line)
                verb = line.split()[0].upper()
                if verb == "RCPT":
                    to = line.partition("<")[2].partition(">")[0]
                going_on = await self._command(verb, reader, writer, to)
                if not going_on:
                    return
        finally:
            writer.close()

    async def _command(self, verb: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, to: str) -> bool:
        if verb in ("EHLO", "HELO"):
            lines = ["hello", *self.offers] if verb == "EHLO" else ["hello"]
            text = "\r\n".join(f"250{'-' if n < len(lines) - 1 else ' '}{line}" for n, line in enumerate(lines))
            return await self._answer(writer, "hello", text)
        if verb != "DATA":
            return await self._answer(writer, verb.lower(), "221 bye" if verb == "QUIT" else "250 fine", to)
        if not await self._answer(writer, "data", "354 go on") or self.act.get("data"):
            return bool(self.act.get("data"))
        data = await reader.readuntil(b"\r\n.\r\n")
        if not self.act.get("dot") or self.act.get("then") == "kept":
            self.mails.append((to, data[:-3].replace(b"\r\n..", b"\r\n.")))
        return await self._answer(writer, "dot", "250 kept")

    async def _answer(self, writer: asyncio.StreamWriter, stage: str, usual: str, to: str = "") -> bool:
        act = self.act.get(f"{stage} {to}", self.act.get(stage, usual))
        if act == "hang":
            await asyncio.Event().wait()
        if act == "drop":
            writer.transport.abort()
            return False
        writer.write(act.encode() + b"\r\n")
        await writer.drain()
        return True


@asynccontextmanager
async def scripted(host: Scripted) -> AsyncIterator[Scripted]:
    server = await asyncio.start_server(host.serve, "127.0.0.1", 0)
    host.port = server.sockets[0].getsockname()[1]
    async with server:
        yield host


def channel(port: int, *, seconds: float = 5, tls: ssl.SSLContext = PLAIN_TLS, **settings: str) -> EmailChannel:
    server = MailServer("127.0.0.1", port, "Witness <witness@example.org>", **({"security": "none"} | settings))  # type: ignore[arg-type]  # passed through
    return EmailChannel(server, tls=tls, deadline=timedelta(seconds=seconds))


def talk(host: Scripted, to: Delivery | None = None, **options: object) -> SendResult:
    async def run() -> SendResult:
        async with scripted(host):
            return await channel(host.port, **options).send(to or delivery())  # type: ignore[arg-type]  # passed through

    return asyncio.run(run())


# --- the ordinary way -------------------------------------------------------------------------------------------------


def test_the_exact_bytes_arrive_dots_and_all_with_a_bare_envelope() -> None:
    host = Scripted()
    result = talk(host)
    assert (result.kind, result.code, result.answer) == ("ok", "smtp 250", "desk@example.org: dot: 250 kept")
    assert host.mails == [("desk@example.org", BODY)]
    assert [line for line in host.said if line.split()[0] in ("MAIL", "RCPT")] == [
        "MAIL FROM:<witness@example.org>",
        "RCPT TO:<desk@example.org>",
    ]
    assert host.said[-1] == "QUIT"


def test_a_server_that_knows_no_ehlo_is_greeted_with_helo() -> None:
    class Old(Scripted):
        async def _command(self, verb: str, *rest: object) -> bool:
            self.act["hello"] = "502 what" if verb == "EHLO" else "250 hello"
            return await super()._command(verb, *rest)  # type: ignore[arg-type]  # passed through

    host = Old()
    assert talk(host).kind == "ok"
    assert [line.split()[0] for line in host.said][:2] == ["EHLO", "HELO"]


def test_a_mail_accepted_at_the_dot_is_delivered_whatever_the_farewell_is() -> None:
    for farewell in ("drop", "500 rude"):
        host = Scripted({"quit": farewell})
        assert (talk(host).kind, len(host.mails)) == ("ok", 1)


# --- row 52: every stage, every misfortune ----------------------------------------------------------------------------


@pytest.mark.parametrize("fate", ["451 later", "550 never", "drop", "hang"])
@pytest.mark.parametrize("stage", STAGES)
def test_only_a_5xx_to_rcpt_or_the_final_dot_is_for_ever(stage: str, fate: str) -> None:
    security = "starttls" if stage == "starttls" else "none"
    host = Scripted({stage: fate}, offers=("STARTTLS",))
    result = talk(host, seconds=0.15 if fate == "hang" else 5, security=security)
    expected = "permanent" if stage in ("rcpt", "dot") and fate.startswith("5") else "retry"
    assert result.kind == expected
    if fate[0].isdigit():
        assert (result.code, stage in result.answer) == (f"smtp {fate[:3]}", True)
    elif fate == "hang":
        assert result.code == "timeout"
    else:
        assert result.code in ("disconnected", "connect")
    assert host.mails == []


def test_each_recipient_has_their_own_fate() -> None:
    host = Scripted({"rcpt gone@example.org": "550 no such user", "rcpt busy@example.org": "450 later"})

    async def run() -> list[SendResult]:
        async with scripted(host):
            mail = channel(host.port)
            return [await mail.send(delivery(f"{name}@example.org")) for name in ("good", "gone", "busy")]

    assert [result.kind for result in asyncio.run(run())] == ["ok", "permanent", "retry"]
    assert [to for to, _ in host.mails] == ["good@example.org"]


def test_a_mail_whose_fate_at_the_dot_is_unknown_is_sent_again_under_the_same_id() -> None:
    host = Scripted({"dot": "drop", "then": "kept"})

    async def run() -> list[SendResult]:
        async with scripted(host):
            first = await channel(host.port).send(delivery())
            host.act.clear()
            return [first, await channel(host.port).send(delivery())]

    assert [result.kind for result in asyncio.run(run())] == ["retry", "ok"]
    ids = [email.message_from_bytes(data)["Message-ID"] for _, data in host.mails]
    assert ids == ["<a@b>", "<a@b>"]


@pytest.mark.parametrize("noise", ["what is this", "220-" + "x" * 40_000, "999999 code", "-250 minus"])
def test_a_server_that_speaks_something_else_is_tried_again(noise: str) -> None:
    assert talk(Scripted({"greeting": noise}), seconds=0.15).kind == "retry"


def test_nobody_listening_is_a_value_too() -> None:
    assert asyncio.run(channel(9).send(delivery())).code == "connect"


def test_a_broken_message_never_leaves() -> None:
    host = Scripted()
    result = talk(host, delivery(body=BODY.replace(b"Subject: ", b"Subject: x\nBcc: ")))
    assert (result.kind, result.code, host.said) == ("permanent", "bad_message", [])


@pytest.mark.parametrize("address", ["a@x>\r\nRCPT TO:<b@x", "a b@example.org", "a@x> SIZE=1"])
def test_an_address_cannot_smuggle_a_command(address: str) -> None:
    host = Scripted()
    assert talk(host, delivery(address)).kind == "retry"
    assert not [line for line in host.said if line.startswith("RCPT")]


def test_an_address_beyond_ascii_needs_a_server_that_takes_it() -> None:
    to = delivery("юг@example.org")
    assert talk(Scripted(), to).code == "no_smtputf8"
    host = Scripted(offers=("SMTPUTF8", "8BITMIME"))
    assert talk(host, to).kind == "ok"
    assert "MAIL FROM:<witness@example.org> SMTPUTF8 BODY=8BITMIME" in host.said
    assert "RCPT TO:<юг@example.org>" in host.said


def test_the_answer_is_one_clean_line() -> None:
    answer = talk(Scripted({"rcpt": "550-no\r\n550-\x1b[31msuch\r\n550 user " + "x" * 900})).answer
    assert answer.startswith("desk@example.org: rcpt: 550 no \ufffd[31msuch user xxx")
    assert len(answer) == 300


# --- TLS and AUTH -----------------------------------------------------------------------------------------------------


def test_where_starttls_is_not_offered_nothing_is_said_in_clear() -> None:
    host = Scripted()
    result = talk(host, security="starttls", username="u", password="secret-word")
    assert (result.kind, result.code) == ("retry", "no_starttls")
    assert [line.split()[0] for line in host.said] == ["EHLO", "QUIT"]


def test_a_password_does_not_go_to_a_distant_server_in_clear() -> None:
    from alerts.channels.email import _Conversation

    server = MailServer("mail.example.org", 25, "w@example.org", "none", "u", "secret-word")
    refusal = asyncio.run(_logged_in(_Conversation, server))
    assert refusal is not None
    assert refusal.code == "auth_in_clear"


async def _logged_in(conversation: type, server: MailServer) -> SendResult | None:
    return await conversation(server, PLAIN_TLS, 1.0)._logged_in()  # type: ignore[no-any-return]  # one private step


class Kept:
    """What aiosmtpd hands over."""

    def __init__(self) -> None:
        self.mails: list[Envelope] = []
        self.over_tls: list[bool] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 -- its name
        self.mails.append(envelope)
        self.over_tls.append(server.transport.get_extra_info("sslcontext") is not None)
        return "250 kept"


def check_login(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (b"witness", b"secret-word")
    return AuthResult(success=good, handled=False)


@asynccontextmanager
async def real_server(
    *, implicit: bool = False, login: bool = False
) -> AsyncIterator[tuple[int, Kept, ssl.SSLContext]]:
    authority, kept = trustme.CA(), Kept()
    context, trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(trusting)
    options: dict[str, object] = {} if implicit else {"tls_context": context, "require_starttls": True}
    if login:
        options |= {"authenticator": check_login, "auth_required": True, "auth_require_tls": not implicit}
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(kept, hostname="test", **options), "127.0.0.1", 0, ssl=context if implicit else None
    )
    async with server:
        yield server.sockets[0].getsockname()[1], kept, trusting


def send_for_real(security: str, *, login: bool = False, trust: bool = True, **who: str) -> tuple[SendResult, Kept]:
    async def run() -> tuple[SendResult, Kept]:
        async with real_server(implicit=security == "tls", login=login) as (port, kept, trusting):
            mail = channel(port, tls=trusting if trust else PLAIN_TLS, security=security, **who)
            return await mail.send(delivery()), kept

    return asyncio.run(run())


@pytest.mark.filterwarnings("ignore:Requiring AUTH")  # over implicit TLS aiosmtpd does not see that there is TLS
@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_real_server_takes_a_mail_over_tls_after_a_login(security: str) -> None:
    result, kept = send_for_real(security, login=True, username="witness", password="secret-word")
    assert result.kind == "ok"
    assert kept.over_tls == [True]
    assert kept.mails[0].rcpt_tos == ["desk@example.org"]
    assert kept.mails[0].original_content == BODY


def test_a_refused_login_is_our_mistake_and_tried_again_without_naming_the_password() -> None:
    result, kept = send_for_real("starttls", login=True, username="witness", password="wrong-word")
    assert (result.kind, result.code, kept.mails) == ("retry", "smtp 535", [])
    assert "wrong-word" not in result.answer


@pytest.mark.filterwarnings("ignore:Requiring AUTH")  # as above
@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_nobody_vouches_for_ends_the_conversation(security: str) -> None:
    result, kept = send_for_real(security, login=True, trust=False, username="witness", password="secret-word")
    assert (result.kind, result.code, kept.mails) == ("retry", "tls", [])


def test_a_server_that_repeats_our_credentials_does_not_get_them_into_the_outbox() -> None:
    said = base64.b64encode(b"\0witness-user\0swordfish").decode()
    host = Scripted({"auth": f"535 bad: {said} swordfish"}, offers=("AUTH PLAIN",))
    result = talk(host, username="witness-user", password="swordfish")
    assert (result.kind, result.code, result.answer) == (
        "retry",
        "smtp 535",
        "desk@example.org: login: 535 bad: *** ***",
    )
