"""Thirty short lives of a feed, each with the exact list of events that it must give.

A step is what one poll shows: entries newest first, a letter each (a is the oldest by date), a digit for another text;
`304`; or `+6h` to let time pass. Polls are ten minutes apart, as is `every`. `x=gone` sets what the page of x answers.
"""

from datetime import timedelta

import pytest

from bench.watcher import MONDAY, Watcher, document, entry, profile
from store.events import (
    Event,
    FeedBaselined,
    FeedGap,
    FeedReissued,
    ItemAbsent,
    ItemDelisted,
    ItemPublished,
    ItemRekeyed,
    ItemRestored,
    ItemRevised,
    ItemWithdrawn,
)

FORTY = "Syria: {} trucks of aid will cross to {} each week, the minister said after the talks."

SCRIPTS = {
    "a baseline is no news": ["c b a -> ", "c b a -> ", "304 -> "],
    "an empty baseline, then news": [" -> ", "a -> +a", "b a -> +b"],
    "one new statement": ["b a -> ", "c b a -> +c"],
    "several at once, oldest first": ["a -> ", "d c b a -> +b +c +d"],
    "an edit": ["b a -> ", "b a2 -> a:wording2"],
    "two edits and a return": ["b a -> ", "b a2 -> a:wording2", "b a3 -> a:wording3", "b a2 -> a:wording4=2"],
    "an edit and news together": ["b a -> ", "c b2 a -> b:wording2 +c"],
    "a third flip is held": [
        "b a -> ", "b a2 -> a:wording2", "b a -> a:wording3=1", "b a2 -> a:wording4=2", "b a -> a:wording5=1!flapping",
    ],
    "reordering is nothing": ["d c b a -> ", "a b c d -> ", "c d a b -> "],
    "roll-off is nothing": ["d c b a -> ", "e d c b -> +e", "f e d c -> +f", "304 -> "],
    "a full turnover": ["d c b a -> ", "h g f e -> +e +f +g +h gap4/4", "304 -> "],
    "several roll off in a shrinking window": ["f e d c b a -> ", "f e d c -> ", "304 -> ", "304 -> "],
    "a hole is absent at the second good poll, then delisted": [
        "d c b a -> ", "d b a -> ", "d b a -> -c ?c", "304 -> ",
    ],
    "a 304 confirms an absence": ["d c b a -> ", "d b a -> ", "304 -> -c ?c"],
    "gone at once": ["d c b a -> ", "c=gone", "d b a -> ", "304 -> -c xc", "304 -> "],
    "gone, and back": ["d c b a -> ", "c=gone", "d b a -> ", "304 -> -c xc", "d c b a -> ^c", "304 -> "],
    "gone, and back with other words": [
        "d c b a -> ", "c=gone", "d b a -> ", "304 -> -c xc", "d c2 b a -> ^c c:wording2",
    ],
    "missing three times over six hours": [
        "d c b a -> ", "c=missing", "d b a -> ", "304 -> -c", "+3h", "304 -> ", "+3h", "304 -> xc",
    ],
    "missing, but back in time": [
        "d c b a -> ", "c=missing", "d b a -> ", "304 -> -c", "+3h", "304 -> ", "d c b a -> ^c", "+9h", "304 -> ",
    ],
    "missing, then standing": [
        "d c b a -> ", "c=missing", "d b a -> ", "304 -> -c", "c=standing", "+3h", "304 -> ?c",
    ],
    "unreachable for six hours": [
        "d c b a -> ", "c=unreachable", "d b a -> ", "304 -> -c", "+3h", "304 -> ", "+4h", "304 -> ?c",
    ],
    "a blip of one poll": ["d c b a -> ", "d b a -> ", "d c b a -> ", "304 -> "],
    "two holes": ["f e d c b a -> ", "f d b a -> ", "304 -> -e -c ?e ?c"],
    "hole and news in one document": ["e d c b a -> ", "f e c b a -> +f", "304 -> -d ?d"],
    "a hole, and later the rest rolls past it": ["d c b a -> ", "d b a -> ", "h g f e d -> +e +f +g +h", "304 -> "],
    "an old entry comes back without news": ["d c b a -> ", "e d c b -> +e", "e d c b a -> ", "304 -> "],
    "what rolls past a stray is no hole": [
        "f e d c b a -> ", "h g f e d c -> +g +h", "h g f e d a -> ", "i h g f e a -> +i", "304 -> ", "304 -> ",
    ],
    "an emptied list changes nothing": ["d c b a -> ", " -> !emptied", " -> !emptied", "d c b a -> "],
    "a shrunk list changes nothing": ["d c b a -> ", "d -> !shrunk", "d c b a -> ", "304 -> "],
    "a lasting small list is believed": [
        "e d c b a -> ", "e d -> !shrunk", "+13h", "e d -> !shrunk", "+13h", "e d -> ", "f e d -> +f",
    ],
    "an unknown entry below all others is held": ["d c b -> ", "d c b a -> +a!surfaced"],
    "an entry put in between is backdated": ["e c b a -> ", "e d c b a -> +d~"],
    "deleted and replaced": ["d c b a -> ", "c=gone", "e d b a -> +e", "304 -> -c xc"],
}  # fmt: skip


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_scripted_life_gives_exactly_these_events(name: str) -> None:
    pages: dict[str, str] = {}
    watcher = Watcher(profile(), pages=lambda probe: (pages.get(probe.url[-1], "standing"), True))
    now = MONDAY + timedelta(days=2)
    shown = document()
    for number, step in enumerate(SCRIPTS[name]):
        if step.startswith("+") and "->" not in step:
            now += timedelta(hours=int(step[1:-1]))
            continue
        if "=" in step and "->" not in step:
            letter, verdict = step.split("=")
            pages[letter] = verdict
            continue
        seen, expected = step.split("->")
        now += timedelta(minutes=10)
        refused = len(watcher.refused)
        if seen.strip() != "304":
            shown = _document(seen)
        events = watcher.poll(shown, now)
        told = [f"!{reason}" for reason in watcher.refused[refused:]] + [word for e in events if (word := _say(e))]
        assert told == expected.split(), f"step {number}: {step}"


