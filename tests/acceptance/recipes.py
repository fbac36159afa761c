"""Readers of the files that say how the program runs: Containerfile, .dockerignore, the systemd unit, compose.yaml.

They know as much of each format as those files use, and refuse what they do not know.
"""

import fnmatch
import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
_INSTRUCTIONS = {"FROM", "LABEL", "RUN", "COPY", "ENV", "USER", "WORKDIR", "VOLUME", "EXPOSE", "STOPSIGNAL",
                 "HEALTHCHECK", "ENTRYPOINT", "CMD"}  # fmt: skip


@dataclass(frozen=True)
class Step:
    """One instruction of a Containerfile."""

    word: str
    rest: str

    @property
    def pairs(self) -> dict[str, str]:
        """`KEY=value` words of ENV and LABEL."""
        return dict(each.split("=", 1) for each in shlex.split(self.rest))

    @property
    def words(self) -> list[str]:
        """The JSON list of CMD, ENTRYPOINT, VOLUME and HEALTHCHECK … CMD."""
        return yaml.safe_load(self.rest[self.rest.index("[") :])


@dataclass(frozen=True)
class Stage:
    """One image of a Containerfile: what it is made from, its name ("" for the last), its instructions."""

    base: str
    name: str
    steps: tuple[Step, ...]

    def all(self, word: str) -> list[Step]:
        return [step for step in self.steps if step.word == word]

    def one(self, word: str) -> Step:
        (step,) = self.all(word)
        return step

    @property
    def env(self) -> dict[str, str]:
        return {name: value for step in self.all("ENV") for name, value in step.pairs.items()}


def stages() -> list[Stage]:
    lines = (ROOT / "Containerfile").read_text(encoding="utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.startswith("#")).replace("\\\n", " ")
    found: list[Stage] = []
    for word, rest in (line.split(None, 1) for line in text.splitlines() if line.strip()):
        assert word in _INSTRUCTIONS, f"these readers do not know {word}"
        if word == "FROM":
            base, _, name = rest.partition(" AS ")
            found.append(Stage(base.strip(), name.strip(), ()))
        else:
            last = found.pop()
            found.append(Stage(last.base, last.name, (*last.steps, Step(word, rest.strip()))))
    return found


def ignored(path: str) -> bool:
    """Whether .dockerignore keeps this path out: the last pattern that fits it, or a folder above it, decides."""
    out = False
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        pattern = line.strip()
        if not pattern or pattern.startswith("#"):
            continue
        wanted = pattern.removeprefix("!")
        if _fits(path, wanted):
            out = not pattern.startswith("!")
    return out


def _fits(path: str, pattern: str) -> bool:
    parts = path.split("/")
    above = ["/".join(parts[:length]) for length in range(1, len(parts) + 1)]
    if pattern.startswith("**/"):
        return any(fnmatch.fnmatchcase(part, pattern.removeprefix("**/")) for part in parts)
    return any(each.count("/") == pattern.count("/") and fnmatch.fnmatchcase(each, pattern) for each in above)


def context() -> Iterator[str]:
    """The files that a build gets to see."""
    for folder, below, files in os.walk(ROOT):
        below[:] = [name for name in below if not name.startswith(".")]
        for file in files:
            path = (Path(folder) / file).relative_to(ROOT).as_posix()
            if not ignored(path):
                yield path


def unit() -> dict[str, list[str]]:
    """The settings of feedwitness.service, sections aside: each key with its values in order."""
    found: dict[str, list[str]] = {}
    for line in (ROOT / "deploy" / "feedwitness.service").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith(("#", "[")):
            continue
        key, separator, value = line.partition("=")
        assert separator, line
        found.setdefault(key, []).append(value)
    return found


def compose() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))


def seconds(text: str) -> float:
    """`20s`, `15min`, or a bare number of seconds."""
    number, sign = re.fullmatch(r"(\d+)(s|min|)", text).groups()  # type: ignore[union-attr]  # a wrong one fails the test
    return float(number) * (60 if sign == "min" else 1)
