"""The Containerfile, followed step by step on this machine: its build stage as it stands, its last stage as a folder.

There is no engine: `/opt/feedwitness` and the other places of the image are folders below `root`, and every command
that names one is told the folder instead. What stays untried is what an engine adds: users, mounts, the base image.
"""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.acceptance.recipes import ROOT, Stage, context, stages

NOBODY = 65534
PLACES = re.compile(r"(?<![\w.])/(?=(?:opt|etc|var/lib)/feedwitness\b|tools\b|source\b)")


@dataclass(frozen=True)
class Image:
    """What the Containerfile makes, below `root`."""

    root: Path

    def told(self, text: str) -> str:
        """The same text with the places of the image as they are here."""
        return PLACES.sub(f"{self.root}/", text)

    def path(self, inside: str) -> Path:
        return Path(self.told(inside))

    @property
    def environment(self) -> dict[str, str]:
        return {"HOME": "/nonexistent"} | {name: self.told(value) for name, value in stages()[-1].env.items()}

    def build(self, python: str) -> None:
        """The build stage. `python` stands for the base image's."""
        base = self.root / "base"
        subprocess.run([python, "-m", "venv", base], check=True, timeout=120)
        (stage,) = [each for each in stages() if each.name == "build"]
        found = {name: value for name, value in os.environ.items() if name == "HOME" or name.startswith("PIP_")}
        environment = {**found, "PATH": f"{base}/bin:/usr/bin:/bin", **stage.env}  # where this machine finds packages
        self._follow(stage, environment)

    def _follow(self, stage: Stage, environment: Mapping[str, str]) -> None:
        here = self.root
        seen = sorted(context())
        for step in stage.steps:
            match step.word:
                case "WORKDIR":
                    here = self.path(step.rest)
                    here.mkdir(parents=True, exist_ok=True)
                case "COPY":
                    *sources, target = shlex.split(step.rest)
                    for source in sources:
                        self._copy(source, here / self.told(target), seen, alone=not target.endswith("/"))
                case "RUN":
                    done = subprocess.run(
                        ["/bin/sh", "-ec", self.told(step.rest)],
                        cwd=here, env=environment, capture_output=True, text=True, timeout=300,
                    )  # fmt: skip
                    assert done.returncode == 0, f"{step.rest}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"

    def _copy(self, source: str, target: Path, seen: Sequence[str], *, alone: bool) -> None:
        if source in seen:
            target = target if alone else target / Path(source).name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / source, target)
            return
        for path in seen:
            if path.startswith(source):
                to = target / path.removeprefix(source)
                to.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / path, to)

    def seal(self) -> None:
        """Nobody may write but into the state, which belongs to whom the program runs as."""
        state = self.path("/var/lib/feedwitness")
        state.mkdir(parents=True)
        if os.geteuid() == 0:
            os.chown(state, NOBODY, NOBODY)
        subprocess.run(["chmod", "-R", "a-w,a+rX", self.path("/opt/feedwitness")], check=True, timeout=60)

    def files(self) -> set[str]:
        """Every file outside the state."""
        state = str(self.path("/var/lib/feedwitness"))
        return {
            f"{folder}/{name}"
            for folder, _, names in os.walk(self.root)
            if not folder.startswith(state)
            for name in names
        }

    @contextmanager
    def running(self, words: Sequence[str], environ: Mapping[str, str]) -> "Iterator[subprocess.Popen[str]]":
        """A process as the image would run it, killed at the end of the block if it still runs."""
        with subprocess.Popen(
            words, cwd=self.path("/var/lib/feedwitness"), env={**self.environment, **environ}, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        ) as process:  # fmt: skip
            try:
                yield process
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)


def as_nobody(words: Sequence[str]) -> list[str]:
    """The command without any rights, where we have some to give up."""
    if os.geteuid() != 0:
        return list(words)
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--no-new-privs", *words]


def python_for_nobody() -> str:
    """A Python with `venv` that a process without rights can run: this one's may lie in somebody's home. "" if none."""
    question = (
        "import ensurepip, os, sys; sys.exit(sys.version_info < (3, 11) or not os.access(sys.executable, os.R_OK))"
    )
    for python in (os.path.realpath(sys.executable), "/usr/bin/python3", "/usr/local/bin/python3"):
        if subprocess.run(as_nobody([python, "-c", question]), capture_output=True, timeout=30).returncode == 0:
            return python
    return ""
