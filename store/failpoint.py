"""Named places where a crash test may kill the process, or let it hang.

Without the environment variable FEEDWITNESS_FAILPOINT every call is a no-op. `NAME` kills at the first time that place
is reached, `NAME:N` at the Nth. The kill is SIGKILL to ourselves: no handler, no clean-up, as when the power goes. With
`NAME:hang` or `NAME:N:hang` the thread that comes there stays there for ever, as in a call that does not return.
"""

import os
import signal
from threading import Event

_name = ""
_left = 0
_hang = False


def arm(setting: str) -> None:
    """Kill or hang at this place from now on; for a test that forks after importing. "" disarms."""
    global _name, _left, _hang  # noqa: PLW0603 - one process, one place to die
    place = setting.removesuffix(":hang")
    _hang = place != setting
    _name, _, count = place.partition(":")
    _left = int(count or 1)


def reach(name: str) -> None:
    """Say that the program is at this place; it may be the last thing it does."""
    global _left  # noqa: PLW0603
    if name != _name:
        return
    _left -= 1
    if _left == 0 and _hang:
        Event().wait()
    if _left == 0:
        os.kill(os.getpid(), signal.SIGKILL)


arm(os.environ.get("FEEDWITNESS_FAILPOINT", ""))
