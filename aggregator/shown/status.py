"""How everything stands: what `status` tells and the API answers, from the settings and one snapshot. No printing."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aggregator.clock import utc_now
from aggregator.in_force import last_applied
from aggregator.notice import notice_of
from aggregator.shown.sources import Source, sources_of
from config.model import Settings
from store.events import SettingsApplied
from store.lock import Holder
from store.ports import Head, Views, VisitDepths

DELIVERIES = ("pending", "held", "delivered", "dead", "unread")


@dataclass(frozen=True, slots=True)
class Standing:
    """`counts` are the store's own; `applied` None: nothing was ever run. `pages`: visits to the pages behind items."""

    sources: Sequence[Source]
    head: Head
    applied: SettingsApplied | None
    counts: Mapping[str, int]
    pages: VisitDepths

    @property
    def queues(self) -> dict[str, int]:
        """Deliveries by state, what is being sent right now as pending, events that rules have not read, and pages that
        are due.
        """
        depths = {name: self.counts[name] + (self.counts["leased"] if name == "pending" else 0) for name in DELIVERIES}
        return {**depths, "pages": self.pages.due}

    @property
    def states(self) -> Counter[str]:
        """Feeds by state."""
        return Counter(source.state for source in self.sources)

    def as_row(self, running: Holder | None) -> dict[str, object]:
        """The document of `status --json`; `running` holds the store's lock."""
        applied = self.applied
        notice = notice_of(running.note) if running else None
        return {
            "feeds": dict(self.states),
            "queues": self.queues,
            "head": head_row(self.head),
            "settings": {
                "digest": applied.digest if applied else None,
                "file": applied.file if applied else None,
                "ok": notice.ok if notice else None,
                "loaded_at": notice.loaded_at if notice else None,
                "rejected_at": (notice.rejected_at or None) if notice else None,
                "mistakes": list(notice.mistakes) if notice else [],
                "restart": list(notice.restart) if notice else [],
            },
            "daemon": {"running": running is not None, "since": running.since if running else None},
        }


def head_row(head: Head) -> dict[str, object]:
    """The end of the log."""
    return {"position": head.position, "hash": head.hash.hex()}


def standing_of(settings: Settings, views: Views) -> Standing:
    """How everything stands in this snapshot."""
    return Standing(
        sources_of(settings, views),
        views.tx.log.head(),
        last_applied(views.tx),
        views.counts(),
        views.tx.visits.depths(utc_now()),
    )
