"""Looking at one URL: a conditional GET with one deadline, a bounded body, and redirects followed by hand.

A `FetchRequest` goes in; `Fetched`, `NotModified` or `FetchFailed` comes out, whatever the other side does; nothing is
raised but cancellation. Each hop has a connection of its own and no pool: httpx's leaks a slot whenever a deadline
strikes while it connects, and a feed is polled too rarely for keep-alive to pay.

A hop is *at home* while the chain has never left the origin (scheme, host, port) of its first URL. Only at home are
credentials and configured headers sent; and if the operator wrote that first URL, any address may be dialled there, for
a server that the operator trusts only names its own paths. The first redirect to another origin ends both for good,
even if a later one leads back: that URL was then written by a stranger.
"""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from types import TracebackType
from typing import cast

import httpcore
import httpx

from aggregator.fetch.body import Body
from aggregator.fetch.dial import Dialler, Resolver, system_resolver
from aggregator.fetch.failure import FetchError, named
from aggregator.fetch.guard import AddressGuard, Network
from aggregator.fetch.hop import DEFAULT_PORTS, Hop, headers, is_conditional, location, origin, parsed, require_http
from aggregator.outcome import Fetched, FetchFailed, FetchOutcome, FetchRequest, NotModified, Redirect
from alerts.retry_after import retry_after

log = logging.getLogger("feedwitness.fetch")

MAX_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MAX_HEADERS = 500
_MAX_HEADER_BYTES = 64 * 1024
_DNS_THREADS = 32


@dataclass(slots=True)
class _Trail:
    """How far a fetch has come, for the words of its failure."""

    phase: str = "preparing"
    status: int | None = None
    redirects: list[Redirect] = field(default_factory=list)


