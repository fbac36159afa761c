"""The channels of the settings as parts: how messages for them are composed, and what sends them.

In: the `[channels.NAME]` tables. Out: for each a `Form` for the composer and a `Channel` for whoever sends. The daemon
takes all of them, `send-test` one. Building opens no connection; only the trust store is read, once.
"""

import ssl
from collections.abc import Mapping
from importlib.metadata import version
from typing import TextIO, assert_never

from aggregator.clock import utc_now
from alerts.channels.console import ConsoleChannel
from alerts.channels.email import EmailChannel, MailServer
from alerts.channels.webhook import WebhookChannel, WebhookTarget
from alerts.compose import ConsoleForm, Form, MailForm, WebhookForm
from alerts.deliver import Channel
from alerts.mime import bare_address
from config import model
from config.model import Settings
from config.secret import SecretValue
from store.events import ChannelId

ONE = frozenset({""})
"""The one recipient of a channel that has no addresses."""


def forms(channels: Mapping[str, model.AnyChannel]) -> dict[ChannelId, Form]:
    """What kind of message each channel takes."""
    return {ChannelId(name): _form(channel) for name, channel in channels.items()}


def recipients(channels: Mapping[str, model.AnyChannel]) -> dict[ChannelId, frozenset[str]]:
    """To whom each channel goes, as the outbox names them; "" where a channel has no addresses."""
    return {
        ChannelId(name): frozenset(map(bare_address, channel.to)) if isinstance(channel, model.EmailChannel) else ONE
        for name, channel in channels.items()
    }


def channels(wanted: Mapping[str, model.AnyChannel], agent: str, console: TextIO) -> dict[ChannelId, Channel]:
    """What sends. `agent` is the name that servers see, `console` where console channels write."""
    tls = ssl.create_default_context()
    return {ChannelId(name): _channel(channel, agent, tls, console) for name, channel in wanted.items()}


def user_agent(settings: Settings) -> str:
    """The name that servers see, with the operator's contact."""
    contact = f" (+{settings.fetch.contact})" if settings.fetch.contact else ""
    return f"feedwitness/{version('feedwitness')}{contact}"


def revealed(secret: SecretValue | None) -> str:
    """The text of a secret setting, "" when it is not set."""
    return secret.reveal() if secret else ""


def _form(channel: model.AnyChannel) -> Form:
    match channel:
        case model.EmailChannel():
            return MailForm(channel.sender, channel.to)
        case model.WebhookChannel():
            return WebhookForm()
        case model.ConsoleChannel():
            return ConsoleForm()
        case _:
            assert_never(channel)


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
