"""Where the console script enters: what must stand before the program is imported.

Importing takes a good part of a second. A daemon that is told to stop in that time has nothing to finish, so it stops
as the contract says: with status 0; and one that is told to read its settings again has not read them yet. From then
on the daemon's own handlers stand in the place of these.
"""

import os
import signal
import sys

ASKED = "_FEEDWITNESS_COMPLETE"
"""The environment variable by which a shell asks what could come next on a command line."""


def main() -> None:
    """Entry point of the console script."""
    if ASKED in os.environ:
        from aggregator.cli.completing import answer

        answer(sys.argv[1:])
        return
    if "run" in sys.argv[1:]:
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    from aggregator.cli.main import main as program

    program()
