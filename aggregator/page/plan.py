"""When the page behind an item is looked at. Pure.

A feed's settings, an item and the last visit go in, the next one comes out. Looks are counted from the publication of
the item or its last change: offsets that have passed are skipped. What alerted somebody is looked at once a day after
them, until its thirty days are over. A page that fails is tried again later and later, and not given up before a month
has passed since its last regular look; the reason stays in its row. All times are aware and in UTC.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urldefrag

from aggregator.deciding.identity import comparable_link, host_of, is_home_page
from aggregator.deciding.normalise import FeedProfile
from store.events import Content, ItemId
from store.ports import Visit

DAY = timedelta(days=1)
FOLLOWED = timedelta(days=30)
"""How long the page of what alerted somebody is followed."""
LATE = "late-page"
"""The hold of what a page brings that was first read because of the settings, not because its item was news."""
FIRST_RETRY = timedelta(hours=1)
LAST_RETRY = DAY
RARELY = DAY
"""How far apart looks at what is no web page are at least: a PDF is not read, only whether it stands."""
PATIENCE = timedelta(days=30)
SHARED = "shared"
_UNASKABLE = ("no-link", "no-web-address", "home-page", SHARED)
OFF = "off"
"""The reason of visits that the settings ended."""


@dataclass(frozen=True, slots=True)
class Page:
    """Where the page behind an item lies. `name` tells pages apart: other fragments are the same page. `objection`: why
    it is not looked at, "" if it is.
    """

    url: str
    name: str
    host: str
    objection: str


def page_of(link: str) -> Page:
    """The page that an item's link names. A site's home page is no item's own."""
    url = urldefrag(link.strip()).url
    name = comparable_link(url)
    scheme = url.partition(":")[0].lower()
    if not url:
        objection = "no-link"
    elif scheme not in ("http", "https") or not host_of(url):
        objection = "no-web-address"
    else:
        objection = "home-page" if is_home_page(name) else ""
    return Page(url, name, host_of(url), objection)


def plan_of(profile: FeedProfile) -> str:
    """The settings that visits are planned by, as one line: another line, and they are planned anew. "" plans none."""
    if profile.page == "none":
        return ""
    return f"{profile.page} {' '.join(str(int(span.total_seconds())) for span in profile.revisit)}"


def published_at(content: Content, observed_at: datetime) -> datetime:
    """When the item was published: as claimed, unless that is later than when it was seen."""
    claimed = content.published_at
    return claimed if claimed is not None and claimed <= observed_at else observed_at


def first_visit(
    item: ItemId, profile: FeedProfile, page: Page, *, since: datetime, now: datetime, hold: str,
    until: datetime | None = None,
) -> Visit:  # fmt: skip
    """The visit to a page that was never read: now, whatever offsets have passed."""
    next_at = None if page.objection else now
    return Visit(
        item, profile.id, page.url, page.name, page.host, next_at, since, until, hold, reason=page.objection
    )  # fmt: skip


def next_look(profile: FeedProfile, visit: Visit, now: datetime) -> datetime | None:
    """The next regular look after `now`, None when there is none."""
    upcoming = next((at for at in (visit.since + span for span in profile.revisit) if at > now), None)
    if visit.until is None:
        return upcoming
    upcoming = upcoming or now + DAY
    return upcoming if upcoming <= visit.until else None


def changed(visit: Visit, profile: FeedProfile, page: Page, at: datetime) -> Visit:
    """Its item was revised in the feed at `at`: its page is looked at now, and its offsets are counted anew. Where its
    link is another one now, so is its page.
    """
    if visit.until is not None and visit.until < at:
        return visit
    if page.name != visit.page or page.objection:
        moved = first_visit(visit.item, profile, page, since=at, now=at, hold=visit.hold, until=visit.until)
        return replace(moved, looked_at=visit.looked_at, memory=visit.memory)
    return replace(visit, url=page.url, next_at=None if is_unaskable(visit) else at, since=at)


