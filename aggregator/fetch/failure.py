"""How the ways in which a fetch can fail get their names.

In goes any exception that httpx, httpcore, ssl, socket, idna or zlib raised; out comes a reason from the list of
`aggregator.outcome.FetchFailed` and one clean line for people: no control characters, no credentials. Unknown kinds are
`protocol`, with the name of their class and the place where they came from.
"""

import re
import socket
import ssl
import traceback
import zlib
from collections.abc import Iterator
from pathlib import Path

import httpx

from alerts.plain import one_line

_MAX_DETAIL = 240
_USERINFO = re.compile(r"//[^/?#\s]*@")


class FetchError(Exception):
    """A failure of a fetch that has its name already; it never leaves this room."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def named(error: Exception) -> tuple[str, str]:
    """The reason and the line for people that stand for an exception."""
    if isinstance(error, FetchError):
        return error.reason, clean_line(error.detail)
    for cause in _causes(error):
        for kind, reason in _REASONS:
            if isinstance(cause, kind):
                return _sharpened(reason, cause), clean_line(_words(cause))
    places = traceback.extract_tb(error.__traceback__)
    where = f" in {Path(places[-1].filename).name}:{places[-1].lineno}" if places else ""
    return "protocol", f"unexpected {type(error).__name__}{where}"


def clean_line(text: str) -> str:
    """One line fit for a log, a terminal and a page, without the userinfo of any URL in it, and not too long."""
    return one_line(_USERINFO.sub("//", text), _MAX_DETAIL)


def tls_words(error: ssl.SSLError) -> str:
    """What TLS objects to, in its own words: `certificate has expired`, `unsupported protocol`, ..."""
    message = getattr(error, "verify_message", "") or (error.reason or "").replace("_", " ").lower()
    return message or "the TLS handshake failed"


# The first cause in the chain that is named here decides; inside one cause, the first line that fits.
_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (ssl.SSLError, "tls_error"),
    (socket.gaierror, "dns"),
    (UnicodeError, "bad_url"),
    (httpx.InvalidURL, "bad_url"),
    (httpx.UnsupportedProtocol, "bad_scheme"),
    (httpx.TimeoutException, "timeout"),
    (TimeoutError, "timeout"),
    (httpx.ProxyError, "connect"),
    (httpx.ConnectError, "connect"),
    (httpx.NetworkError, "reset"),
    (httpx.ProtocolError, "protocol"),
    (zlib.error, "bad_encoding"),
    (ConnectionRefusedError, "connect"),
    (OSError, "reset"),
)
_CUT_OFF = ("Server disconnected", "peer closed connection")


def _causes(error: Exception) -> Iterator[BaseException]:
    """The exception's own causes, deepest first: a TLS or DNS error hides below two layers of libraries."""
    chain: list[BaseException] = []
    here: BaseException | None = error
    while here is not None and here not in chain:
        chain.append(here)
        here = here.__cause__ or here.__context__
    for cause in reversed(chain):
        if isinstance(cause, ssl.SSLError | socket.gaierror):
            yield cause
    yield error


def _sharpened(reason: str, cause: BaseException) -> str:
    return "reset" if reason == "protocol" and str(cause).startswith(_CUT_OFF) else reason


def _words(cause: BaseException) -> str:
    if isinstance(cause, ssl.SSLError):
        return tls_words(cause)
    # Where the library's own words quote what was configured, a secret could be in them.
    if isinstance(cause, httpx.InvalidURL | UnicodeError):
        return "not a usable URL"
    if isinstance(cause, httpx.LocalProtocolError):
        return "a configured header holds characters that no header can hold"
    if isinstance(cause, OSError):
        return cause.strerror or type(cause).__name__
    if isinstance(cause, httpx.ProtocolError) and str(cause).startswith(_CUT_OFF):
        return "the server closed the connection before its answer was complete"
    return str(cause) or type(cause).__name__
