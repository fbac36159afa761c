"""Starts the real program quickly and often: imports it once, then forks a process for each start.

Run as a script. Commands come as lines of JSON on standard input, each gets one line back. It has no threads and no
event loop, so a fork is as good as a fresh start; the forked process runs the command line's own entry point. End of
input, and any way in which it ends, ends every process that it started.
"""

import contextlib
import gc
import importlib
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

PAUSE_SECONDS = 0.002
MODULES = (
    "aggregator.cli.main", "aggregator.daemon", "aggregator.logs", "aggregator.one_pass", "aggregator.web.app",
    "aggregator.web.server", "aggregator.wiring", "store.rebuild", "store.verify",
)  # fmt: skip


def warm_up() -> None:
    """Import what the commands import only when they run."""
    for name in MODULES:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()


class Launcher:
    """Processes that run, by process id."""

    def __init__(self) -> None:
        self.running: set[int] = set()

    def obey(self, command: dict[str, Any]) -> dict[str, Any]:
        match command["do"]:
            case "start":
                del command["do"]
                return {"pid": self.start(**command)}
            case "signal":
                if command["pid"] in self.running:
                    os.kill(command["pid"], command["number"])
                return {}
            case "wait":
                return {"status": self.wait(command["pid"], command["within"])}
        raise ValueError(command)

    def start(self, *, halted: bool, **program: Any) -> int:
        """Fork the program: see `become`. `halted`: it waits for SIGCONT first, so that it can be traced all along."""
        if len([*Path("/proc/self/task").iterdir()]) != 1:
            raise RuntimeError("a process with threads must not fork")
        pid = os.fork()
        if pid == 0:
            try:
                if halted:
                    os.kill(os.getpid(), signal.SIGSTOP)
                become(**program)
            finally:
                os._exit(70)
        self.running.add(pid)
        return pid

    def wait(self, pid: int, within: float) -> int | None:
        """The exit status, the negative number of the signal that ended it, or None while it runs."""
        until = time.monotonic() + within
        while True:
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                self.running.discard(pid)
                return os.waitstatus_to_exitcode(status)
            if time.monotonic() >= until:
                return None
            time.sleep(PAUSE_SECONDS)

    def end_all(self) -> None:
        for pid in tuple(self.running):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def become(argv: list[str], folder: str, env: dict[str, str], failpoint: str) -> None:
    """Be the program: its words to files, its own exit status."""
    from aggregator.cli.main import run
    from store.failpoint import arm

    os.chdir(folder)
    os.environ.update(env)
    nowhere = os.open(os.devnull, os.O_RDONLY)
    said, complained = (
        os.open(f"{folder}/{name}", os.O_WRONLY | os.O_CREAT | flag, 0o600)
        for name, flag in ((f"said.{os.getpid()}", os.O_TRUNC), ("stderr", os.O_APPEND))
    )
    for number, descriptor in enumerate((nowhere, said, complained)):
        os.dup2(descriptor, number)
        os.close(descriptor)
    arm(failpoint)
    status = run(argv)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def main() -> None:
    warm_up()
    launcher = Launcher()
    say({"ready": True})
    try:
        for line in sys.stdin:
            say(launcher.obey(json.loads(line)))
    finally:
        launcher.end_all()


if __name__ == "__main__":
    main()
