"""The group `feeds`: the list, one feed's coverage, and the commands that find and move feeds.

`feeds ID` and `feeds import FILE` begin alike: the first word is a command if it is the name of one, else an id. What
follows `--` is an id whatever it is called.
"""

from typing import TYPE_CHECKING

import typer
from typer.core import TyperGroup

from aggregator.cli import discover_command, feed_commands, opml_commands
from aggregator.cli.context import Failure

if TYPE_CHECKING:
    from typer._click.core import Context


class IdOrCommand(TyperGroup):
    """A group whose own argument, a feed's id, gives way to the names of its commands."""

    def parse_args(self, ctx: "Context", args: list[str]) -> list[str]:
        """Gives a command's own words to it, with the id left empty."""
        words = [word for word in args if not word.startswith("-")]
        if args and args[0] in self.commands:
            args = ["", *args]
        elif len(words) > 1:
            from config.values import nearest

            hint = nearest(words[0], self.commands)
            raise Failure(f"feeds: one ID, or one of {', '.join(self.commands)}{hint}", 2)
        return super().parse_args(ctx, args)


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    group = typer.Typer(
        cls=IdOrCommand,
        invoke_without_command=True,
        help="List the feeds or one feed's coverage, find and move feeds.",
    )
    group.callback()(feed_commands.feeds)
    group.command("discover")(discover_command.discover)
    group.command("import")(opml_commands.take_in)
    group.command("export")(opml_commands.hand_out)
    app.add_typer(group, name="feeds")
