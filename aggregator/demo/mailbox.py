"""The desk's mail server: as much of SMTP (RFC 5321) as it takes to receive a mail, or to refuse it for now.

Comes in: connections. Goes out: whole messages to `take`, which says whether the desk has them; one that it does not
take is answered 451 at the final dot: try again. What is no SMTP gets 500; a connection that breaks off is forgotten
with what it had not finished.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

_AGAIN = b"451 4.3.0 not now, try again later"
_FINE = b"250 2.0.0 fine"


@asynccontextmanager
async def mailbox(take: Callable[[bytes], bool]) -> AsyncIterator[int]:
    """A server on a free port of loopback until the block ends; gives the port."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            await _converse(reader, writer, take)
        writer.close()

    server = await asyncio.start_server(converse, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


async def _converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, take: Callable[[bytes], bool]) -> None:
    async def say(line: bytes) -> None:
        writer.write(line + b"\r\n")
        await writer.drain()

    await say(b"220 desk.example ESMTP")
    while line := await reader.readline():
        match line[:4].strip().upper():
            case b"EHLO" | b"HELO":
                await say(b"250 desk.example")
            case b"MAIL" | b"RCPT" | b"RSET" | b"NOOP":
                await say(_FINE)
            case b"DATA":
                await say(b"354 go on, and end with a dot")
                await say(_FINE if take(await _message(reader)) else _AGAIN)
            case b"QUIT":
                await say(b"221 2.0.0 goodbye")
                return
            case _:
                await say(b"500 5.5.1 not understood")


async def _message(reader: asyncio.StreamReader) -> bytes:
    """What follows DATA, up to the line with a dot alone, without the dots that were stuffed in front of others."""
    lines = []
    while (line := await reader.readuntil(b"\r\n")) != b".\r\n":
        lines.append(line.removeprefix(b"."))
    return b"".join(lines)
