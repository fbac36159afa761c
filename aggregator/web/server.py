"""Serves the application beside the daemon's loops, in the same event loop. Signals are the daemon's affair."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator

import uvicorn

from aggregator.web.app import Application


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class ListenFailed(Exception):
    """The address of `web.listen` cannot be had; the message says what to change."""


def bind(listen: str) -> socket.socket:
    """A listening socket for `host:port` ([::1]:8321 for IPv6); raises `ListenFailed`."""
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    if host == "localhost":  # this machine, whatever a file of names says
        host = "127.0.0.1"
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, int(port)))
        sock.listen(128)
    except OSError as error:
        sock.close()
        raise ListenFailed(
            f"cannot listen on {listen}: {error.strerror}; is another feedwitness running? "
            'Set another [web] listen, or "" to switch it off'
        ) from error
    return sock


@contextlib.asynccontextmanager
async def serving(app: Application, sock: socket.socket) -> AsyncIterator[None]:
    """Serve until the block ends, and from when it begins; open requests get two seconds."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=2,
        ws="none",
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[sock]), name="web")
    while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn sets no event
        await asyncio.sleep(0.005)
    try:
        yield
    finally:
        server.should_exit = True
        with contextlib.suppress(Exception):
            await task
        sock.close()
