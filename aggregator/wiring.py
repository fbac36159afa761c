"""The composition root: settings in, the parts of a running program out, closed in reverse order when it ends.

The only place that knows which class stands behind which port. Building costs nothing that a command does not need:
the daemon and `poll` build a `Program`, commands that only look open a store and nothing else.
"""

import asyncio
import random
import ssl
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import TextIO, assert_never

from aggregator import in_force
from aggregator import settings as translate
from aggregator.carrier import Carrier, Watched
from aggregator.clock import utc_now
from aggregator.fetch.client import Fetcher
from aggregator.fetch.etiquette import Etiquette
from aggregator.manners import Manners
from aggregator.metrics import Metrics
from aggregator.outcome import FetchRequest
from aggregator.parse.pool import ParsePool
from alerts.channels.console import ConsoleChannel
from alerts.channels.email import EmailChannel, MailServer
from alerts.channels.webhook import WebhookChannel, WebhookTarget
from alerts.compose import ChannelComposer, ConsoleForm, Form, MailForm, WebhookForm
from alerts.deliver import Channel, Deliverer
from alerts.react import Reactor
from config import model
from config.load import Loaded
from config.model import Settings
from config.secret import SecretValue
from store.events import ChannelId, FeedId
from store.ports import Store, Transaction

PARSERS = 2


@dataclass(frozen=True, slots=True)
class Program:
    """The parts of a running program, open."""

    settings: Settings
    store: Store
    carrier: Carrier
    reactor: Reactor
    deliverer: Deliverer
    metrics: Metrics
    in_force: Callable[[Transaction], bool]

    async def start(self) -> None:
        """Write what is in force into the log, give back what a killed process held, and remember."""
        channels = [ChannelId(name) for name in self.settings.channels]
        await asyncio.wrap_future(self.store.write(lambda tx: (self.in_force(tx), tx.outbox.free(channels))))
        await self.carrier.load()


@asynccontextmanager
async def build(loaded: Loaded, store: Store, *, console: TextIO | None = None) -> AsyncIterator[Program]:
    """Put the program together over an open store; closes what it opened, not the store. `console` is where console
    channels write, stdout when it is not said.
    """
    settings = loaded.settings
    if settings is None:
        raise ValueError("settings with mistakes do not run")
    metrics = Metrics()
    async with AsyncExitStack() as closers:
        fetcher = await closers.enter_async_context(Fetcher(settings.fetch.allow_networks))
        parser = ParsePool(PARSERS)
        closers.push_async_callback(parser.close)
        etiquette = Etiquette(settings.fetch.max_in_flight, settings.fetch.per_host)
        manners = Manners(fetcher, etiquette, now=utc_now)
        carrier = Carrier(_watched(settings), store, manners, parser, now=utc_now, jitter=random.random)
        cards = {card.id: card for card in map(translate.card, settings.feeds.values())}
        composer = ChannelComposer(_forms(settings.channels), settings.web.base_url)
        yield Program(
            settings=settings,
            store=store,
            carrier=carrier,
            reactor=Reactor(store, composer, cards, now=utc_now),
            deliverer=Deliverer(
                store,
                _channels(settings.channels, user_agent(settings), console or sys.stdout),
                now=utc_now,
                jitter=random.random,
                settled=lambda attempt: metrics.deliveries.labels(attempt.verdict.state).inc(),
            ),
            metrics=metrics,
            in_force=lambda tx: in_force.apply(tx, loaded, settings, translate.definitions(settings), utc_now()),
        )


def _watched(settings: Settings) -> dict[FeedId, Watched]:
    agent = user_agent(settings)
    return {FeedId(feed.id): _as_watched(feed, settings, agent) for feed in settings.feeds.values()}


def _as_watched(feed: model.FeedSettings, settings: Settings, agent: str) -> Watched:
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
    return Watched(translate.profile(feed), request, revealed(feed.encoding), feed.enabled)


def user_agent(settings: Settings) -> str:
    """The name that servers see, with the operator's contact."""
    contact = f" (+{settings.fetch.contact})" if settings.fetch.contact else ""
    return f"feedwitness/{version('feedwitness')}{contact}"


def _forms(channels: Mapping[str, model.AnyChannel]) -> dict[ChannelId, Form]:
    forms: dict[ChannelId, Form] = {}
    for name, channel in channels.items():
        match channel:
            case model.EmailChannel():
                forms[ChannelId(name)] = MailForm(channel.sender, channel.to)
            case model.WebhookChannel():
                forms[ChannelId(name)] = WebhookForm()
            case model.ConsoleChannel():
                forms[ChannelId(name)] = ConsoleForm()
            case _:
                assert_never(channel)
    return forms


def _channels(channels: Mapping[str, model.AnyChannel], agent: str, console: TextIO) -> dict[ChannelId, Channel]:
    tls = ssl.create_default_context()
    return {ChannelId(name): _channel(channel, agent, tls, console) for name, channel in channels.items()}


def _channel(channel: model.AnyChannel, agent: str, tls: ssl.SSLContext, console: TextIO) -> Channel:
    match channel:
        case model.EmailChannel():
            server = MailServer(
                host=channel.host,
                port=channel.port,
                sender=channel.sender,
                security=channel.security,
                username=revealed(channel.username),
                password=revealed(channel.password),
            )
            return EmailChannel(server, tls=tls)
        case model.WebhookChannel():
            target = WebhookTarget(
                url=channel.url.reveal(),
                secrets=tuple(secret.reveal() for secret in channel.secrets),
                headers={name: value.reveal() for name, value in channel.headers.items()},
                user_agent=agent,
            )
            return WebhookChannel(target, now=utc_now, tls=tls)
        case model.ConsoleChannel():
            return ConsoleChannel(console)
        case _:
            assert_never(channel)


def revealed(secret: SecretValue | None) -> str:
    """The text of a secret setting, "" when it is not set."""
    return secret.reveal() if secret else ""
