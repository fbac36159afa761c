"""What could come next on a command line: asked by the shell at each press of TAB, so it must be quick.

In: the words behind the program's name up to the one that is being typed, which may be empty. Out: on stdout a line for
each word that fits, with a tab and its help. It reads the tree of commands and, for names, the settings files as they
are, wrong or not; never the store. Whatever fails, nothing is said: an error has no place in somebody's prompt.

typer's own machinery is not used: it knows no global option behind the command, loads rich, and has zsh evaluate what
the program prints.
"""

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

SECTIONS = {"feed": "feeds", "feeds": "feeds", "rule": "rules", "channel": "channels"}
"""Which table of the settings holds the names that a parameter takes, by the parameter's name."""


class Parameter(Protocol):
    """An option or argument of a command, as typer has it."""

    name: str | None
    opts: list[str]
    nargs: int
    metavar: str | None


@dataclass(frozen=True, slots=True)
class Command:
    """One command of the tree, with what can stand behind it."""

    options: Mapping[str, Parameter]
    arguments: Sequence[Parameter]
    commands: Mapping[str, object]

    @classmethod
    def of(cls, node: object) -> "Command":
        """From typer's own."""
        parameters: Sequence[Parameter] = getattr(node, "params", ())
        named = [each for each in parameters if each.opts[0].startswith("-")]
        return cls(
            options={option: each for each in named for option in each.opts},
            arguments=[each for each in parameters if each not in named],
            commands=getattr(node, "commands", {}),
        )


@dataclass(slots=True)
class Line:
    """A command line as far as it is typed: where in the tree it stands, and what comes next."""

    root: Command
    command: Command
    config: str = ""
    awaiting: Parameter | None = None
    arguments: int = 0
    only_arguments: bool = False

    def take(self, word: str) -> None:
        """One whole word."""
        if word == "=":  # some shells part `--feed=x` there
            return
        if self.awaiting is not None:
            self.config = word if self.awaiting.name == "config" else self.config
            self.awaiting = None
        elif word == "--":
            self.only_arguments = True
        elif word.startswith("-") and not self.only_arguments:
            self._take_option(word)
        elif word in self.command.commands and not self.arguments:
            self.command = Command.of(self.command.commands[word])
        else:
            self.arguments += 1

    def _take_option(self, word: str) -> None:
        name, equals, value = word.partition("=")
        option = self.options.get(name)
        if option is None or getattr(option, "is_flag", False):
            return
        self.awaiting = option
        if equals:
            self.take(value)

    @property
    def options(self) -> Mapping[str, Parameter]:
        """Those of the command, and the global ones, which may stand anywhere."""
        return {**self.root.options, **self.command.options}

    def fitting(self, begun: str, names: Callable[[str, str], Sequence[str]]) -> Iterator[tuple[str, str]]:
        """The words that could stand here, each with its help; `names` gives those of a section of the settings."""
        begun = "" if begun == "=" else begun
        name, equals, _ = begun.partition("=")
        if self.awaiting is not None:
            found = self._values(self.awaiting, names)
        elif equals and name in self.options and not self.only_arguments:
            found = [(f"{name}={value}", told) for value, told in self._values(self.options[name], names)]
        elif begun.startswith("-") and not self.only_arguments:
            found = [(name, _help(option)) for name, option in self.options.items()]
        else:
            found = [(name, _help(node)) for name, node in self.command.commands.items()]
            found = [] if self.arguments or self.only_arguments else found
            found += [value for argument in self._next_argument() for value in self._values(argument, names)]
        return ((word, told) for word, told in found if word.startswith(begun))

    def _next_argument(self) -> Sequence[Parameter]:
        """The one that is being typed, of which the last may take many words; none where all are given."""
        known = self.command.arguments
        return known[self.arguments : self.arguments + 1] or [each for each in known[-1:] if each.nargs == -1]

    def _values(self, parameter: Parameter, names: Callable[[str, str], Sequence[str]]) -> list[tuple[str, str]]:
        if "|" in (parameter.metavar or ""):
            return [(word, "") for word in str(parameter.metavar).split("|")]
        section = SECTIONS.get(parameter.name or "")
        return [(name, "") for name in names(section, self.config)] if section else []


def _help(node: object) -> str:
    """The first sentence of a command's or an option's help."""
    told = " ".join(str(getattr(node, "help", None) or "").split())
    return told.partition(". ")[0].rstrip(".")


def names_in_settings(section: str, config: str) -> Sequence[str]:
    """The names of [feeds.…], [rules.…] or [channels.…], from files that may have mistakes elsewhere."""
    from config.files import Reader, locate
    from config.merge import merge
    from config.mistakes import Mistake

    cwd = Path.cwd()
    file = locate(Path(config).expanduser() if config else None, os.environ, cwd)
    if isinstance(file, Mistake):
        return ()
    reader = Reader(cwd)
    reader.read(file)
    return tuple(merge(reader.sources).named[section]) if reader.sources else ()


def answer(words: Sequence[str]) -> None:
    """Print what fits behind these words, of which the last one is being typed."""
    with suppress(Exception):
        from typer.main import get_command

        from aggregator.cli.main import build

        root = Command.of(get_command(build()))
        line = Line(root, root)
        for word in words[:-1]:
            line.take(word)
        for fitting, told in line.fitting(words[-1] if words else "", names_in_settings):
            sys.stdout.write(f"{fitting}\t{told}\n")
        sys.stdout.flush()
