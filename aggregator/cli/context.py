"""What every command needs: the global options, the settings they lead to, and the store."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from aggregator.cli import out

if TYPE_CHECKING:
    from config.load import Loaded
    from config.model import Settings
    from store.database import SqlStore
    from store.ports import Views

STARTER = "shipped:starter/feedwitness.toml"


class Failure(Exception):
    """The command ends here, with a message for people and an exit status."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


@dataclass(frozen=True)
class Context:
    """The global options of one command line."""

    config: str
    json: bool
    verbose: bool

    @cached_property
    def read(self) -> "Loaded":
        """The settings with all their mistakes, queries of rules included; read once."""
        from aggregator.settings import load

        return load(self.config, os.environ, Path.cwd())

    def loaded(self) -> "tuple[Loaded, Settings]":
        """The settings without mistakes, or `Failure` 2 with every mistake. Warnings go to stderr under `-v`."""
        loaded = self.read
        if loaded.settings is None:
            raise Failure("\n".join(mistake.render() for mistake in loaded.mistakes) + self._hint(loaded), 2)
        if self.verbose:
            for warning in loaded.warnings:
                out.note(warning.render("warning"))
        return loaded, loaded.settings

    def settings(self) -> "Settings":
        """The settings alone, as `loaded`."""
        return self.loaded()[1]

    @cached_property
    def known(self) -> "Settings":
        """The settings for a command that only looks. A daemon that works on their store shows that they lead to the
        right one: then mistakes in them, such as a secret that only its environment holds, are told and hinder nobody.
        """
        from store.lock import holder

        loaded = self.read
        if loaded.settings is None and loaded.files and holder(loaded.draft.store.url):
            first, more = loaded.mistakes[0].render().partition("\n")[0], len(loaded.mistakes) - 1
            out.note(f"{first}{f' (and {more} more)' if more else ''}; the record is shown all the same")
            return loaded.draft
        return self.settings()

    def _hint(self, loaded: "Loaded") -> str:
        """For whoever has no settings yet: those that come with the program work as they are."""
        from config.files import candidates

        named = self.config or os.environ.get("FEEDWITNESS_CONFIG")
        if named or loaded.files or any(os.path.lexists(place) for place in candidates(os.environ)):
            return ""
        return (
            "\nto begin with settings of your own, written for you to change:\n"
            "    feedwitness init\n"
            "to look around first, use the settings that come with the program:\n"
            f"    feedwitness run --config {STARTER}"
        )

    @contextmanager
    def store(self, url: str = "") -> "Iterator[SqlStore]":
        """The store that exists, that of the settings if no other is named; commands that only read do not make one."""
        from store.database import open_store

        with open_store(url or self.known.store.url, read_only=True) as store:
            yield store

    @contextmanager
    def views(self, url: str = "") -> "Iterator[Views]":
        """A consistent snapshot of the store."""
        with self.store(url) as store, store.views() as views:
            yield views

    @contextmanager
    def views_if_any(self) -> "Iterator[Views | None]":
        """As `views`; None where nothing has made the store yet."""
        try:
            self.known.store.path.stat()
        except FileNotFoundError:
            yield None
            return
        except OSError:
            pass  # opening it says what is wrong
        with self.views() as views:
            yield views


def context(ctx: typer.Context) -> Context:
    """The global options of this run."""
    if not isinstance(ctx.obj, Context):
        raise TypeError("the command was called without its global options")
    return ctx.obj