def _document(seen: str):
    return document(
        *(
            entry(name, FORTY.format(version or 1, name), title=f"On {name}", hours=ord(name) - ord("a"))
            for name, version in ((token[0], token[1:]) for token in seen.split())
        )
    )


def _say(event: Event) -> str:
    """One word for an event: +new -absent ?delisted xwithdrawn ^restored id:kindVERSION=reverts!hold gapLEFT/NEW."""
    match event:
        case ItemPublished(baseline=True) | FeedBaselined():
            return ""
        case ItemPublished():
            return f"+{_letter(event)}{'~' * event.backdated}{'!' * bool(event.hold)}{event.hold}"
        case ItemRevised():
            returns = f"={event.reverts_to}" if event.reverts_to else ""
            return f"{_letter(event)}:{event.kind}{event.to_version}{returns}{'!' * bool(event.hold)}{event.hold}"
        case ItemAbsent():
            return f"-{_letter(event)}"
        case ItemDelisted():
            return f"?{_letter(event)}"
        case ItemWithdrawn():
            return f"x{_letter(event)}"
        case ItemRestored():
            return f"^{_letter(event)}"
        case ItemRekeyed():
            return f"~{_letter(event)}"
        case FeedReissued():
            return "reissued"
        case FeedGap():
            return f"gap{event.left}/{event.new}"
        case _:
            return repr(event)


_LETTERS: dict[str, str] = {}


def _letter(event) -> str:
    """The letter of an event's item, from the id that this letter's guid gives."""
    if not _LETTERS:
        watcher = Watcher(profile())
        watcher.poll(_document(" ".join("zyxwvutsrqponmlkjihgfedcba")), MONDAY)
        _LETTERS.update(
            {item: watcher.texts[known.content.title].removeprefix("On ") for item, known in watcher.items.items()}
        )
    return _LETTERS[event.item]
