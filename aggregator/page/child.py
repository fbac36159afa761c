"""The process in which web pages are read: started by `pool`, and killed by it when it takes too long.

Requests come in, outcomes go out (`wire`). It imports trafilatura and this room, nothing else.
"""

from aggregator.killable.serving import Limits, serve
from aggregator.page.extract import extract
from aggregator.page.text import PageOutcome, PageUnread
from aggregator.page.wire import decode_request, encode_outcome

LIMITS = Limits(address_space=1024 * 1024 * 1024, swollen=256 * 1024 * 1024)
"""Enough for an honest page of five million characters, of which trafilatura makes several copies."""


def main() -> None:
    """Serve until the input ends."""
    serve(_work, LIMITS)


def _work(header: bytes, body: bytes) -> tuple[bytes, bool]:
    request = decode_request(header)
    return _encoded(extract(body, request.content_type, request.url, request.encoding))


def _encoded(outcome: PageOutcome) -> tuple[bytes, bool]:
    """The answer, and whether memory has run out: after that the process is not to be trusted with another page."""
    try:
        return encode_outcome(outcome), isinstance(outcome, PageUnread) and outcome.reason == "extract_memory"
    except MemoryError:
        return encode_outcome(PageUnread("extract_memory", "the page needs more memory than a page may have")), True


if __name__ == "__main__":
    main()
