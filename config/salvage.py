"""Where the store of a settings file lies that as a whole is no TOML: its [store] table, read by itself.

In: a path. Out: the store's URL, "" when that cannot be told, or the file cannot be read. For looking only:
nothing runs on what was salvaged.
"""

import re
from pathlib import Path

import toml_rs

from config.build import store_url

_MOST_BYTES = 1 << 20
_TABLE = re.compile(rb"^\[[ \t]*store[ \t]*\]([^\n]*\n.*?)(?=^[ \t]*\[|\Z)", re.MULTILINE | re.DOTALL)


def salvaged_url(path: Path, base: Path) -> str:
    """`sqlite:///PATH` with the path made absolute, as far as it can be read."""
    try:
        with path.open("rb") as file:
            found = _TABLE.search(file.read(_MOST_BYTES))
        url = toml_rs.loads(found[1].decode()).get("url") if found else None
        return store_url(url, base) if isinstance(url, str) else ""
    except (OSError, ValueError):  # no file, no UTF-8, no TOML, no such store
        return ""
