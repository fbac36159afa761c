"""The command line on a real terminal: widths, colours, the progress bar, Ctrl-C."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from contextlib import suppress

import pytest
from rich.cells import cell_len

pytestmark = pytest.mark.long

CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """A terminal of some width with the command running in it."""

    def __init__(self, desk, *words, width=80, **environ):
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
        self.process = subprocess.Popen(
            [desk.command, *words],
            cwd=desk.folder,
            env=desk.environment(COLUMNS=str(width), TERM="xterm-256color", **environ),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - no other way to own a terminal
        )
        os.close(slave)
        self.shown = ""

    def type(self, text):
        os.write(self._master, text.encode())

    def read(self, until="", seconds=60.0):
        """Everything shown so far; waits for `until`, or for the end of the command."""
        end = time.monotonic() + seconds
        raw = b""
        with suppress(OSError):  # the command ended: nobody holds the terminal any more
            while time.monotonic() < end and not (until and until in self.shown + raw.decode("utf-8", "replace")):
                if select.select([self._master], [], [], 0.2)[0]:
                    if not (portion := os.read(self._master, 65536)):
                        break
                    raw += portion
        self.shown += raw.decode("utf-8", "replace").replace("\r\n", "\n")
        return self.shown


@pytest.mark.parametrize("width", [80, 120])
def test_no_line_is_wider_than_the_terminal(told, aid, width):
    for words in (["status"], ["feeds"], ["items"], ["rules"], ["alerts"], ["history", aid], ["why", aid], ["events"]):
        lines = CODES.sub("", Terminal(told, *words, width=width).read()).splitlines()
        assert len(lines) >= 3
        assert [line for line in lines if cell_len(line.rstrip()) > width] == [], words


def test_a_feed_with_a_long_name_has_a_line_of_its_own_and_the_others_keep_their_rows(desk):
    long = "ministry-of-foreign-affairs-of-a-country-that-is-rather-far-away"
    urls = (f'[feeds.{name}]\nurl = "http://127.0.0.1:1/"\n' for name in (long, "short"))
    desk.settings('[web]\nlisten = ""\n' + "".join(urls))
    lines = CODES.sub("", Terminal(desk, "feeds").read()).splitlines()
    assert [line.split() for line in lines] == [
        ["feed", "state", "last", "good", "next", "trouble", "(UTC)"], [long],
        ["new", "never", "at", "start"], ["short", "new", "never", "at", "start"],
    ]  # fmt: skip
    assert lines[2].index("new") == lines[3].index("new")


def test_colours_are_for_terminals_that_want_them(told, aid):
    assert "\x1b[1;32m{+120+}" in Terminal(told, "history", aid).read()
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]", Terminal(told, "history", aid, NO_COLOR="1").read())


def test_poll_shows_its_progress_and_takes_the_bar_away(ministry, watching):
    ministry.say("o", "Gazette", "Decree.", 1)
    shown = Terminal(watching, "poll").read()
    assert "polling" in shown
    assert CODES.sub("", shown.rpartition("\x1b[2K")[2]).splitlines()[0] == "polled      1 feed, 0 failed"


def test_run_says_what_it_watches_and_stops_on_ctrl_c(ministry, desk, watching):
    ministry.say("o", "Gazette", "Decree.", 1)
    file = watching.folder / "feedwitness.toml"
    file.write_text(
        file.read_text().replace('notify = ["hook"]', 'notify = ["console"]')
        + '[feeds.dead]\nurl = "http://127.0.0.1:1/"\n'
    )
    terminal = Terminal(watching, "run")
    shown = terminal.read("each is tried again until it is seen")
    for words in (
        "watching 2 feeds for 1 rule", "telling console", "the record: ", "first look: 1 of 2 feeds seen",
        "cannot see 1 of 2 feeds: dead",
    ):  # fmt: skip
        assert words in shown
    ministry.say("aid", "Aid for Syria", "A convoy for Syria.", 10)
    terminal.read("A convoy for Syria.")
    assert "\x1b[1m== [syria] Aid for Syria\x1b[0m\n" in terminal.shown
    terminal.type("\x03")
    assert "stopped; the record is in " in terminal.read()
    assert terminal.process.wait(20) == 0
