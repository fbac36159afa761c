"""The command `feedwitness`: finds the command, gives it its settings, and turns every ending into an exit status.

Global options may stand before or after the command. Messages go to stderr; stdout carries only what was asked for.
Exit status: 0 done; 1 done, and it found something wrong; 2 bad usage or settings; 3 store out of reach;
130 interrupted. No traceback reaches a user unless `-v` asks for it.
"""

import os
import sys
import traceback
from collections.abc import Sequence
from io import TextIOWrapper

import typer

from aggregator.cli import (
    alert_commands,
    check_command,
    completion_command,
    demo_command,
    doctor_command,
    evidence_command,
    feed_commands,
    feeds_group,
    init_command,
    item_commands,
    keeping_commands,
    log_commands,
    out,
    poll_command,
    rule_commands,
    run_command,
    send_command,
    verify_command,
    why_command,
)
from aggregator.cli.context import STARTER, Context, Failure

MODULES = (
    init_command, check_command, demo_command, run_command, poll_command, feed_commands, feeds_group, item_commands,
    rule_commands, alert_commands, why_command, evidence_command, log_commands, verify_command, keeping_commands,
    send_command, completion_command, doctor_command,
)  # fmt: skip

GLOBAL_FLAGS = ("--json", "-v", "--verbose", "--version")
GLOBAL_VALUES = ("--config",)


def hoist(argv: Sequence[str]) -> list[str]:
    """Move global options in front of the command, so that they may stand anywhere; what follows `--` stays."""
    front: list[str] = []
    rest: list[str] = []
    words = iter(argv)
    for word in words:
        if word == "--":
            rest += [word, *words]
        elif word in GLOBAL_FLAGS or word.startswith(tuple(f"{name}=" for name in GLOBAL_VALUES)):
            front.append(word)
        elif word in GLOBAL_VALUES:
            if (value := next(words, None)) is None or value in GLOBAL_FLAGS:
                raise Failure(f"{word}: a value is missing", 2)
            front += [word, value]
        else:
            rest.append(word)
    return front + rest


def build() -> typer.Typer:
    """The program's commands, in the order in which a newcomer needs them."""
    app = typer.Typer(
        name="feedwitness",
        help="Watches official feeds and keeps a record: what was said, when it was seen, what changed.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    @app.callback()
    def _globals(
        ctx: typer.Context,
        config: str = typer.Option("", "--config", metavar="PATH", help=f"The settings file, or {STARTER}."),
        json: bool = typer.Option(False, "--json", help="Machine-readable output on stdout, and nothing else there."),
        verbose: bool = typer.Option(False, "-v", "--verbose", help="Say more on stderr."),
        _version: bool = typer.Option(
            False, "--version", help="Print the version.", is_eager=True, callback=_show_version
        ),
    ) -> None:
        ctx.obj = Context(config=config, json=json, verbose=verbose)

    for module in MODULES:
        module.register(app)
    return app


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"feedwitness {version('feedwitness')}")
        raise typer.Exit


def main() -> None:
    """Entry point of the console script."""
    sys.exit(run(sys.argv[1:]))


def run(argv: Sequence[str]) -> int:
    """Run one command line; returns the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a title in a script that the terminal cannot show is no reason to die
            stream.reconfigure(errors="backslashreplace")
    try:
        status = _invoke(hoist(argv))
        sys.stdout.flush()
    except Failure as failure:
        out.note(failure.message)
        return failure.status
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `| head` has seen enough
        _forget_stdout()
        return 0
    except OSError as error:
        _forget_stdout()
        out.note(out.fails(error))
        return 1
    except Exception as bug:  # noqa: BLE001 - the last line of defence: no traceback reaches a user who did not ask
        return _tell_bug(bug, verbose=bool({"-v", "--verbose"} & set(argv)))
    return status


def _forget_stdout() -> None:
    """What is still in the buffer goes nowhere, so that the interpreter's end does not complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _tell_bug(bug: Exception, *, verbose: bool) -> int:
    if verbose:
        traceback.print_exception(bug)
    out.note(f"feedwitness: internal error: {type(bug).__name__}: {out.line(str(bug))}")
    out.note("This is a bug." if verbose else "This is a bug; `-v` shows where.")
    return 1


def _invoke(words: Sequence[str]) -> int:
    from store.ports import StoreError, StoreLocked

    try:
        status = build()(list(words), standalone_mode=False)
    except typer.Abort:
        return 130
    except SystemExit as left:  # so do typer and rich leave when nobody reads on
        raise left.__context__ if isinstance(left.__context__, BrokenPipeError) else left from None
    except StoreLocked as held:
        raise Failure(str(held), 2) from held
    except StoreError as away:
        raise Failure(str(away), 3) from away
    except Exception as error:
        show = getattr(error, "show", None)  # click's own usage errors, vendored by typer
        if show is None:
            raise
        show()
        return int(getattr(error, "exit_code", 2))
    return status if isinstance(status, int) else 0
