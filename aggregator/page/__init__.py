"""The text of a web page. What reads it is an extra: `available` says whether it is installed, and loads nothing."""

from functools import cache
from importlib.util import find_spec

NOT_INSTALLED = 'reading web pages needs the extra "fulltext": pip install "feedwitness[fulltext]"'


@cache
def available() -> bool:
    """Whether there is something to read pages with."""
    return find_spec("trafilatura") is not None
