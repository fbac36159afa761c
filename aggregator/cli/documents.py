"""Documents that a command writes for other programs to read (TOML, OPML): UTF-8, byte for byte, on stdout or to a file
that was not there before.
"""

import sys
from io import TextIOWrapper
from pathlib import Path

from aggregator.cli import out
from aggregator.cli.context import Failure


def write(text: str, file: str = "") -> None:
    """To the file, or to stdout; `Failure` 2 where the file is there already or cannot be made."""
    if not file:
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8")
        sys.stdout.write(text)
        return
    try:
        with Path(file).open("x", encoding="utf-8", newline="\n") as new:
            new.write(text)
    except FileExistsError as there:
        raise Failure(f"{out.line(file)} is there already; nothing is overwritten: name another file", 2) from there
    except OSError as error:
        raise Failure(f"{out.line(file)}: {error.strerror or error}", 2) from error


def read(file: str, most: int) -> bytes:
    """At most so many bytes of a file, or of stdin for `-`; `Failure` 2 where it cannot be read."""
    try:
        if file == "-":
            return sys.stdin.buffer.read(most)
        with Path(file).open("rb") as there:
            return there.read(most)
    except OSError as error:
        raise Failure(f"{out.line(file)}: {error.strerror or error}", 2) from error
