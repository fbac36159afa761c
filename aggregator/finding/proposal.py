"""What a search found, as tables for the settings and remarks about what was seen. Pure."""

from dataclasses import dataclass
from datetime import timedelta

from aggregator.finding.adopt import language_of
from aggregator.finding.listed import ListedFeed
from aggregator.finding.names import Known, ids_for, same
from aggregator.finding.search import Found
from aggregator.finding.seen import Seen
from aggregator.shown.form import counted, minute, stamp

DEFAULT_EVERY = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Proposal:
    """One feed that was found. `known_as`: the settings have it under that id, so `feed` is only told of, under it.
    `same_as`: the id of a better one with the same entries. `shipped`: the id and file of it among the shipped feeds.
    """

    feed: ListedFeed
    found: Found
    known_as: str
    same_as: str
    shipped: tuple[str, str] | None

    def as_row(self) -> dict[str, object]:
        """The feed for JSON."""
        feed, seen = self.feed, self.found.seen
        return {
            "id": feed.id,
            "url": feed.url,
            "title": seen.title,
            "language": feed.language,
            "every_seconds": int(feed.every.total_seconds()) if feed.every else None,
            "enabled": feed.enabled,
            "how": self.found.how,
            "format": seen.format,
            "entries": seen.entries,
            "newest_at": stamp(seen.newest),
            "window_seconds": int(seen.window.total_seconds()) if seen.window else None,
            "validators": list(seen.validators),
            "problem": seen.problem or None,
            "known_as": self.known_as or None,
            "same_as": self.same_as or None,
            "shipped": list(self.shipped) if self.shipped else None,
        }


def propose(found: list[Found], known: Known) -> list[Proposal]:
    """A proposal for each feed, in the given order, the best first."""
    new = [each for each in found if same(each.seen.url) not in known.used]
    ids = dict(zip(
        (each.seen.url for each in new),
        ids_for([(each.seen.title, each.seen.url) for each in new], known),
        strict=True,
    ))  # fmt: skip
    names = [ids.get(each.seen.url) or known.used[same(each.seen.url)] for each in found]
    return [_proposal(number, found, names, known) for number in range(len(found))]


def _proposal(number: int, found: list[Found], names: list[str], known: Known) -> Proposal:
    each, seen = found[number], found[number].seen
    better = (names[before] for before in range(number) if seen.same_as(found[before].seen))
    same_as = next(better, "")
    shipped = known.shipped.get(same(seen.url))
    feed = ListedFeed(
        id=names[number],
        url=seen.url,
        title=seen.title,
        language=language_of(seen.language),
        every=seen.every or DEFAULT_EVERY,
        enabled=not (same_as or seen.about_comments),
        remarks=_remarks(each, same_as, shipped),
    )
    return Proposal(feed, each, known.used.get(same(seen.url), ""), same_as, shipped)


def _remarks(found: Found, same_as: str, shipped: tuple[str, str] | None) -> tuple[str, ...]:
    seen = found.seen
    remarks = [f"{found.how}: {_contents(seen)}", _manners(seen)]
    if seen.problem:
        remarks.append(f"read leniently, for it is {seen.problem}")
    if seen.asleep:
        remarks.append("nothing new for over a year")
    if seen.about_comments:
        remarks.append("comments of readers, it seems; `enabled = true` to watch them")
    if same_as:
        remarks.append(f"mostly the same entries as {same_as}: watch one of the two")
    if shipped:
        remarks.append(f'comes with the program as {shipped[0]}: include = ["shipped:{shipped[1]}"] has it too')
    return tuple(remarks)


def _contents(seen: Seen) -> str:
    newest = f", the newest of {minute(seen.newest)} UTC" if seen.newest else ", none dated" if seen.entries else ""
    window = f", spanning {_span(seen.window)}" if seen.window else ""
    entries = "1 entry" if seen.entries == 1 else f"{seen.entries} entries"
    return f"{seen.format}, {entries}{newest}{window}"


def _manners(seen: Seen) -> str:
    if not seen.validators:
        return "neither ETag nor Last-Modified: each poll is the whole document"
    return f"answers with {' and '.join(seen.validators)}"


def _span(window: timedelta) -> str:
    hours = round(window.total_seconds() / 3600)
    return counted(hours, "hour") if hours < 72 else counted(round(hours / 24), "day")
