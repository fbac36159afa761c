"""One request of a chain of redirects: what it asks for, with which headers, and where its answer points. Pure.

URLs, headers and a `FetchRequest` go in; parsed URLs and bytes for the wire come out. It fails with `FetchError`:
`bad_url`, `bad_scheme`, or `ssrf_blocked` for a redirect that two readers could take for two different places.
"""

import re
from base64 import b64encode
from dataclasses import dataclass, replace
from urllib.parse import urljoin

import httpx

from aggregator.fetch.failure import FetchError
from aggregator.fetch.guard import odd_spelling
from aggregator.outcome import FetchRequest

DEFAULT_PORTS = {"http": 80, "https": 443}
_ACCEPT = (
    b"application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml;q=0.9, "
    b"application/xml;q=0.8, text/xml;q=0.8, */*;q=0.5"
)
_ABSOLUTE = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Hop:
    """One request of a chain; its URL carries neither userinfo nor fragment."""

    url: httpx.URL
    at_home: bool
    auth: tuple[str, str] | None


def learnt_by(request: FetchRequest, url: str) -> FetchRequest:
    """The request for a URL that the network named, whatever its origin: guarded, and without anything that was given
    for that of `request`: no credentials, headers or validators.
    """
    return replace(request, url=url, learnt=True, headers={}, auth=None, etag="", last_modified="", validated_url="")


def named_by(request: FetchRequest, url: str) -> FetchRequest:
    """The request for another URL, which a document or a redirect named: on the origin of `request` with all that the
    operator gave for it, elsewhere as for anything that was learnt, guarded and without credentials.
    """
    if url == request.url:
        return request
    if not _at_home(request.url, url):
        return learnt_by(request, url)
    asked = replace(request, url=url, etag="", last_modified="", validated_url="")
    own = httpx.URL(request.url)
    return replace(asked, auth=request.auth or ((own.username, own.password) if own.userinfo else None))


def _at_home(operators: str, url: str) -> bool:
    """The same origin, and no two readers could take it for another."""
    try:
        return not odd_spelling(url) and origin(parsed(operators)) == origin(parsed(url))
    except (httpx.InvalidURL, FetchError):
        return False


def require_http(url: str) -> None:
    """Only absolute http and https URLs go on."""
    scheme, colon, _ = url.partition(":")
    if not colon:
        raise FetchError("bad_url", "not an absolute URL")
    if scheme.lower() not in DEFAULT_PORTS:
        raise FetchError("bad_scheme", f"only http and https are fetched, not {scheme[:20]!r}")


def parsed(url: str) -> httpx.URL:
    """The URL as it will be asked for, without its fragment."""
    read = httpx.URL(url)
    if not read.raw_host or (read.port is not None and not 0 < read.port < 65_536):
        raise FetchError("bad_url", "no host, or no such port")
    return read.copy_with(fragment=None) if read.fragment else read


def origin(url: httpx.URL) -> tuple[bytes, bytes, int | None]:
    """Scheme, host and port: what credentials are bound to."""
    return url.raw_scheme, url.raw_host, url.port  # a default port is None in both


def is_conditional(request: FetchRequest, hop: Hop) -> bool:
    """Are the validators meant for this URL? Sent to another document they could be answered with a 304 that is a lie:
    a static maintenance page, say, is older than any feed.
    """
    if not (request.etag or request.last_modified):
        return False
    return str(hop.url) == request.validated_url if request.validated_url else hop.at_home


def headers(request: FetchRequest, hop: Hop, conditional: bool) -> list[tuple[bytes, bytes]]:
    """The request's headers; the operator's own replace ours, but for the coding, of which we read only gzip."""
    own: dict[str, tuple[bytes, bytes]] = {
        "host": (b"Host", hop.url.netloc),
        "user-agent": (b"User-Agent", _encoded(request.user_agent)),
        "accept": (b"Accept", request.accept.encode("ascii") or _ACCEPT),
    }
    if hop.at_home:
        if hop.auth is not None:
            token = b64encode(":".join(hop.auth).encode())
            own["authorization"] = (b"Authorization", b"Basic " + token)
        for name, value in request.headers.items():
            own[name.lower()] = (_encoded(name), _encoded(value))
    own["accept-encoding"] = (b"Accept-Encoding", b"gzip")
    if request.post is not None:
        own["content-length"] = (b"Content-Length", b"%d" % len(request.post))
    if conditional and request.etag:
        own["if-none-match"] = (b"If-None-Match", request.etag.encode("latin-1"))
    if conditional and request.last_modified:
        own["if-modified-since"] = (b"If-Modified-Since", request.last_modified.encode("latin-1"))
    return list(own.values())


def _encoded(text: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def location(base: httpx.URL, response: httpx.Response) -> str:
    """The absolute URL that a redirect names, refused if two readers could take it for two different places."""
    raw = next(value for name, value in response.headers.raw if name.lower() == b"location")
    try:
        text = raw.decode().strip()
    except UnicodeDecodeError:
        text = raw.decode("latin-1").strip()
    if "\\" in text.partition("?")[0]:
        raise FetchError("ssrf_blocked", "redirect refused: there is a backslash in it")
    if not _ABSOLUTE.match(text):
        return urljoin(str(base), text)
    target = f"{base.scheme}:{text}" if text.startswith("//") else text
    require_http(target)
    if objection := odd_spelling(target):
        raise FetchError("ssrf_blocked", f"redirect refused: {objection}")
    return target
