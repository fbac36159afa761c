"""`ParsePool`: documents are parsed in one or two long-lived child processes that can be killed.

In goes what `feed.parse` takes, out comes its outcome, or `parse_timeout`, `parse_memory` or `parser_died`.
"""

from datetime import timedelta

from aggregator.killable.pool import Ended, Pool
from aggregator.outcome import ParseFailed, ParseOutcome
from aggregator.parse.frames import Request, decode_outcome, encode_request

_REASONS = {"timeout": "parse_timeout", "died": "parser_died"}


class ParsePool:
    """At most `size` children. Waiting for a free one is not counted as parsing. It belongs to one event loop."""

    def __init__(self, size: int = 1, deadline: timedelta = timedelta(seconds=5)) -> None:
        self._pool = Pool("aggregator.parse.child", "parser", size, deadline)

    async def parse(
        self, body: bytes, content_type: str, url: str, *, encoding: str = "", timezone: str = ""
    ) -> ParseOutcome:
        """As `feed.parse`. Cancelling it kills the child that was at work."""
        answer = await self._pool.ask(encode_request(Request(content_type, url, encoding, timezone)), body)
        if isinstance(answer, Ended):
            return ParseFailed(_REASONS[answer.why], answer.detail)
        try:
            return decode_outcome(answer)
        except ValueError as error:
            return ParseFailed("parser_died", str(error))

    async def close(self) -> None:
        """End all children, busy or not. What is being parsed, or waits for it, comes back as `parser_died`."""
        await self._pool.close()
