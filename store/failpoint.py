"""Named places where a crash test may kill the process.

Without the environment variable FEEDWITNESS_FAILPOINT every call is a no-op. `NAME` kills at the first time that place
is reached, `NAME:N` at the Nth. The kill is SIGKILL to ourselves: no handler, no clean-up, as when the power goes.
"""

import os
import signal

_NAME, _, _COUNT = os.environ.get("FEEDWITNESS_FAILPOINT", "").partition(":")
_left = int(_COUNT) if _COUNT.isdigit() else 1


def reach(name: str) -> None:
    """Say that the program is at this place; it may be the last thing it does."""
    global _left  # noqa: PLW0603 - counts down to the one moment that the environment asked for
    if name != _NAME:
        return
    _left -= 1
    if _left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
