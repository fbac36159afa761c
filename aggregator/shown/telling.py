"""What happened, in words: one clause for each kind of event, and for each reason why a source could not be seen. Pure.

Every kind of event has its words here (the type checker sees to it); nothing in them comes from a feed's texts.
"""

from http import HTTPStatus
from typing import assert_never

from aggregator.shown.form import counted, when
from store import events as e

REASONS = {
    "timeout": "no whole answer in time",
    "dns": "its host name cannot be resolved",
    "connect": "no connection to its host",
    "reset": "the connection broke off",
    "protocol": "its answer is no HTTP",
    "tls_error": "no secure connection (its certificate, or TLS)",
    "too_large": "its document is larger than max_body",
    "bad_encoding": "its answer cannot be inflated",
    "redirect_limit": "it redirects too often",
    "bad_scheme": "it redirects to something that is neither http nor https",
    "bad_url": "its address, or one that it redirects to, is none",
    "ssrf_blocked": "it redirects into a private network (see allow_networks)",
    "empty": "its answer is empty",
    "html": "a web page came instead of a feed",
    "challenge": "a page against robots came instead of a feed",
    "not_a_feed": "what came is no feed",
    "cut": "its document ends too early",
    "parse_error": "its document cannot be read",
    "parse_timeout": "its document takes too long to read",
    "parse_memory": "its document needs too much memory to read",
    "parser_died": "reading its document killed the parser",
    "emptied": "its list is suddenly empty",
    "shrunk": "most of its entries are suddenly missing",
    "broken": "its document is not well-formed and misses most entries",
}


def reason_in_words(reason: str) -> str:
    """A named reason for a failed poll with its meaning; reasons that are sentences already stay as they are."""
    if reason.startswith("http_"):
        code = reason.removeprefix("http_")
        try:
            return f"{reason}: it answers {code} {HTTPStatus(int(code)).phrase}"
        except ValueError:
            return f"{reason}: it answers {code}"
    return f"{reason}: {REASONS[reason]}" if reason in REASONS else reason


def headline(event: e.Event) -> str:
    """The event as one clause."""
    match event:
        case (
            e.ItemPublished() | e.ItemRevised() | e.ItemCompleted() | e.ItemReextracted() | e.ItemRekeyed()
            | e.ItemAbsent() | e.ItemDelisted() | e.ItemWithdrawn() | e.ItemRestored() | e.TextErased()
        ):  # fmt: skip
            return _of_item(event)
        case (
            e.FeedDegraded() | e.FeedRecovered() | e.FeedQuiet() | e.FeedMoved() | e.FeedGone() | e.FeedReissued()
            | e.FeedGap()
        ):  # fmt: skip
            return _of_health(event)
        case e.SettingsApplied():
            return f"settings applied: {event.file}, {counted(len(event.feeds), 'feed')}"
        case e.RuleDefined():
            return f"rule in force: {event.match or '(source health)'}"
        case e.RuleRetired():
            return "rule no longer in the settings"
        case e.FeedBaselined():
            return f"first fetch: {event.items} entries; from here on new is news"
        case e.FeedUnwatched():
            return f"was not looked at from {when(event.since)} UTC until now"
        case e.FeedRepaired():
            return repair(event)
        case e.FeedRenamed():
            return f"renamed; formerly {event.formerly}"
        case e.NetworkLost():
            return f"our own network is lost: {event.failing} of {event.hosts} hosts fail"
        case e.NetworkRestored():
            return "our own network is back"
        case e.AlertRaised():
            return f"alert: {event.transition} under {event.rule}"
        case e.AlertHeld():
            return f"alert held ({event.reason}): {event.transition} under {event.rule}"
        case e.AlertReleased():
            return f"held alert released by hand: {event.why}"
        case e.DeliverySettled():
            return f"{event.outcome}: {event.channel}, attempt {event.attempts}: {event.answer}"
        case _:
            assert_never(event)


def _of_item(event: e.ItemEvent) -> str:
    match event:
        case e.ItemPublished():
            late = "recovered late" if event.mark else ""
            return _and("first seen", "first fetch" * event.baseline, "put in between known ones" * event.backdated,
                        "below the oldest known one" * event.surfaced, late, _twin(event))  # fmt: skip
        case e.ItemRevised():
            back = f"back to version {event.reverts_to}" if event.reverts_to else ""
            return _and(
                f"version {event.to_version}: {event.kind}", *event.flags, back, _twin(event), _held(event.hold)
            )
        case e.ItemCompleted():
            return _and("its page was read for the first time", _twin(event), _held(event.hold))
        case e.ItemReextracted():
            return f"read anew by our own newer parser: {', '.join(event.fields)} put right, no news"
        case e.ItemRekeyed():
            return f"same item under another address or id: {event.reason}"
        case e.ItemAbsent():
            return "missing from the feed while an older one is listed"
        case e.ItemDelisted():
            page = "its page still stands" if event.page == "standing" else "its page cannot be checked"
            return _and(f"delisted: gone from the feed, {page}", _twin(event))
        case e.ItemWithdrawn():
            return _and(f"withdrawn: {event.grade}", _twin(event))
        case e.ItemRestored():
            return _and(f"it is back; was {event.was}", _twin(event))
        case e.TextErased():
            return "its texts were erased for good"
        case _:
            assert_never(event)


def _of_health(event: e.HealthEvent) -> str:
    match event:
        case e.FeedDegraded():
            return f"cannot be seen, {event.failures} failed polls: {reason_in_words(event.reason)}"
        case e.FeedRecovered():
            return f"seen again; was blind for {reason_in_words(event.reason)}"
        case e.FeedQuiet():
            return f"unusually quiet: {event.reason}"
        case e.FeedMoved():
            return f"moved for good to {event.url}"
        case e.FeedGone():
            return f"gone: {event.reason}"
        case e.FeedReissued():
            return f"reissued: {event.changed} changed and {event.rekeyed} under new ids of {event.known}; alerts held"
        case e.FeedGap():
            return f"a gap: all {event.left} entries left and {event.new} new ones came; some may have been missed"
        case _:
            assert_never(event)


def repair(event: e.FeedRepaired) -> str:
    """How the repair of a gap ended, as one clause."""
    found = f"{counted(event.recovered, 'missed statement')} found on {counted(event.pages, 'older page')}"
    return f"gap repaired: {found}" if event.complete else f"gap not repaired to its end: {found}; {event.reason}"


def _twin(
    event: e.ItemPublished | e.ItemRevised | e.ItemCompleted | e.ItemDelisted | e.ItemWithdrawn | e.ItemRestored,
) -> str:
    """The same statement in another feed of the source."""
    return f"the same as {event.twin.item}, version {event.twin.version}" if event.twin else ""


def _held(hold: str) -> str:
    return f"alerts held: {hold}" if hold else ""


def _and(first: str, *more: str) -> str:
    notes = ", ".join(filter(None, more))
    return f"{first} ({notes})" if notes else first
