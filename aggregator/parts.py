"""Settings as the parts that a program is put together from, and that may be exchanged while it runs.

In: settings without mistakes, and at a reload the parts that run now. Out: `Parts`: feeds as they are asked, those
whose pages are read, cards and forms for messages, channels that send, and what is to stand in the log. Building opens
nothing; it compiles nothing but the queries, to name the topics of each rule. Used alike by a start and by a reload.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from typing import TextIO

from aggregator import settings as translate
from aggregator import ways_out
from aggregator.carrier import Watched
from aggregator.in_force import InForce
from aggregator.outcome import FetchRequest
from aggregator.page.looking import Paged
from aggregator.ways_out import revealed, user_agent
from alerts.compose import Form
from alerts.deliver import Channel
from alerts.facts import FeedCard
from config.load import Loaded
from config.model import FeedSettings, Settings
from store.events import ChannelId, FeedId, SettingsApplied

KEPT = ("store", "daemon", "web")
"""Sections that only a start can put in force."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What the rooms take of one set of settings. `settings` are those in force, `KEPT` sections as at the start."""

    settings: Settings
    feeds: Mapping[FeedId, Watched]
    cards: Mapping[FeedId, FeedCard]
    forms: Mapping[ChannelId, Form]
    channels: Mapping[ChannelId, Channel]
    recipients: Mapping[ChannelId, Collection[str]]
    in_force: InForce
    pages: Mapping[FeedId, Paged] = field(default_factory=dict)

    def beside(self, others: "Parts") -> "Parts":
        """These, and of others the channels and cards that these do not have: nothing is missing while one set takes
        the other's place.
        """
        return replace(
            self,
            cards={**others.cards, **self.cards},
            forms={**others.forms, **self.forms},
            channels={**others.channels, **self.channels},
            recipients={**others.recipients, **self.recipients},
        )


def parts_of(loaded: Loaded, console: TextIO, before: Parts | None = None) -> Parts:
    """The parts of these settings. With `before`, what may not change while the program runs stays as it was, and so do
    channels whose settings are the same: they know what is under way.
    """
    wanted = loaded.settings
    if wanted is None:
        raise ValueError("settings with mistakes do not run")
    settings = wanted if before is None else _kept(wanted, before.settings)
    agent = user_agent(settings)
    channels = ways_out.channels(settings.channels, agent, console)
    if before is not None and agent == user_agent(before.settings):
        same = {name for name, one in settings.channels.items() if before.settings.channels.get(name) == one}
        channels |= {ChannelId(name): before.channels[ChannelId(name)] for name in same}
    siblings = translate.siblings_of(settings)
    feeds = {
        FeedId(feed.id): _watched(feed, siblings.get(feed.id, ()), settings, agent) for feed in settings.feeds.values()
    }
    return Parts(
        settings=settings,
        feeds=feeds,
        cards={card.id: card for card in map(translate.card, settings.feeds.values())},
        forms=ways_out.forms(settings.channels),
        channels=channels,
        recipients=ways_out.recipients(settings.channels),
        in_force=_in_force(loaded, settings),
        pages={
            name: Paged(feed.profile, feed.request)
            for name, feed in feeds.items()
            if feed.enabled and feed.profile.page != "none"
        },
    )


def _kept(wanted: Settings, running: Settings) -> Settings:
    return wanted.model_copy(update={section: getattr(running, section) for section in KEPT})


def _in_force(loaded: Loaded, settings: Settings) -> InForce:
    return InForce(
        applied=SettingsApplied(
            digest=loaded.digest,
            file=loaded.file,
            feeds=tuple(FeedId(feed.id) for feed in settings.feeds.values() if feed.enabled),
            program=version("feedwitness"),
        ),
        rules=translate.definitions(settings),
        formerly=tuple((FeedId(old), FeedId(feed.id)) for feed in settings.feeds.values() for old in feed.formerly),
    )


def _watched(feed: FeedSettings, siblings: Sequence[FeedSettings], settings: Settings, agent: str) -> Watched:
    request = FetchRequest(
        url=feed.url,
        timeout=settings.fetch.timeout,
        max_body=settings.fetch.max_body,
        user_agent=revealed(feed.user_agent) or agent,
        headers={name: value.reveal() for name, value in feed.headers.items()},
        auth=(revealed(feed.username), revealed(feed.password)) if feed.username or feed.password else None,
        ca_file=revealed(feed.ca_file),
        proxy=revealed(feed.proxy),
    )
    return Watched(translate.profile(feed, siblings), request, revealed(feed.encoding), feed.enabled)
