"""Values of one poll: what was asked, what came back, what it said. No behaviour, no I/O, cheap to import.

Expected failures are values with a named reason; a reason is a stable lower-case word with underscores, shown to users
and counted in metrics. All datetimes are aware and in UTC; durations are `timedelta`; sizes are bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from store.events import CaptureDigest, FeedId, ItemId


@dataclass(frozen=True, slots=True)
class FetchRequest:
    """One GET. `learnt`: the URL came from the network (item link, redirect), so private addresses are refused for it.

    `etag`/`last_modified` are echoed byte for byte ("" = unconditional); they are str decoded as latin-1.
    `headers` and `auth` are the operator's own for this feed and never leave its origin. `validated_url` is the
    `Fetched.url` of the answer that gave the validators: only that URL is asked with them ("" = any on the first
    origin). `max_body` 0: only status and headers are wanted, the body is left unread. `partial`: of a longer body the
    beginning will do. With `post` it is a POST of these bytes, and no redirect is followed. `accept`: the kinds that
    are wanted ("" = feeds), on every hop.
    """

    url: str
    timeout: timedelta
    max_body: int
    user_agent: str
    etag: str = ""
    last_modified: str = ""
    validated_url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    auth: tuple[str, str] | None = None
    ca_file: str = ""
    proxy: str = ""
    learnt: bool = False
    partial: bool = False
    post: bytes | None = None
    accept: str = ""


@dataclass(frozen=True, slots=True)
class Redirect:
    """One hop that was followed: the status that asked for it and the absolute URL that it named."""

    status: int
    url: str


@dataclass(frozen=True, slots=True)
class Fetched:
    """A 200 with its body, inflated, as bytes. Header values are latin-1 str, "" when absent."""

    url: str
    body: bytes
    content_type: str
    etag: str
    last_modified: str
    headers: tuple[tuple[str, str], ...]
    redirects: tuple[Redirect, ...] = ()
    status: int = 200


@dataclass(frozen=True, slots=True)
class NotModified:
    """A 304: the document that our validators name is still the one. `redirects` as in `Fetched`."""

    url: str
    redirects: tuple[Redirect, ...] = ()


@dataclass(frozen=True, slots=True)
class FetchFailed:
    """No usable answer. `reason`: timeout, dns, connect, reset, protocol, tls_error, too_large, bad_encoding,
    redirect_limit, bad_scheme, bad_url, ssrf_blocked, or http_NNN. `retry_after` is what the server asked for, capped
    at 24 h. `detail` is one clean line for people. `redirects` are the hops followed before it failed.
    """

    reason: str
    detail: str
    status: int | None = None
    retry_after: timedelta | None = None
    redirects: tuple[Redirect, ...] = ()


FetchOutcome = Fetched | NotModified | FetchFailed


@dataclass(frozen=True, slots=True)
class ParsedEntry:
    """One entry as its document gave it, tidied only as far as text goes.

    `title` and `text` are plain visible text: NFC, no control characters, blocks separated by one newline, runs of
    blanks inside a line collapsed to one. `markup` is a fingerprint of the visible structure ("" for plain text).
    `published`/`updated` are the claimed dates as given ("" = none); `published_at`/`updated_at` are the same in UTC,
    None where unreadable or outside years 1990-2100. `truncated`: a field was cut at its limit.
    """

    guid: str
    link: str
    title: str
    text: str
    markup: str
    author: str
    categories: tuple[str, ...]
    language: str
    published: str
    updated: str
    published_at: datetime | None
    updated_at: datetime | None
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Tombstone:
    """An RFC 6721 `at:deleted-entry`: `ref` is the id as given, `when` the claimed time of deletion as given."""

    ref: str
    when: str


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """A document that is a feed. Entries in document order. `format` is rss20, atom10, rdf, json11, ...

    `well_formed` False: it was read leniently; `problem` says in one line what is wrong with it. `older` is the address
    that it gives for what has left its list ("" = none), `generator` the program that made it, as it says.
    """

    format: str
    title: str
    link: str
    language: str
    entries: tuple[ParsedEntry, ...]
    tombstones: tuple[Tombstone, ...]
    well_formed: bool
    problem: str
    parser: str
    older: str = ""
    generator: str = ""


@dataclass(frozen=True, slots=True)
class ParseFailed:
    """Not a usable feed document. `reason`: empty, html, challenge, not_a_feed, cut, parse_error, parse_timeout,
    parse_memory, or parser_died. `detail` is one clean line for people.
    """

    reason: str
    detail: str


ParseOutcome = ParsedFeed | ParseFailed


@dataclass(frozen=True, slots=True)
class PageProbe:
    """Ask whether an item's page still stands. `sibling` is the link of an item still listed in the same feed, asked in
    the same breath: a site that answers nothing proves nothing. `words`: the item's title, and the opening of its text;
    a page that holds one of them stands. `made_up`: it was answered like a made-up address before, so ask one again.
    """

    item: ItemId
    url: str
    sibling: str
    words: tuple[str, ...] = ()
    made_up: bool = False


@dataclass(frozen=True, slots=True)
class PageSeen:
    """The answer to a `PageProbe`. `verdict`: gone (410), missing (404, a redirect to the site's home page, or what the
    site answers to a made-up address), standing (any other 2xx), unreachable (everything else). `sibling_stands`: the
    control page answered 2xx, and not what a made-up address is answered (`sibling_alike`). `made_up`: one was asked.
    """

    item: ItemId
    url: str
    at: datetime
    verdict: str
    detail: str
    sibling_stands: bool
    made_up: bool = False
    sibling_alike: bool = False


@dataclass(frozen=True, slots=True)
class Observation:
    """What one good poll showed. `document` None: the last accepted document is confirmed (304 or the same body).

    `probes` are the answers of pages asked for since the last decision.
    """

    feed: FeedId
    at: datetime
    document: ParsedFeed | None
    capture: CaptureDigest
    probes: tuple[PageSeen, ...] = ()
