"""The process in which documents are parsed: started by `pool`, and killed by it when it takes too long.

Requests come in, outcomes go out (`frames`). It imports feedparser and this room, nothing else.
"""

from aggregator.killable.serving import Limits, serve
from aggregator.outcome import ParseFailed, ParseOutcome
from aggregator.parse.feed import parse, settle_on_expat, shorten_copies
from aggregator.parse.frames import decode_request, encode_outcome
from aggregator.parse.reuse import Memory

LIMITS = Limits(address_space=1024 * 1024 * 1024, swollen=160 * 1024 * 1024)
"""Three times the address space that an honest feed of 10 MB needs."""


def main() -> None:
    """Serve until the input ends."""
    settle_on_expat()
    shorten_copies()
    memory = Memory()

    def work(header: bytes, body: bytes) -> tuple[bytes, bool]:
        request = decode_request(header)
        return _encoded(parse(body, request.content_type, request.url, request.encoding, request.timezone, memory))

    serve(work, LIMITS)


def _encoded(outcome: ParseOutcome) -> tuple[bytes, bool]:
    """The answer, and whether memory has run out: after that the process is not to be trusted with another feed."""
    try:
        return encode_outcome(outcome), isinstance(outcome, ParseFailed) and outcome.reason == "parse_memory"
    except MemoryError:
        return encode_outcome(ParseFailed("parse_memory", "the document needs more memory than a parse may have")), True


if __name__ == "__main__":
    main()
