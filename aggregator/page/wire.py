"""What passes between the daemon and the process that reads pages: a request's header, a `PageOutcome`, as JSON. Pure.

JSON, because reading it can run nothing and crash nothing: the child is the less trusted side.
"""

import json
from dataclasses import astuple, dataclass

from aggregator.page.text import PageOutcome, PageText, PageUnread


@dataclass(frozen=True, slots=True)
class Request:
    """The arguments of `extract.extract` but for the body."""

    content_type: str
    url: str
    encoding: str


def encode_request(request: Request) -> bytes:
    """The header of a request."""
    return json.dumps(astuple(request)).encode()


def decode_request(payload: bytes) -> Request:
    """The reverse of `encode_request`."""
    return Request(*json.loads(payload))


def encode_outcome(outcome: PageOutcome) -> bytes:
    """Texts hold no lone surrogates by now; one that slips through becomes a question mark."""
    kind = "text" if isinstance(outcome, PageText) else "unread"
    return json.dumps([kind, *astuple(outcome)], ensure_ascii=False).encode("utf-8", "replace")


def decode_outcome(payload: bytes) -> PageOutcome:
    """The reverse of `encode_outcome`; ValueError when the payload is none."""
    try:
        match json.loads(payload):
            case ["text", str(text), str(title), str(language), str(extractor), bool(truncated)]:
                return PageText(text, title, language, extractor, truncated)
            case ["unread", str(reason), str(detail)]:
                return PageUnread(reason, detail)
            case _:
                raise ValueError("no outcome")
    except RecursionError as error:
        raise ValueError(f"no outcome: {error}") from error
