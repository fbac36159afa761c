"""`PagePool`: web pages are read in a long-lived child process that can be killed.

In goes what `extract.extract` takes, out comes its outcome, or `extract_timeout`, `extract_memory`, `extractor_died`,
or `no_extra` where trafilatura is not installed. The process starts when the first page is read: who watches no pages
has none, and nothing of what it needs is loaded.
"""

from datetime import timedelta

from aggregator.killable.pool import Ended, Pool
from aggregator.page import NOT_INSTALLED, available
from aggregator.page.text import PageOutcome, PageUnread
from aggregator.page.wire import Request, decode_outcome, encode_request

_REASONS = {"timeout": "extract_timeout", "died": "extractor_died"}


class PagePool:
    """At most `size` children. Waiting for a free one is not counted as reading. It belongs to one event loop."""

    def __init__(self, size: int = 1, deadline: timedelta = timedelta(seconds=10)) -> None:
        self._pool = Pool("aggregator.page.child", "extractor", size, deadline)

    async def extract(self, body: bytes, content_type: str, url: str, *, encoding: str = "") -> PageOutcome:
        """As `extract.extract`. Cancelling it kills the child that was at work."""
        if not available():
            return PageUnread("no_extra", NOT_INSTALLED)
        answer = await self._pool.ask(encode_request(Request(content_type, url, encoding)), body)
        if isinstance(answer, Ended):
            return PageUnread(_REASONS[answer.why], answer.detail)
        try:
            return decode_outcome(answer)
        except ValueError as error:
            return PageUnread("extractor_died", str(error))

    async def close(self) -> None:
        """End all children, busy or not. What is being read, or waits for it, comes back as `extractor_died`."""
        await self._pool.close()
