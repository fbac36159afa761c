"""Completion in real shells, on a terminal, as somebody types."""

import contextlib
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time

import pytest

SHELLS = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
    "fish": ["fish", "--no-config", "-i"],
}
BEGIN = {
    "bash": "source completion.bash",
    "zsh": "autoload -Uz compinit; compinit -u -d .zcompdump; source completion.zsh",
    "fish": "source completion.fish",
}
LINES = (
    ("feedwitness stat", "us"),
    ("feedwitness poll minis", "try"),
    ("feedwitness send-test --config other.toml pag", "er"),
)
KILL_LINE = "\x15"


class Terminal:
    """A shell on a pseudo-terminal."""

    def __init__(self, desk, shell: str) -> None:
        self.shown = ""
        self.pid, self.end = pty.fork()
        if self.pid == 0:
            os.chdir(desk.folder)
            path = f"{desk.command.parent}:{os.environ['PATH']}"
            environ = desk.environment(PATH=path, TERM="xterm", PS1="$ ", XDG_DATA_HOME=str(desk.folder))
            os.execvpe(SHELLS[shell][0], SHELLS[shell], environ)

    def type(self, text: str) -> None:
        os.write(self.end, text.encode())

    def wait_for(self, text: str) -> None:
        """Until the terminal has shown this, however the shell draws it; then forget what it has shown."""
        until = time.monotonic() + 30
        while text not in (plain := re.sub(r"\x1b(\[[0-9;?]*[A-Za-z]|\(B|\][^\x07]*\x07)|[\r\x07]", "", self.shown)):
            left = until - time.monotonic()
            assert left > 0, f"never shown: {text!r} in {plain!r}"
            if select.select([self.end], [], [], left)[0]:
                self.shown += os.read(self.end, 4096).decode("utf-8", "replace")
        self.shown = ""

    def close(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.end)


@pytest.fixture
def scripts(desk):
    desk.settings('[feeds.ministry]\nurl = "https://example.org/"\n[channels.ops]\ntype = "console"\n')
    (desk.folder / "other.toml").write_text('[channels.pager]\ntype = "console"\n')
    for shell in SHELLS:
        answer = desk.call("completion", shell)
        assert (answer.status, answer.err) == (0, "")
        (desk.folder / f"completion.{shell}").write_text(answer.out)
    return desk


@pytest.mark.parametrize(
    "shell", ["bash", pytest.param("zsh", marks=pytest.mark.long), pytest.param("fish", marks=pytest.mark.long)]
)
def test_a_shell_completes_what_is_typed(scripts, shell):
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here")
    terminal = Terminal(scripts, shell)
    try:
        terminal.type(f"{BEGIN[shell]}; echo rea''dy\n")
        terminal.wait_for("ready")
        for typed, rest in LINES:
            terminal.type(typed)
            terminal.wait_for(typed)
            terminal.type("\t")
            terminal.wait_for(typed + rest if shell == "fish" else rest)  # fish draws the whole line anew
            terminal.type(KILL_LINE)
    finally:
        terminal.close()


def test_the_answer_needs_neither_database_nor_network_libraries(scripts):
    heavy = "sqlalchemy sqlmodel pydantic httpx feedparser fastapi apscheduler rich"
    program = (
        "import sys; from aggregator.cli.completing import answer; answer(['poll', 'm'])\n"
        f"print([name for name in {heavy.split()!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=scripts.folder, env=scripts.environment(), capture_output=True, text=True
    )
    assert done.stdout.splitlines() == ["ministry\t", "[]"]


def test_settings_with_mistakes_still_give_their_names(scripts):
    scripts.settings('[feeds.ministry]\nurl = 7\nbogus = true\n[fetch]\nevery = "soon"\n')
    answer = scripts.run("poll", "m", _FEEDWITNESS_COMPLETE="1")
    assert (answer.status, answer.out, answer.err) == (0, "ministry\t\n", "")


@pytest.mark.parametrize("text", [None, "[feeds", "\x00", 'include = ["feedwitness.toml"]'])
def test_whatever_fails_nothing_is_said(scripts, text):
    file = scripts.folder / "feedwitness.toml"
    file.unlink() if text is None else file.write_text(text)
    answer = scripts.run("poll", "", _FEEDWITNESS_COMPLETE="1")
    assert (answer.status, answer.out, answer.err) == (0, "", "")


def test_a_working_directory_that_is_gone_is_no_reason_to_say_anything(scripts):
    asked = f'mkdir gone; cd gone; rmdir ../gone; {scripts.command} poll ""'
    done = subprocess.run(
        ["sh", "-c", asked], cwd=scripts.folder, env=scripts.environment(_FEEDWITNESS_COMPLETE="1"), capture_output=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_an_unknown_shell_is_answered_with_those_there_are(desk):
    answer = desk.call("completion", "tcsh")
    assert (answer.status, answer.out) == (2, "")
    assert "no completion for tcsh: one of bash, zsh, fish" in answer.err
