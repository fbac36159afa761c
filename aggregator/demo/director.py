"""Plays the script: a ministry, a desk and the daemon between them, all real, all on loopback.

Comes in: a folder to work in, and `tell`, which is awaited with each `Beat` as it happens. Goes out: the `Books`.
Nothing here relies on a pause: each step waits for facts (the log holds it, the desk has it, the site was asked), at
most `PATIENCE` each. What does not come in that time ends the play and stands in the books. However it ends, cancelled
included, no process stays behind.
"""

import asyncio
import base64
import json
import secrets
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Literal, TypeVar, assert_never

from aggregator.clock import utc_now
from aggregator.demo import audit
from aggregator.demo.audit import Books, Verification
from aggregator.demo.desk import CHANNELS, Desk, Receipt
from aggregator.demo.mailbox import mailbox
from aggregator.demo.ministry import Ministry
from aggregator.demo.record import Record
from aggregator.demo.script import BEFORE, SCENES, Deed, DeskCloses, DeskOpens, Kill, Restart, Step
from aggregator.demo.watcher import Addresses, Watcher
from aggregator.demo.web import hook_of, served, site_of
from store.events import AlertId, Position, Recorded, subject_of

T = TypeVar("T")
PATIENCE = timedelta(seconds=40)
_TICK = 0.1

Who = Literal["ministry", "log", "daemon", "desk"]


@dataclass(frozen=True, slots=True)
class Opens:
    """A scene begins."""

    heading: str


@dataclass(frozen=True, slots=True)
class Says:
    """Somebody does something, or is seen to have done it."""

    who: Who
    words: str


Beat = Opens | Says | Receipt
Tell = Callable[[Beat], Awaitable[None]]


class InVain(Exception):
    """What was waited for did not come."""


async def play(folder: Path, tell: Tell) -> Books:
    """The whole demo in `folder`."""
    ministry, desk = Ministry(BEFORE, utc_now()), Desk(_new_secret())
    async with AsyncExitStack() as stage:
        ministry.origin = await stage.enter_async_context(served(site_of(ministry)))
        hook = await stage.enter_async_context(served(hook_of(desk)))
        mail_port = await stage.enter_async_context(mailbox(desk.mail))
        watcher = Watcher(folder, Addresses(ministry.origin, hook, mail_port, desk.secret))
        stage.push_async_callback(watcher.end)
        return await _Director(ministry, desk, watcher, Record(folder), tell).play()


