"""Opening the connections of one hop: resolve the name, judge the address, dial exactly that address.

httpcore asks this backend for a TCP connection to a host by name. A guarded hop dials only addresses that the guard
permits, and what is dialled is the address that was judged, so a name that resolves differently a moment later (DNS
rebinding) gains nothing; Host header and TLS server name keep the name. There are no timeouts here: the caller holds
one deadline over everything. It fails with `FetchError` (`dns`, `ssrf_blocked`, `connect`, `tls_error`, `protocol`) or
with the `OSError` that broke the connection.
"""
# ruff: noqa: ARG002, ASYNC109  # the signatures are httpcore's

import asyncio
import os
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import Executor
from functools import partial
from ipaddress import ip_address
from typing import Any, Protocol, cast

import httpcore

from aggregator.fetch.failure import FetchError, tls_words
from aggregator.fetch.guard import AddressGuard

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host name and port to IP addresses in the order to try them. Raises `socket.gaierror` when there are none."""


class Progress(Protocol):
    """Where the dialler notes what it is about, for the words of a deadline that strikes."""

    phase: str


HEAD_LIMIT = 256 * 1024
"""Bytes that may come before a response's headers are complete, interim (1xx) responses included."""
_MOST_ADDRESSES = 8
_NEXT_ADDRESS_AFTER = 0.25  # seconds (RFC 8305): a dead IPv6 route must not cost the whole deadline
_NO_TIMEOUT_OF_ITS_OWN = 86_400.0


def system_resolver(threads: Executor) -> Resolver:
    """The operating system's resolver on threads of its own: a few names that hang must not hold up everything else."""

    async def resolve(host: str, port: int) -> Sequence[str]:
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(threads, _getaddrinfo, host, port)
        return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))

    return resolve


def _getaddrinfo(host: str, port: int) -> list[tuple[Any, ...]]:
    return list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))


class Dialler(httpcore.AsyncNetworkBackend):
    """The network of one hop. `guard` None: the operator wrote where it goes, and it may go anywhere."""

    def __init__(self, resolve: Resolver, guard: AddressGuard | None, progress: Progress) -> None:
        self._resolve = resolve
        self._guard = guard
        self._progress = progress
        self._stream: Stream | None = None

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> "Stream":
        """Dial the host's permitted addresses until one answers."""
        self._progress.phase = "resolving the name"
        addresses = await self._permitted(host, port)
        self._progress.phase = "connecting"
        try:
            self._stream = await _first_to_answer(addresses[:_MOST_ADDRESSES], port, self._progress)
        except OSError as error:
            words = os.strerror(error.errno) if error.errno else type(error).__name__
            raise FetchError("connect", f"{host}:{port}: {words}") from error
        self._progress.phase = "waiting for the headers"
        return self._stream

    def head_complete(self) -> None:
        """The response's headers are here: from now on the body's own limit counts."""
        if self._stream is not None:
            self._stream.allowance = None

    def hang_up(self) -> None:
        """Close whatever is open, at once."""
        if self._stream is not None:
            self._stream.abort()

    async def _permitted(self, host: str, port: int) -> Sequence[str]:
        try:
            addresses = [host] if _is_address(host) else await self._resolve(host, port)
        except socket.gaierror as error:
            raise FetchError("dns", f"{host}: {error.strerror or 'cannot be resolved'}") from error
        except ValueError:
            raise FetchError("dns", f"{host[:80]}: not a host name") from None
        if not addresses:
            raise FetchError("dns", f"{host}: it has no address")
        if self._guard is None:
            return addresses
        permitted = [address for address in addresses if self._guard.permits(address)]
        if not permitted:
            raise FetchError("ssrf_blocked", f"{host} is at {addresses[0]}, which learnt URLs may not reach")
        return permitted


class Stream(asyncio.Protocol, httpcore.AsyncNetworkStream):
    """One connection, plain or TLS, straight on an asyncio transport (httpcore's own costs twice the CPU)."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self.allowance: int | None = HEAD_LIMIT
        self._transport: asyncio.Transport | None = None
        self._data = bytearray()
        self._ended = False
        self._error: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None

    # what httpcore asks for

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """The next bytes, b"" at the end. Raises what broke the connection: `OSError` or `ssl.SSLError`."""
        if not self._data and not self._ended:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        if not self._data and self._error is not None:
            raise self._error
        data = bytes(self._data[:max_bytes])
        del self._data[:max_bytes]
        if self.allowance is not None:
            self.allowance -= len(data)
            if self.allowance < 0:
                raise FetchError("protocol", f"over {HEAD_LIMIT} bytes before the response's headers were complete")
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Hand over a request's head: small, so there is nothing to wait for."""
        if self._transport is not None:
            self._transport.write(buffer)

    async def aclose(self) -> None:
        """Close at once: one connection carries one request, and whatever is still coming is not wanted."""
        self.abort()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> "Stream":
        """Put TLS over the connection; nothing of the request is written before the certificate is accepted."""
        self._progress.phase = "in the TLS handshake"
        try:
            secured = await asyncio.get_running_loop().start_tls(
                cast("asyncio.Transport", self._transport),
                self,
                ssl_context,
                server_hostname=server_hostname,
                ssl_handshake_timeout=_NO_TIMEOUT_OF_ITS_OWN,
            )
        except ssl.SSLError as error:
            raise FetchError("tls_error", f"{server_hostname}: {tls_words(error)}") from error
        except OSError as error:
            raise FetchError("tls_error", f"{server_hostname}: hung up during the TLS handshake") from error
        if secured is None:
            raise FetchError("tls_error", f"{server_hostname}: hung up during the TLS handshake")
        self._transport = secured
        self._progress.phase = "waiting for the headers"
        return self

    def get_extra_info(self, info: str) -> Any:
        """The TLS object, from which httpcore reads the negotiated protocol; nothing else."""
        return self._transport.get_extra_info(info) if info == "ssl_object" and self._transport is not None else None

    def abort(self) -> None:
        """Close now, without a word."""
        if self._transport is not None:
            self._transport.abort()

    # what asyncio tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The TCP connection stands."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Keep what arrived. A fetch reads on or hangs up, it never dawdles, so no flow control is needed."""
        self._data += data
        self._wake()

    def eof_received(self) -> None:
        """The other side will send no more."""
        self._ended = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone; `exc` says why if it was not in order."""
        self._ended = True
        self._error = exc
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


async def _dial(address: str, port: int, progress: Progress) -> Stream:
    _, stream = await asyncio.get_running_loop().create_connection(partial(Stream, progress), address, port)
    return stream


async def _first_to_answer(addresses: Sequence[str], port: int, progress: Progress) -> Stream:
    """Dial in order, a quarter of a second apart, and keep the first that answers. Raises the last one's `OSError`."""
    if len(addresses) == 1:
        return await _dial(addresses[0], port, progress)
    waiting = list(addresses)
    attempts: set[asyncio.Task[Stream]] = set()
    error: BaseException = OSError("no address")
    try:
        while waiting or attempts:
            if waiting:
                attempts.add(asyncio.create_task(_dial(waiting.pop(0), port, progress)))
            done, _ = await asyncio.wait(
                attempts, timeout=_NEXT_ADDRESS_AFTER if waiting else None, return_when=asyncio.FIRST_COMPLETED
            )
            for attempt in done:
                attempts.discard(attempt)
                if (failed := attempt.exception()) is None:
                    return attempt.result()
                error = failed
        raise error
    finally:
        for attempt in attempts:
            attempt.cancel()
        for late in await asyncio.gather(*attempts, return_exceptions=True):
            if isinstance(late, Stream):
                late.abort()


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
