"""What the daemon counts, for Prometheus. One instance per program; no label carries a feed, a URL or a secret."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest


class Metrics:
    """The daemon's counters and gauges, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.polls = Counter("feedwitness_polls", "Polls by outcome.", ["outcome"], registry=self.registry)
        self.poll_seconds = Histogram(
            "feedwitness_poll_seconds", "Wall time of one poll, in seconds.", registry=self.registry,
            buckets=(0.01, 0.05, 0.1, 0.5, 1, 5, 15, 30, 60),
        )  # fmt: skip
        self.events = Counter(
            "feedwitness_events", "Events appended by polls, by kind.", ["kind"], registry=self.registry
        )
        self.deliveries = Counter(
            "feedwitness_deliveries",
            "Attempts to deliver, by what became of them.",
            ["outcome"],
            registry=self.registry,
        )
        self.store_errors = Counter(
            "feedwitness_store_errors", "Writes that failed, by reason.", ["reason"], registry=self.registry
        )
        self.loop_errors = Counter(
            "feedwitness_loop_errors", "Bugs that a loop caught and survived.", ["loop"], registry=self.registry
        )
        self.feeds = Gauge("feedwitness_feeds", "Feeds by health.", ["health"], registry=self.registry)
        self.queue = Gauge(
            "feedwitness_queue",
            "Queue depths: deliveries by state, events unread by rules.",
            ["queue"],
            registry=self.registry,
        )
        self.position = Gauge(
            "feedwitness_log_position", "Position of the last event in the log.", registry=self.registry
        )
        self.in_flight = Gauge("feedwitness_polls_in_flight", "Polls under way.", registry=self.registry)
        self.refresh: Callable[[], None] = lambda: None

    def exposition(self) -> bytes:
        """The text exposition format, after refreshing the gauges."""
        self.refresh()
        return generate_latest(self.registry)
