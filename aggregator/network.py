"""Whether it is our own network that fails, as the log knows it. The verdict itself is `health.network_change`.

Told of every fetch, asked now and then. Holds the latest outcome of each host in memory; while the network is lost,
failures count against no source.
"""

from datetime import datetime
from urllib.parse import urlsplit

from aggregator.health import HostOutcome, network_change
from aggregator.outcome import FetchFailed, FetchOutcome
from store import walk
from store.events import DAEMON_STREAM, NetworkLost, NetworkRestored
from store.ports import Transaction

News = NetworkLost | NetworkRestored


class NetworkWatch:
    """The latest outcome of each host, and since when the network is lost, if it is."""

    def __init__(self) -> None:
        self._outcomes: dict[str, HostOutcome] = {}
        self._lost_since: datetime | None = None

    @property
    def lost(self) -> bool:
        """Whether the log says that our network is lost."""
        return self._lost_since is not None

    def note(self, url: str, outcome: FetchOutcome, at: datetime) -> None:
        """A fetch ended. An answer of any status was an answer."""
        host = urlsplit(url).hostname or ""
        reason = outcome.reason if isinstance(outcome, FetchFailed) and outcome.status is None else ""
        self._outcomes[host] = HostOutcome(host, at, reason)

    def news(self, at: datetime) -> News | None:
        """What is to be recorded now."""
        return network_change(list(self._outcomes.values()), self._lost_since, at)

    def accept(self, news: News) -> None:
        """It is in the log."""
        self._lost_since = news.since if isinstance(news, NetworkLost) else None

    def recall(self, tx: Transaction) -> None:
        """What the log says, at a start."""
        for recorded in walk.events(tx.log, stream=DAEMON_STREAM, kinds=[NetworkLost.KIND, NetworkRestored.KIND]):
            if isinstance(recorded.event, NetworkLost | NetworkRestored):
                self.accept(recorded.event)