def _new_secret() -> str:
    """A webhook secret as the settings take it."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


class _Director:
    """One performance. `_owed`: deeds whose outcome is still to come, with the event where the log has it already."""

    def __init__(self, ministry: Ministry, desk: Desk, watcher: Watcher, record: Record, tell: Tell) -> None:
        self._ministry, self._desk, self._watcher, self._record = ministry, desk, watcher, record
        self._tell = tell
        self._done: list[Deed] = []
        self._seen: set[Position] = set()
        self._owed: list[tuple[Deed, Recorded | None]] = []

    async def play(self) -> Books:
        in_vain = ""
        try:
            await self._first_look()
            for scene in SCENES:
                await self._tell(Opens(scene.heading))
                for step in scene.steps:
                    await self._step(step)
        except InVain as missing:
            in_vain = str(missing)
        status = await self._watcher.stop()
        books = await self._balance()
        ends = [f"waited in vain for {in_vain}"] if in_vain else []
        ends += [f"the daemon ended with status {status}"] if status else []
        return replace(books, differences=(*ends, *books.differences))

    async def _first_look(self) -> None:
        await self._watcher.start()
        await self._say("daemon", f"`feedwitness run`, process {self._watcher.pid}, looks every second")
        known, held = await self._until("the first look", self._looked)
        await self._say("log", f"first look: {known} statements, {held} of them on the topic: that is no news")

    def _looked(self) -> tuple[int, int] | None:
        known, held = audit.first_look(self._record.events())
        return (known, held) if known and held else None

    async def _step(self, step: Step) -> None:
        match step:
            case Deed():
                await self._say("ministry", step.words)
                self._ministry.do(step.act)
                self._done.append(step)
                await self._follow(step)
            case DeskCloses():
                self._desk.open = False
                await self._say("desk", step.words)
            case DeskOpens():
                self._desk.open = True
                await self._say("desk", step.words)
            case Kill():
                pid = self._watcher.pid
                await self._watcher.kill()
                await self._say("daemon", f"process {pid} {step.words}")
            case Restart():
                await self._watcher.start()
                await self._say("daemon", f"{step.words}, process {self._watcher.pid}")
                await self._settle()
            case _:
                assert_never(step)

    async def _settle(self) -> None:
        """What was owed, the unseen first: what the desk turned away is tried again only after some seconds."""
        owed, self._owed = self._owed, []
        for deed, event in sorted(owed, key=lambda each: each[1] is not None):
            if event:
                await self._hear(deed, event)
            else:
                await self._follow(deed)

    async def _follow(self, deed: Deed) -> None:
        """Wait for what must come of a deed, as far as it can come now."""
        if not self._watcher.pid:
            self._owed.append((deed, None))
            return
        if not deed.seen:
            await self._let_pass()
            return
        event = await self._until(f"the log to hold: {deed.words}", lambda: self._unseen(deed))
        self._seen.add(event.position)
        heard = "" if deed.told else ": nobody is told"
        await self._say("log", f"#{event.position} {audit.observed(event.event)}{heard}")
        if not deed.told:
            return
        if self._desk.open:
            await self._hear(deed, event)
        else:
            await self._until("the desk to turn both away", lambda: all(map(self._desk.refused.get, CHANNELS)))
            await self._say("desk", "turns both away: the alert waits in the outbox")
            self._owed.append((deed, event))

    async def _let_pass(self) -> None:
        """A poll got something else than the feed; the daemon is through with it when it asks again."""
        looks = self._ministry.looks
        await self._until("another look", lambda: not self._ministry.challenging and self._ministry.looks > looks)
        await self._say("log", "holds nothing of it: that was no feed")

    async def _hear(self, deed: Deed, event: Recorded) -> None:
        """Wait until the desk has heard of the event by each channel, and tell what it heard."""
        alert = await self._until(f"an alert: {deed.words}", lambda: self._alert(event))
        for channel in CHANNELS:
            came = await self._until(f"a {channel}: {deed.words}", partial(self._desk.received, channel, alert))
            await self._tell(came)

    def _unseen(self, deed: Deed) -> Recorded | None:
        item = self._record.items().get(self._ministry.link(deed.act.name))
        fresh = (each for each in audit.news(self._record.events()) if each.position not in self._seen)
        return next((each for each in fresh if subject_of(each.event) == item), None)

    def _alert(self, event: Recorded) -> AlertId | None:
        found = audit.raised(self._record.events()).get(event.position)
        return found.alert if found else None

    async def _until(self, what: str, fact: Callable[[], T | None]) -> T:
        """The fact, as soon as it is one; `InVain` after `PATIENCE`, or when the daemon has ended by itself."""
        deadline = asyncio.get_running_loop().time() + PATIENCE.total_seconds()
        while not (found := fact()):
            if self._watcher.ended:
                raise InVain(f"{what}; the daemon has ended: {self._watcher.last_words()}")
            if asyncio.get_running_loop().time() > deadline:
                raise InVain(what)
            await asyncio.sleep(_TICK)
        return found

    async def _say(self, who: Who, words: str) -> None:
        await self._tell(Says(who, words))

    async def _balance(self) -> Books:
        said = await self._watcher.ask("--json", "verify")
        verified = Verification(ok=False, events=0, hash="")
        with suppress(ValueError, KeyError):
            report = json.loads(said)
            verified = Verification(report["ok"], report["events"], report["hash"])
        links = self._record.items()
        names = {deed.act.name: links[link] for deed in self._done if (link := self._link(deed)) in links}
        return audit.balance(self._done, names, self._record.events(), self._desk.receipts, verified)

    def _link(self, deed: Deed) -> str:
        return self._ministry.link(deed.act.name)
