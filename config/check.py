"""What only shows when tables are seen together: names that nothing has, settings that exclude each other.

In: the draft of the settings, its tables as written, and which tables are without mistakes of their own. Out: further
mistakes, and warnings (what may be meant, but probably is not).
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cached_property

from config import addresses, values
from config.merge import Tables
from config.mistakes import Mistake
from config.model import HEALTH_KINDS, AnyChannel, EmailChannel, FeedSettings, Rule, Settings, WebhookChannel, is_glob
from config.positions import Key

_MOST_HINTS = 100
THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})
"""The mail servers to which a password goes without TLS, as in `alerts.channels.email`."""


class Check:
    """One pass over a draft; reads `mistakes` and `warnings` afterwards."""

    def __init__(self, draft: Settings, tables: Tables, sound: Collection[Key], *, complete: bool) -> None:
        self.draft = draft
        self.tables = tables
        self.sound = sound
        self.complete = complete
        self._hints = 0
        self.mistakes: list[Mistake] = []
        self.warnings: list[Mistake] = []

    def run(self) -> None:
        """Look at everything once."""
        self._web_and_fetch()
        self._feeds()
        for name, rule in self.draft.rules.items():
            if self.complete:  # what a file names that could not be read, nobody can tell
                self._rule_feeds(rule)
                self._rule_channels(rule)
            if ("rules", name) in self.sound:
                self._rule_sense(rule)
        for name, channel in self.draft.channels.items():
            if ("channels", name) in self.sound:
                self._channel(channel)

    def _wrong(self, path: Key, message: str, *, key: bool = False, secret: bool = False) -> None:
        self.mistakes.append(self.tables.place(path, key=key, secret=secret).mistake(message))

    def _warn(self, path: Key, message: str, *, key: bool = False) -> None:
        self.warnings.append(self.tables.place(path, key=key).mistake(message))

    def _web_and_fetch(self) -> None:
        web = self.draft.web
        if ("web",) in self.sound and web.listen and not addresses.is_loopback(web.listen) and web.token is None:
            told = f"`listen`: {web.listen} is reachable from other machines; set `token` too, or listen on 127.0.0.1"
            self._wrong(("web", "listen"), told)
        if ("fetch",) in self.sound and not self.draft.fetch.contact:
            told = "`contact` is empty; name a URL or address that the owners of the feeds can write to"
            self._warn(("fetch", "contact"), told, key=True)

    def _feeds(self) -> None:
        feeds = self.draft.feeds
        by_url: dict[str, str] = {}
        former: dict[str, str] = {}
        for name, feed in feeds.items():
            if ("feeds", name) not in self.sound:
                continue
            self._cadence_and_access(feed)
            for at, old in enumerate(feed.formerly):
                other = former.setdefault(old, name)
                if old in feeds or other != name:
                    whose = f"[feeds.{old}] is still there" if old in feeds else f"[feeds.{other}] claims it too"
                    self._wrong(("feeds", name, "formerly", at), f"`formerly`: {whose}; take one of the two out")
            if feed.enabled and by_url.setdefault(feed.url, name) != name:
                self._warn(("feeds", name, "url"), f"`url`: [feeds.{by_url[feed.url]}] asks the same address")
            self._without_effect(feed)
        if self.complete and not any(feed.enabled for feed in feeds.values()):
            self._warn(("feeds",), "no feed is watched: there is no [feeds.…] table that is enabled")

    def _cadence_and_access(self, feed: FeedSettings) -> None:
        written = self.tables.named["feeds"][feed.id]
        if feed.cron and "every" in written:
            self._wrong(("feeds", feed.id, "cron"), "`cron`: give either `every` or `cron`, not both")
        if feed.password is not None and feed.username is None:
            self._wrong(("feeds", feed.id, "password"), "`password`: needs a `username` beside it", key=True)
        inner = addresses.inner_address(feed.url)
        if feed.enabled and inner and not any(inner in network for network in self.draft.fetch.allow_networks):
            told = (
                f"`url`: {inner} is a private address, which the links in a feed may not reach: withdrawals there are "
                f'never confirmed until `allow_networks` in [fetch] names it, such as ["{inner}"]'
            )
            self._warn(("feeds", feed.id, "url"), told)

    def _without_effect(self, feed: FeedSettings) -> None:
        """What stands in a feed's table and does nothing there: who wrote it believes that it does."""
        path = ("feeds", feed.id)
        if "revisit" in self.tables.named["feeds"][feed.id] and feed.page == "none":
            told = '`revisit`: no page is read, for `page` is "none"; write page = "fulltext" or "matched" beside it'
            self._warn((*path, "revisit"), told, key=True)
        if self.complete and feed.source and self._sources[feed.source] == 1:
            others = [word for word in self._sources if word != feed.source]
            told = f"`source`: no other feed has {values.shown(feed.source)}, so nothing is shared with any"
            self._warn((*path, "source"), told + self._near(feed.source, others))

    @cached_property
    def _sources(self) -> Mapping[str, int]:
        return Counter(feed.source for feed in self.draft.feeds.values() if feed.source)

    def _rule_feeds(self, rule: Rule) -> None:
        for at, wanted in enumerate(rule.feeds or ()):
            path = ("rules", rule.id, "feeds", at)
            told, only_warn = self._feed_reference(wanted)
            if told:
                (self._warn if only_warn else self._wrong)(path, f"`feeds`: {told}")

    def _feed_reference(self, wanted: str) -> tuple[str, bool]:
        """What is wrong with one entry of a rule's `feeds` ("" = nothing), and whether that is only a warning."""
        feeds = self.draft.feeds
        if wanted.startswith("tag:"):
            tag = wanted.removeprefix("tag:")
            return ("" if tag in self._tags else f'no feed has the tag "{tag}"{self._near(tag, self._tags)}'), False
        if is_glob(wanted):
            some = any(fnmatchcase(name, wanted) for name in feeds)
            return ("" if some else f"no feed's id matches {values.shown(wanted)}"), True
        if wanted in feeds:
            return ("" if feeds[wanted].enabled else f"[feeds.{wanted}] is switched off (enabled = false)"), True
        now = self._former.get(wanted)
        hint = f'; it is now called "{now}"' if now else self._near(wanted, feeds)
        return f"there is no feed {values.shown(wanted)}{hint}", False

    def _near(self, word: str, known: Iterable[str]) -> str:
        """The nearest known name, for the first hundred unknown ones: beyond that nobody reads hints, and they cost."""
        self._hints += 1
        return values.nearest(word, known) if self._hints <= _MOST_HINTS else ""

    @cached_property
    def _former(self) -> Mapping[str, str]:
        return {old: name for name, feed in self.draft.feeds.items() for old in feed.formerly}

    @cached_property
    def _tags(self) -> frozenset[str]:
        return frozenset(tag for feed in self.draft.feeds.values() for tag in feed.tags)

    def _rule_channels(self, rule: Rule) -> None:
        for at, name in enumerate(rule.notify):
            if name not in self.draft.channels:
                hint = self._near(name, self.draft.channels)
                self._wrong(
                    ("rules", rule.id, "notify", at), f"`notify`: there is no channel {values.shown(name)}{hint}"
                )

    def _rule_sense(self, rule: Rule) -> None:
        path = ("rules", rule.id)
        about_items = [word for word in rule.on if word not in HEALTH_KINDS]
        if rule.match is None and about_items:
            told = "`match` is missing; write match = '…', or `on` with words about sources, such as [\"degraded\"]"
            self._wrong(path, told, key=True)
        elif rule.match is not None and not rule.match.strip():
            self._wrong((*path, "match"), "`match`: is empty; write a query, such as 'topic:syria'")
        elif rule.match is not None and not about_items:
            told = "`match`: a rule about sources looks at no text; take it out, and narrow it with `feeds`"
            self._wrong((*path, "match"), told)
        if rule.feeds == ():
            self._wrong((*path, "feeds"), "`feeds`: is empty; leave it out for every feed")
        if not rule.notify:
            self._warn(path, "`notify` is empty: what this rule finds is recorded, and nobody is told", key=True)

    def _channel(self, channel: AnyChannel) -> None:
        path = ("channels", channel.id)
        match channel:
            case EmailChannel():
                for one, other in (("username", "password"), ("password", "username")):
                    if getattr(channel, one) is not None and getattr(channel, other) is None:
                        self._wrong((*path, one), f"`{one}`: needs a `{other}` beside it", key=True)
                if channel.password is not None and channel.security == "none" and channel.host not in THIS_MACHINE:
                    told = (
                        '`security`: a password is not sent in clear, so nothing will arrive; take "starttls" or "tls"'
                    )
                    self._warn((*path, "security"), told, key=True)
            case WebhookChannel(secrets=()):
                self._warn(path, "`secret` is missing: messages go out unsigned", key=True)
            case _:
                pass


def checked(
    draft: Settings, tables: Tables, sound: Collection[Key], *, complete: bool
) -> Iterator[tuple[bool, Mistake]]:
    """All findings, each with whether it is only a warning. `complete`: every file that is named could be read."""
    check = Check(draft, tables, sound, complete=complete)
    check.run()
    yield from ((False, mistake) for mistake in check.mistakes)
    yield from ((True, warning) for warning in check.warnings)
