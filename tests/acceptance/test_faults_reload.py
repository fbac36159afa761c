"""The daemon is told again and again to read its settings while it works, wrong ones and right ones (matrix row 66).

FEEDWITNESS_TORTURE: a tenth as many reloads under load (100 from 1,000 on, else 10).
"""

import json
import os
import re
import signal
import time
import urllib.request
from pathlib import Path

import pytest

from aggregator.notice import Notice, notice_of
from store.lock import holder
from tests.torture.oracle import judge
from tests.torture.rig import Rig, free_port, report, rig, until

RELOADS = 100 if int(os.environ.get("FEEDWITNESS_TORTURE", "100")) >= 1000 else 10
EXTRA = """
[rules.extra]
match = 'nothingmatchesthis{n}'
notify = ["spare"]
[channels.spare]
type = "console"
[feeds.off]
url = "http://127.0.0.1:9/{n}"
enabled = false
"""
MISTAKES = ("[rules.desk", "[rules.extra]\nmatch = 'a AND'\n", "[fetch]\nevery = nan\n", "[feeds.f0]\nurl = 'x'\n")
MOST_GROWTH_KB = 12_000
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
"""How JSON shows times."""

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("torture"), pytest.mark.timeout(120 + 4 * RELOADS)]


def notice(rig: Rig) -> Notice | None:
    held = holder(f"sqlite:///{rig.store}")
    return notice_of(held.note) if held else None


def gauge(port: int) -> float:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    return float(next(line.split()[1] for line in text.splitlines() if line.startswith("feedwitness_settings_ok ")))


def resident_kb(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


def total(rig: Rig) -> int:
    """How often any feed was asked for."""
    return sum(rig.look()["hits"].values())


def reload(rig: Rig, pid: int, text: str, *, good: bool) -> Notice:
    """Write settings, say HUP, and wait until the daemon says what it made of them."""
    before = notice(rig)
    rig.config.write_text(text)
    rig.signal(pid, signal.SIGHUP)

    def answered() -> Notice | None:
        now = notice(rig)
        return now if now and before and now != before and now.ok == good else None

    return until(answered, f"the daemon takes {'good' if good else 'wrong'} settings: {rig.complaints()}", pause=0.01)


def test_settings_wrong_and_right_a_hundred_times_under_load_lose_no_poll_and_no_alert(tmp_path: Path) -> None:
    port = free_port()
    with rig(tmp_path, listen=f"127.0.0.1:{port}") as loaded:
        right = loaded.config.read_text()
        assert loaded.command("poll")[0] == 0
        loaded.world("set", lively=True)
        pid = loaded.start("run")
        digests, sizes = [], []
        until(lambda: notice(loaded), "the daemon runs")
        until(lambda: len(loaded.look()["hits"]) == loaded.feeds, "it looks at its feeds")
        before, began = loaded.look()["hits"], time.monotonic()
        for n in range(RELOADS):
            good = n % 2 == 1
            spoilt = right + (EXTRA.format(n=n) if good else MISTAKES[n // 2 % len(MISTAKES)])
            known = notice(loaded)
            said = reload(loaded, pid, spoilt, good=good)
            assert gauge(port) == good
            assert known is not None
            assert (said.digest == known.digest) != good, "the hash is that of the settings in force"
            digests.append(said.digest)
            sizes.append(resident_kb(pid))
            seen = total(loaded)
            until(lambda seen=seen: total(loaded) > seen, "polling goes on", pause=0.01)
        took, hits = time.monotonic() - began, loaded.look()["hits"]
        loaded.config.write_text(right)
        loaded.signal(pid, signal.SIGTERM)
        assert loaded.ended(pid, 30) == 0
        applied = [row["data"]["digest"] for row in loaded.rows("events") if row["kind"] == "settings.applied/1"]
        assert set(digests) <= set(applied)
        loaded.drain()
        verdict = judge(loaded)
    polls = {feed: hits[feed] - before[feed] for feed in hits}
    growth = sizes[-1] - sizes[min(9, len(sizes) - 1)]
    report(f"{RELOADS} reloads in {took:.1f} s, polls {polls}, growth {growth} kB; {verdict}")
    assert verdict.wrong == []
    assert verdict.repeated_posts == 0
    assert all(took * 0.5 - 2 <= count <= took + 3 for count in polls.values()), "each feed once a second"
    assert growth < MOST_GROWTH_KB


def test_hup_while_it_stops_changes_nothing(tmp_path: Path) -> None:
    with rig(tmp_path, feeds=1) as stopping:
        pid = stopping.start("run")
        until(lambda: stopping.look()["hits"], "the daemon looks at its feed")
        for number in (signal.SIGHUP, signal.SIGHUP, signal.SIGTERM, signal.SIGHUP):
            stopping.signal(pid, number)
        assert stopping.ended(pid, 30) == 0


def test_two_at_once_are_obeyed_and_a_reload_under_way_is_followed_by_one_more(tmp_path: Path) -> None:
    with rig(tmp_path, feeds=1) as twice:
        right = twice.config.read_text()
        pid = twice.start("run")
        until(lambda: notice(twice), "the daemon runs")
        for n in range(5):
            twice.config.write_text(right + EXTRA.format(n=n))
            twice.signal(pid, signal.SIGHUP)
            twice.signal(pid, signal.SIGHUP)
        last = until(lambda: twice.rows("rules"), "rules are told")
        until(lambda: "nothingmatchesthis4" in str(twice.rows("rules")), f"the last ones count: {last}", within=20)
        twice.signal(pid, signal.SIGTERM)
        assert twice.ended(pid, 30) == 0


def test_status_shows_what_was_refused_even_of_a_file_that_is_no_toml(tmp_path: Path) -> None:
    with rig(tmp_path, feeds=1) as refusing:
        right = refusing.config.read_text()
        pid = refusing.start("run")
        until(lambda: notice(refusing), "the daemon runs")
        for wrong in (right + "[rules.desk", "[feeds.f0]\nevrey = 1\n" + right):
            reload(refusing, pid, wrong, good=False)
            status, said = refusing.command("status", "--json")
            settings = json.loads(said)["settings"]
            assert (status, settings["ok"], settings["restart"]) == (0, False, [])
            assert settings["mistakes"][0].startswith(f"{refusing.config}:")
            times = [settings["loaded_at"], settings["rejected_at"], json.loads(said)["daemon"]["since"]]
            assert [time for time in times if not STAMP.fullmatch(time)] == []
            told = refusing.command("status")[1]
            assert settings["mistakes"][0].split(":")[0] in told
            assert told.index("\nsettings ") < told.index("the newest have 1 mistake;") < told.index("\nlog ")
            assert refusing.command("feeds")[0] == 2, "who asks for the settings is not shown older ones"
        reload(refusing, pid, right, good=True)
        assert json.loads(refusing.command("status", "--json")[1])["settings"]["ok"] is True
        refusing.signal(pid, signal.SIGTERM)
        assert refusing.ended(pid, 30) == 0
        refusing.config.write_text(right + "[rules.desk")
        assert refusing.command("status")[0] == 2, "no daemon goes on with older ones"
