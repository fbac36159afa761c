"""Records `feedwitness demo` as it runs in a terminal, for the top of the README: `python -m bench.recording`.

The lines, their colours and their times are those of one real run; a wait longer than `LONGEST` is shortened to it, for
how long a machine takes to start a program is not what the picture is about. The demo prints line by line and never
moves the cursor, so its bytes are read as lines.
"""

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from contextlib import suppress
from pathlib import Path

from rich.text import Text

from bench.picture import Line, draw

COMMAND = Path(sys.executable).with_name("feedwitness")
PICTURE = Path(__file__).parents[1] / "docs" / "demo.svg"
COLUMNS, ROWS = 100, 23
LONGEST = 1.5
"""Seconds."""
TITLE = (
    "A recording of `feedwitness demo`: a ministry publishes, edits and withdraws statements; the desk is told of "
    "each change by webhook and mail, although the daemon is killed in between."
)


def perform(*words: str, columns: int = COLUMNS, environ: dict[str, str] | None = None) -> tuple[int, list[Line]]:
    """Run the demo in a terminal of so many columns; its exit status, and its lines with their times."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, columns, 0, 0))
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "TMPDIR", "HOME", "LANG") if name in os.environ}
    began = time.monotonic()
    process = subprocess.Popen(
        [COMMAND, "demo", *words], env={**kept, "TERM": "xterm-256color", **(environ or {})},
        stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    lines, rest = list[Line](), b""
    with suppress(OSError):  # the terminal has nobody on the other side any more
        while portion := _read(ours):
            *whole, rest = (rest + portion).split(b"\n")
            now = time.monotonic() - began
            lines += [Line(now, Text.from_ansi(line.decode().rstrip("\r"))) for line in whole]
    os.close(ours)
    return process.wait(60), lines


def shortened(lines: list[Line]) -> list[Line]:
    """The same lines, none more than `LONGEST` after the one before."""
    before, now, shown = 0.0, 0.0, list[Line]()
    for line in lines:
        now += min(line.at - before, LONGEST)
        before = line.at
        shown.append(Line(now, line.text))
    return shown


def _read(terminal: int) -> bytes:
    ready, _, _ = select.select([terminal], [], [], 120)
    return os.read(terminal, 65536) if ready else b""


def main() -> int:
    """Record, and write the picture."""
    status, lines = perform()
    if status:
        print("\n".join(line.text.plain for line in lines))
        return status
    prompt = Text.assemble(("$ ", "dim"), ("feedwitness demo", "bold"))
    shown = shortened([Line(0.0, prompt), *lines])
    picture = draw(shown, columns=COLUMNS, rows=ROWS, title=TITLE)
    PICTURE.write_text(picture, encoding="utf-8")
    print(f"{PICTURE}: {len(shown)} lines, {shown[-1].at:.0f} s of {lines[-1].at:.0f} s, {len(picture) // 1024} KB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
