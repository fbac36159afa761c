"""Settings turned into what the rooms take: profiles, feed cards, rule definitions. Pure but for `load`.

The rooms know plain values of their own; only this module and `wiring` know both sides.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from aggregator import page
from aggregator.deciding.normalise import FeedProfile
from alerts import query, stems
from alerts import topics as topics_inside
from alerts.facts import FeedCard
from alerts.syntax import QueryError, check_term
from alerts.tree import Has, leaves
from config.load import Loaded, Mistake
from config.load import load as load_files
from config.model import FeedSettings, Rule, Settings, Topic, expand_feeds
from config.proposed import load_proposed
from store.events import ChannelId, FeedId, RuleDefined, RuleId


def load(config: str, environ: Mapping[str, str], cwd: Path) -> Loaded:
    """The settings with every mistake, those of terms and queries included, in the order of the files."""
    return _with_queries(load_files(Path(config) if config else None, environ, cwd))


def proposed(new: str, config: str, environ: Mapping[str, str], cwd: Path) -> Loaded:
    """The settings as a proposed file would have them, laid over those in use if it has only rules and topics."""
    return _with_queries(load_proposed(Path(new), Path(config) if config else None, environ, cwd))


def _with_queries(loaded: Loaded) -> Loaded:
    draft = loaded.draft
    terms = _terms(draft)
    mistakes = [*_term_mistakes(loaded, draft.topics.values())]
    warnings: list[Mistake] = []
    mistakes += [
        loaded.place(("feeds", feed.id, "page")).mistake(f"`page`: {page.NOT_INSTALLED}")
        for feed in draft.feeds.values()
        if feed.page != "none" and not page.available()
    ]
    for rule in draft.rules.values():
        if rule.stem and not stems.installed():
            mistakes.append(loaded.place(("rules", rule.id, "stem")).mistake(stems.NOT_INSTALLED))
        if rule.match is not None:
            path = ("rules", rule.id, "match")
            mistakes += _placed(loaded, path, query.check(rule.match, terms, draft.feeds))
            warnings += _placed(loaded, path, query.warnings(rule.match, terms))
    return loaded.with_mistakes(mistakes, warnings)


def _term_mistakes(loaded: Loaded, topics: Collection[Topic]) -> Iterable[Mistake]:
    for topic in topics:
        for number, term in enumerate(topic.any):
            yield from _placed(loaded, ("topics", topic.id, "any", number), check_term(term))
    for name, number, error in topics_inside.mistakes({topic.id: topic.any for topic in topics}):
        yield from _placed(loaded, ("topics", name, "any", number), [error])


def _terms(settings: Settings) -> Mapping[str, Sequence[str]]:
    """The terms of every topic, those of the topics that it names included."""
    return topics_inside.expanded({name: topic.any for name, topic in settings.topics.items()})


def _placed(loaded: Loaded, path: tuple[str | int, ...], errors: Iterable[QueryError]) -> list[Mistake]:
    return [loaded.place(path, error.offset, error.length).mistake(error.message) for error in errors]


def public_url(url: str) -> str:
    """A feed's address as it may be shown: without user name and password."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def card(feed: FeedSettings) -> FeedCard:
    """The feed as messages name it."""
    return FeedCard(FeedId(feed.id), feed.title or feed.id, public_url(feed.url), feed.language, feed.tags)


def profile(feed: FeedSettings, siblings: Sequence[FeedSettings] = ()) -> FeedProfile:
    """The feed as deciding and scheduling need it. `siblings`: the other feeds of its source."""
    return FeedProfile(
        id=FeedId(feed.id),
        url=feed.url,
        every=feed.every,
        identity=feed.identity,
        first_fetch=feed.first_fetch,
        language=feed.language,
        quiet_after=feed.quiet_after or None,
        cron=feed.cron,
        timezone=feed.timezone,
        page=feed.page,
        revisit=feed.revisit,
        siblings=tuple(FeedId(each.id) for each in siblings),
        idle=frozenset(FeedId(each.id) for each in siblings if not each.enabled),
    )


def siblings_of(settings: Settings) -> Mapping[str, Sequence[FeedSettings]]:
    """Of each feed that shares its source, the others that do."""
    families: dict[str, list[FeedSettings]] = {}
    for feed in settings.feeds.values():
        if feed.source:
            families.setdefault(feed.source, []).append(feed)
    return {feed.id: [each for each in family if each is not feed] for family in families.values() for feed in family}


def definitions(settings: Settings) -> tuple[RuleDefined, ...]:
    """Every rule as it goes into the log: query text, the topics that it names, feeds expanded."""
    terms = _terms(settings)
    return tuple(_definition(rule, settings, terms) for rule in settings.rules.values())


def _definition(rule: Rule, settings: Settings, terms: Mapping[str, Sequence[str]]) -> RuleDefined:
    feeds = expand_feeds(rule, settings.feeds)
    match = rule.match or ""
    tree = query.parse(match, terms).tree if match else None
    named = {leaf.topic for leaf in leaves(tree) if isinstance(leaf, Has) and leaf.topic} if tree else set()
    return RuleDefined(
        rule=RuleId(rule.id),
        match=match,
        topics={name: tuple(terms[name]) for name in sorted(named)},
        feeds=None if feeds is None else tuple(FeedId(feed) for feed in feeds),
        on=tuple(rule.on),
        notify=tuple(ChannelId(channel) for channel in rule.notify),
        severity=rule.severity,
        min_change=rule.min_change,
        stem=rule.stem,
    )