def after_good(visit: Visit, profile: FeedProfile, at: datetime, *, again: timedelta | None, edited: bool) -> Visit:
    """Its page answered at `at`. `again`: look again that soon, for something waits to settle."""
    visit = replace(visit, since=at if edited else visit.since, looked_at=at, failures=0, reason="")
    return replace(visit, next_at=sooner(next_look(profile, visit, at), again, at))


def after_failure(
    visit: Visit,
    profile: FeedProfile,
    at: datetime,
    *,
    reason: str,
    again: timedelta | None = None,
    wait: timedelta | None = None,
) -> Visit:
    """Its page could not be read at `at`: it is asked again with growing distances, and when it would be asked anyway.
    `wait`: what the server asked for (Retry-After).
    """
    failures = visit.failures + 1
    retry = min(LAST_RETRY, FIRST_RETRY * 2 ** min(failures - 1, 10))
    visit = replace(visit, looked_at=at, failures=failures, reason=reason)
    end = max(visit.since + profile.revisit[-1], visit.until or visit.since) + PATIENCE
    upcoming = at + retry if at + retry <= end else None
    if (planned := next_look(profile, visit, at)) is not None:
        upcoming = min(planned, upcoming or planned)
    upcoming = sooner(upcoming, again, at)
    return replace(visit, next_at=max(upcoming, at + wait) if upcoming and wait else upcoming)


def after_other_kind(visit: Visit, profile: FeedProfile, at: datetime, *, reason: str) -> Visit:
    """What stands there is no web page (a PDF): it is looked at only rarely, for whether it stands."""
    visit = replace(visit, looked_at=at, failures=0, reason=reason)
    upcoming = next_look(profile, visit, at)
    return replace(visit, next_at=max(upcoming, at + RARELY) if upcoming else None)


def sooner(upcoming: datetime | None, again: timedelta | None, at: datetime) -> datetime | None:
    """The earlier one of a planned look and a look so soon."""
    if again is None:
        return upcoming
    return min(upcoming, at + again) if upcoming else at + again


def replanned(visit: Visit, profile: FeedProfile, now: datetime) -> Visit:
    """The visit by settings that changed: one that they had ended goes on, one that has offsets left gets its next."""
    if is_unaskable(visit) or visit.failures:
        return visit
    visit = replace(visit, reason="" if visit.reason == OFF else visit.reason)
    return replace(visit, next_at=now if visit.looked_at is None else next_look(profile, visit, now))


def ended(visit: Visit) -> Visit:
    """The visit of an item whose pages the settings no longer ask for."""
    return visit if is_unaskable(visit) else replace(visit, next_at=None, failures=0, reason=OFF)


def followed(visit: Visit, profile: FeedProfile, told_at: datetime, now: datetime) -> Visit:
    """Its item alerted somebody at `told_at`. The first alert counts; one after its thirty days begins them anew."""
    if visit.until is not None and visit.until >= told_at:
        return visit
    return replanned(replace(visit, until=told_at + FOLLOWED), profile, now)


def is_unaskable(visit: Visit) -> bool:
    """No page of its own lies behind the item."""
    return visit.reason in _UNASKABLE


def unshared(visits: Sequence[Visit], others: Collection[Visit]) -> list[Visit]:
    """These visits, and those of `others` that change by them: a page that several items of a feed link to is none's
    own, so nobody looks at it.
    """
    known = {visit.item: visit for visit in (*others, *visits)}
    owners: dict[str, set[ItemId]] = {}
    for visit in known.values():
        owners.setdefault(visit.page, set()).add(visit.item)
    saved = {visit.item for visit in visits}
    found = []
    for item, visit in known.items():
        if visit.page and len(owners[visit.page]) > 1 and visit.reason != SHARED:
            found.append(replace(visit, next_at=None, failures=0, reason=SHARED))
        elif item in saved:
            found.append(visit)
    return found
