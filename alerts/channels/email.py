"""Alerts as mails: one SMTP conversation for each delivery, which has one recipient and a finished message.

Comes in: a delivery. Goes out: a `SendResult`; whatever the server does is a value, never an exception. `starttls`
means that the server must offer it: otherwise neither AUTH nor MAIL is said. A mail that the server has accepted at the
final dot is delivered whatever happens afterwards; one that breaks off there is sent again under the same Message-ID.
"""

import asyncio
import base64
import re
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parseaddr
from typing import Literal

import aiosmtplib

from alerts.mime import bare_address, fault
from alerts.plain import one_line
from alerts.retry import SendResult, SmtpStage, failure, smtp_kind
from store.ports import Delivery

DEADLINE = timedelta(seconds=30)
_FAREWELL = 2.0
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class MailServer:
    """The server that takes our mails, and who we are to it. `username` "" = no AUTH."""

    host: str
    port: int
    sender: str
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)


class EmailChannel:
    """Sends deliveries through one server. `tls` says whom to trust and is shared among channels."""

    def __init__(self, server: MailServer, *, tls: ssl.SSLContext, deadline: timedelta = DEADLINE) -> None:
        self._server, self._tls, self._deadline = server, tls, deadline

    async def send(self, delivery: Delivery) -> SendResult:
        """One attempt."""
        if problem := fault(delivery.body):
            return SendResult("permanent", "bad_message", f"not sent: {problem}")
        talk = _Conversation(self._server, self._tls, self._deadline.total_seconds())
        try:
            async with asyncio.timeout(self._deadline.total_seconds()):
                result = await talk.deliver(delivery)
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:  # TimeoutError and ssl.SSLError are OSErrors
            result = talk.failed(error)
        await talk.end(polite=result.code != "timeout")
        said = one_line(f"{delivery.recipient}: {talk.stage}: {self._without_secrets(result.answer)}", 300)
        return SendResult(result.kind, result.code, said)

    def _without_secrets(self, answer: str) -> str:
        """The answer without the credentials, as they are and as AUTH puts them on the wire."""
        user, password = self._server.username, self._server.password
        plain = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
        for secret in (plain, *(base64.b64encode(s.encode()).decode() for s in (password, user)), password, user):
            answer = answer.replace(secret, "***") if len(secret) > 3 else answer
        return answer


class _Conversation:
    """One connection. `stage` is how far it came, for a refusal means different things at different places."""

    def __init__(self, server: MailServer, tls: ssl.SSLContext, seconds: float) -> None:
        self.stage: SmtpStage = "connect"
        self._server = server
        self._seconds = seconds
        self._client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            use_tls=server.security == "tls",
            start_tls=False,
            tls_context=tls,
            timeout=seconds,
            local_hostname=_own_name(),
        )

    async def deliver(self, delivery: Delivery) -> SendResult:
        """From connecting to the final dot."""
        if parseaddr(delivery.recipient)[1] != delivery.recipient:
            raise ValueError("not one bare address")
        await self._client.connect()
        await self._hello()
        if refusal := await self._secured() or await self._logged_in():
            return refusal
        sender, options = bare_address(self._server.sender), list[str]()
        is_ascii = f"{sender}{delivery.recipient}".isascii() and delivery.body.isascii()
        if not is_ascii:
            if not self._client.supports_extension("smtputf8"):
                return SendResult("retry", "no_smtputf8", "the server takes no addresses beyond ASCII (SMTPUTF8)")
            options = ["SMTPUTF8", "BODY=8BITMIME"]
        encoding = "ascii" if is_ascii else "utf-8"
        self.stage = "mail"
        await self._client.mail(sender, options=options, encoding=encoding)
        self.stage = "rcpt"
        await self._client.rcpt(delivery.recipient, encoding=encoding)
        return await self._data(delivery.body)

    async def _hello(self) -> None:
        self.stage = "hello"
        try:
            await self._client.ehlo()
        except aiosmtplib.SMTPHeloError:
            if self._server.security == "starttls":
                raise
            await self._client.helo()

    async def _secured(self) -> SendResult | None:
        if self._server.security != "starttls":
            return None
        self.stage = "starttls"
        if not self._client.supports_extension("starttls"):
            return SendResult(
                "retry", "no_starttls", "the server does not offer STARTTLS, so nothing was said in clear"
            )
        await self._client.starttls()
        await self._hello()
        return None

    async def _logged_in(self) -> SendResult | None:
        if not self._server.username:
            return None
        self.stage = "login"
        if self._server.security == "none" and self._server.host not in _LOOPBACK:
            return SendResult(
                "retry", "auth_in_clear", "a password is not sent in clear: set security to starttls or tls"
            )
        await self._client.login(self._server.username, self._server.password)
        return None

    async def _data(self, message: bytes) -> SendResult:
        self.stage = "data"
        reply = await self._client.execute_command(b"DATA")
        protocol = self._client.protocol
        if reply.code != 354 or protocol is None:
            return _answered(self.stage, reply.code, reply.message)
        self.stage = "dot"
        stuffed = re.sub(rb"(?m)^\.", b"..", message)
        protocol.write(stuffed + b".\r\n")
        reply = await protocol.read_response(timeout=self._seconds)
        return _answered(self.stage, reply.code, reply.message)

    def failed(self, error: Exception) -> SendResult:
        """What an exception of the conversation means."""
        if isinstance(error, aiosmtplib.SMTPConnectResponseError):
            self.stage = "greeting"
        if isinstance(error, aiosmtplib.SMTPResponseException) and error.code > 0:
            return _answered(self.stage, error.code, error.message)
        return failure(_code(error), error)

    async def end(self, *, polite: bool) -> None:
        """Say goodbye if there is somebody to say it to; what comes of it no longer matters."""
        if polite and self._client.is_connected:
            with suppress(aiosmtplib.SMTPException, OSError, ValueError):
                await self._client.quit(timeout=_FAREWELL)
        self._client.close()


def _answered(stage: SmtpStage, code: int, message: str) -> SendResult:
    return SendResult(smtp_kind(stage, code), f"smtp {code}", f"{code} {message}")


def _code(error: Exception) -> str:
    if isinstance(error, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError):
        return "tls"
    match error:
        case TimeoutError():
            return "timeout"
        case aiosmtplib.SMTPServerDisconnected():
            return "disconnected"
        case OSError():
            return "connect"
        case aiosmtplib.SMTPException():
            return "protocol"
        case _:
            return "bad_address"


def _own_name() -> str:
    """Our name in EHLO: the host's if it is a full one, else an address literal. No DNS look-up, which may hang."""
    name = socket.gethostname()
    return name if "." in name and name.isascii() else "[127.0.0.1]"
