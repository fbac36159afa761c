"""Where the console script enters: what must stand before the program is imported.

Importing takes a good part of a second. A daemon that is told to stop in that time has nothing to finish, so it stops
as the contract says: with status 0. From then on the daemon's own handlers stand in this one's place.
"""

import os
import signal
import sys


def main() -> None:
    """Entry point of the console script."""
    if "run" in sys.argv[1:]:
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    from aggregator.cli.main import main as program

    program()
