"""Gives a finished file its name, so that a file of that name is whole or absent, and none is ever overwritten."""

import os
from pathlib import Path


def give_name(part: Path, file: Path) -> None:
    """Name the finished `part` `file`; raises `FileExistsError` for a file that came there meanwhile. The part may stay
    beside it under its own name: removing that is its maker's affair.
    """
    try:
        os.link(part, file)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if os.path.lexists(file):
            raise FileExistsError from None
        part.rename(file)
