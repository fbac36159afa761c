"""What the daemon counts, for Prometheus. One instance per program; no label carries a feed, a URL or a secret."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_POLL_SECONDS = (0.01, 0.05, 0.1, 0.5, 1, 5, 15, 30, 60)


class Metrics:
    """The daemon's counters and gauges, in a registry of their own. docs/commands.md lists them."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.polls = Counter(
            "feedwitness_polls",
            "Polls, by outcome: good, or the reason of the failure.",
            ["outcome"],
            registry=registry,
        )
        self.poll_seconds = Histogram(
            "feedwitness_poll_seconds", "Wall time of one poll.", buckets=_POLL_SECONDS, registry=registry
        )
        self.events = Counter("feedwitness_events", "Events that polls added to the log.", registry=registry)
        self.deliveries = Counter(
            "feedwitness_deliveries", "Attempts to deliver, by what became of them.", ["outcome"], registry=registry
        )
        self.store_errors = Counter(
            "feedwitness_store_errors", "Writes that failed, by reason.", ["reason"], registry=registry
        )
        self.loop_errors = Counter(
            "feedwitness_loop_errors", "Bugs that a loop caught and survived.", ["loop"], registry=registry
        )
        self.page_visits = Counter(
            "feedwitness_page_visits",
            "Visits to pages behind items, by outcome: completed, edited, read, same, or why there was no text.",
            ["outcome"],
            registry=registry,
        )
        self._pages = Gauge(
            "feedwitness_pages", "Visits to pages that are planned, due, and failing.", ["visits"], registry=registry
        )
        self.in_flight = Gauge("feedwitness_polls_in_flight", "Polls under way.", registry=registry)
        self._feeds = Gauge("feedwitness_feeds", "Feeds that were polled, by health.", ["health"], registry=registry)
        self._queue = Gauge(
            "feedwitness_queue",
            "Deliveries by state, events unread by rules, items, feeds.",
            ["queue"],
            registry=registry,
        )
        self._settings_ok = Gauge(
            "feedwitness_settings_ok",
            "1 while the newest settings are in force, 0 when they have mistakes and older ones are.",
            registry=registry,
        )
        self._settings_loaded = Gauge(
            "feedwitness_settings_loaded_timestamp_seconds",
            "When the settings in force were read, in seconds since 1970.",
            registry=registry,
        )
        self._position = Gauge("feedwitness_log_position", "Position of the last event in the log.", registry=registry)

    def show(
        self, feeds: Mapping[str, int], queues: Mapping[str, int], position: int, pages: Mapping[str, int]
    ) -> None:
        """Set the gauges."""
        for name, count in pages.items():
            self._pages.labels(name).set(count)
        self._feeds.clear()
        for health, count in feeds.items():
            self._feeds.labels(health).set(count)
        for name, count in queues.items():
            self._queue.labels(name).set(count)
        self._position.set(position)

    def settings(self, *, ok: bool) -> None:
        """Other settings were put in force just now, or refused."""
        self._settings_ok.set(ok)
        if ok:
            self._settings_loaded.set_to_current_time()

    def exposition(self) -> bytes:
        """The text exposition format."""
        return generate_latest(self.registry)
