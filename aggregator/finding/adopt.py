"""Feeds of somebody's list sorted out against those that are known: which come in, and why the others do not. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from aggregator.finding.listed import ListedFeed, usable
from aggregator.finding.names import Known, ids_for, same
from aggregator.finding.opml import Outline
from config.values import language as read_language

_USERINFO = re.compile(r"//[^/?#]*@")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A feed that does not come in: where it is known already (`known_as`), or what is wrong with its address."""

    url: str
    title: str
    known_as: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Adopted:
    """The outcome, each list in the order in which the feeds were given."""

    feeds: tuple[ListedFeed, ...]
    known: tuple[LeftOut, ...]
    unusable: tuple[LeftOut, ...]


def adopt(outlines: Iterable[Outline], known: Known) -> Adopted:
    """Sort them out. Of two with one address the first comes in, with the tags of both."""
    coming: dict[str, Outline] = {}
    left: list[LeftOut] = []
    unusable: list[LeftOut] = []
    for feed in outlines:
        address = same(feed.url)
        if problem := usable(feed.url):
            unusable.append(LeftOut(shown(feed.url), feed.title, problem=problem))
        elif address in known.used:
            left.append(LeftOut(feed.url, feed.title, known_as=known.used[address]))
        elif address in coming:
            first = coming[address]
            tags = tuple(dict.fromkeys([*first.tags, *feed.tags]))
            coming[address] = Outline(first.url, first.title or feed.title, first.language or feed.language, tags)
            left.append(LeftOut(feed.url, feed.title))
        else:
            coming[address] = feed
    chosen = list(coming.values())
    ids = ids_for([(feed.title, feed.url) for feed in chosen], known)
    return Adopted(tuple(map(_listed, ids, chosen)), tuple(left), tuple(unusable))


def language_of(tag: str) -> str:
    """A language's tag if the settings take it, else ""."""
    try:
        return read_language(tag)
    except ValueError:
        return ""


def shown(url: str) -> str:
    """An address for a message: what stands before an @ may be a password."""
    return _USERINFO.sub("//", url)


def _listed(name: str, feed: Outline) -> ListedFeed:
    return ListedFeed(name, feed.url, feed.title, language_of(feed.language), tags=feed.tags)
