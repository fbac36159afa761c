"""Named places where a crash test may kill the process.

Without the environment variable FEEDWITNESS_FAILPOINT every call is a no-op. `NAME` kills at the first time that place
is reached, `NAME:N` at the Nth. The kill is SIGKILL to ourselves: no handler, no clean-up, as when the power goes.
"""

import os
import signal

_name = ""
_left = 0


def arm(setting: str) -> None:
    """Kill at this place from now on (`NAME` or `NAME:N`); for a test that forks after importing. "" disarms."""
    global _name, _left  # noqa: PLW0603 - one process, one place to die
    _name, _, count = setting.partition(":")
    _left = int(count or 1)


def reach(name: str) -> None:
    """Say that the program is at this place; it may be the last thing it does."""
    global _left  # noqa: PLW0603
    if name != _name:
        return
    _left -= 1
    if _left == 0:
        os.kill(os.getpid(), signal.SIGKILL)


arm(os.environ.get("FEEDWITNESS_FAILPOINT", ""))