class Fetcher:
    """Fetches URLs; share one. It holds what is dear to make: TLS contexts (one per CA file) and resolver threads.

    `allow_networks` are the networks that learnt URLs may reach. `resolve` and `clock` (aware, UTC) are for tests.
    """

    def __init__(
        self,
        allow_networks: Sequence[Network] = (),
        *,
        resolve: Resolver | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._guard = AddressGuard(allow_networks)
        self._threads = ThreadPoolExecutor(_DNS_THREADS, thread_name_prefix="resolve")
        self._resolve = resolve or system_resolver(self._threads)
        self._clock = clock
        self._tls: dict[str, ssl.SSLContext] = {}

    def allow(self, networks: Sequence[Network]) -> None:
        """From here on these are the networks that learnt URLs may reach; certificates are read anew, too."""
        self._guard = AddressGuard(networks)
        self._tls.clear()

    async def __aenter__(self) -> "Fetcher":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let the resolver threads go; idempotent."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def fetch(self, request: FetchRequest) -> FetchOutcome:
        """One request, redirects included, within `request.timeout`. Through a proxy the proxy resolves names: of a
        learnt URL only the spelling and literal addresses are judged then; the proxy's own rules have to do the rest.
        """
        trail = _Trail()
        seconds = request.timeout.total_seconds()
        try:
            async with asyncio.timeout(seconds) as deadline:
                return await self._follow(request, trail)
        except Exception as error:  # noqa: BLE001 the world's ways to fail cannot be listed; here each gets a name
            if deadline.expired():
                return _failed("timeout", f"no complete answer within {seconds:g} s: still {trail.phase}", trail)
            reason, detail = named(error)
            log.debug("%s: %s", reason, detail)  # never the traceback: its message may quote a secret header
            return _failed(reason, detail, trail)

    async def _follow(self, request: FetchRequest, trail: _Trail) -> FetchOutcome:
        hop = self._first_hop(request)
        while True:
            conditional = is_conditional(request, hop)
            async with self._answer(request, hop, conditional, trail) as response:
                trail.status = status = response.status_code
                if status == HTTPStatus.OK:
                    trail.phase = "reading the body"
                    return _fetched(hop, response, await _read(response, request), trail)
                if status == HTTPStatus.NOT_MODIFIED and conditional:
                    return NotModified(str(hop.url), tuple(trail.redirects))
                if status not in _REDIRECTS or "location" not in response.headers or request.post is not None:
                    return self._turned_down(response, trail)
                target = location(hop.url, response)
            hop = self._next_hop(request, hop, target)
            if len(trail.redirects) == MAX_REDIRECTS:
                raise FetchError("redirect_limit", f"over {MAX_REDIRECTS} redirects")
            trail.redirects.append(Redirect(status, str(hop.url)))
            trail.status = None

    def _first_hop(self, request: FetchRequest) -> Hop:
        """The hop that the request itself names. Userinfo in an operator's URL becomes Basic credentials."""
        require_http(request.url)
        if request.learnt and (objection := self._guard.objection(request.url)):
            raise FetchError("ssrf_blocked", objection)
        url = parsed(request.url)
        if not url.userinfo:
            return Hop(url, at_home=True, auth=request.auth)
        auth = request.auth or (url.username, url.password)
        return Hop(url.copy_with(userinfo=b""), at_home=True, auth=auth)

    def _next_hop(self, request: FetchRequest, hop: Hop, target: str) -> Hop:
        """The hop that a redirect asks for, judged like any learnt URL unless it stays where the operator sent us."""
        url = parsed(target)
        at_home = hop.at_home and origin(url) == origin(hop.url)
        if (request.learnt or not at_home) and (objection := self._guard.objection(target)):
            raise FetchError("ssrf_blocked", f"redirect refused: {objection}")
        return Hop(url, at_home, hop.auth if at_home else None)

    @asynccontextmanager
    async def _answer(
        self, request: FetchRequest, hop: Hop, conditional: bool, trail: _Trail
    ) -> AsyncIterator[httpx.Response]:
        """The response to one hop, its body not yet read. The connection ends with the block."""
        free = (hop.at_home and not request.learnt) or bool(request.proxy)
        dialler = Dialler(self._resolve, None if free else self._guard, trail)
        transport = _Transport(self._connection(request, hop.url, dialler))
        try:
            response = await transport.handle_async_request(_message(request, hop, conditional))
            dialler.head_complete()
            _check_head(response)
            yield response
        finally:
            dialler.hang_up()

    def _connection(
        self, request: FetchRequest, url: httpx.URL, dialler: Dialler
    ) -> httpcore.AsyncHTTPConnection | httpcore.AsyncHTTPProxy:
        tls = self._tls_context(request.ca_file) if url.scheme == "https" or request.proxy else None
        if not request.proxy:
            port = url.port or DEFAULT_PORTS[url.scheme]
            place = httpcore.Origin(url.raw_scheme, url.raw_host, port)
            return httpcore.AsyncHTTPConnection(place, ssl_context=tls, network_backend=dialler)
        proxy = _proxy(request.proxy)
        target = httpcore.URL(
            scheme=proxy.url.raw_scheme, host=proxy.url.raw_host, port=proxy.url.port, target=proxy.url.raw_path
        )
        return httpcore.AsyncHTTPProxy(
            proxy_url=target,
            proxy_auth=proxy.raw_auth,
            proxy_ssl_context=tls if proxy.url.scheme == "https" else None,
            ssl_context=tls,
            network_backend=dialler,
        )

    def _tls_context(self, ca_file: str) -> ssl.SSLContext:
        """The system's trusted CAs, and those of `ca_file` beside them."""
        context = self._tls.get(ca_file)
        if context is None:
            context = ssl.create_default_context()
            if ca_file:
                try:
                    context.load_verify_locations(cafile=ca_file)
                except OSError as error:  # ssl.SSLError is one
                    raise FetchError("tls_error", f"cannot use ca_file {ca_file}: {error.strerror or error}") from error
            self._tls[ca_file] = context
        return context

    def _turned_down(self, response: httpx.Response, trail: _Trail) -> FetchFailed:
        status = response.status_code
        if status == HTTPStatus.NOT_MODIFIED:
            return _failed("protocol", "304 Not Modified to a request without validators", trail)
        wait = retry_after(response.headers.get("retry-after", ""), response.headers.get("date", ""), self._clock())
        return _failed(f"http_{status}", _status_line(status), trail, wait)


class _Transport(httpx.AsyncHTTPTransport):
    """httpx's transport over one given connection in place of its pool."""

    def __init__(self, connection: httpcore.AsyncHTTPConnection | httpcore.AsyncHTTPProxy) -> None:
        self._pool = cast("httpcore.AsyncConnectionPool", connection)


def _message(request: FetchRequest, hop: Hop, conditional: bool) -> httpx.Request:
    method = "GET" if request.post is None else "POST"
    body = httpx.ByteStream(request.post or b"")
    return httpx.Request(method, hop.url, headers=headers(request, hop, conditional), stream=body)


def _proxy(url: str) -> httpx.Proxy:
    try:
        proxy = httpx.Proxy(url)
    except (ValueError, httpx.InvalidURL) as error:
        raise FetchError("connect", "the proxy's URL must start with http:// or https://") from error
    if proxy.url.scheme not in DEFAULT_PORTS:
        raise FetchError("connect", "only http:// and https:// proxies are supported")
    return proxy


def _check_head(response: httpx.Response) -> None:
    raw = response.headers.raw
    if len(raw) > _MAX_HEADERS or sum(len(name) + len(value) for name, value in raw) > _MAX_HEADER_BYTES:
        raise FetchError("protocol", f"over {_MAX_HEADERS} headers, or {_MAX_HEADER_BYTES} bytes of them")


async def _read(response: httpx.Response, request: FetchRequest) -> bytes:
    if request.max_body == 0:
        return b""
    body = Body(response.headers.get("content-encoding", ""), request.max_body)
    length = response.headers.get("content-length", "0")  # h11 has seen to it that it is a number
    if int(length) > request.max_body and not request.partial:
        raise FetchError("too_large", f"the body is {length} bytes long, over {request.max_body}")
    try:
        async for piece in response.aiter_raw():
            body.feed(piece)
    except FetchError as error:
        if request.partial and error.reason == "too_large":
            return body.beginning()
        raise
    return body.close()


def _fetched(hop: Hop, response: httpx.Response, body: bytes, trail: _Trail) -> Fetched:
    all_headers = tuple(
        (name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in response.headers.raw
    )
    first = dict(reversed(all_headers))
    return Fetched(
        url=str(hop.url),
        body=body,
        content_type=first.get("content-type", ""),
        etag=first.get("etag", ""),
        last_modified=first.get("last-modified", ""),
        headers=all_headers,
        redirects=tuple(trail.redirects),
    )


def _failed(reason: str, detail: str, trail: _Trail, wait: timedelta | None = None) -> FetchFailed:
    return FetchFailed(reason, detail, trail.status, wait, tuple(trail.redirects))


def _status_line(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"{status}"
