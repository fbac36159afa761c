"""Where a store is: its URL read as a path. Pure, and cheap to import."""

from pathlib import Path

from store.ports import StoreError

_PREFIX = "sqlite:///"


def database_path(url: str) -> Path:
    """The file behind `sqlite:///path` (four slashes for an absolute path); StoreError for anything else."""
    scheme = url.partition(":")[0].partition("+")[0]
    if scheme in ("postgresql", "postgres"):
        msg = "PostgreSQL is not supported yet: use sqlite:///PATH"
        raise StoreError(msg)
    path = url.removeprefix(_PREFIX)
    if path == url or not path or path == ":memory:" or "?" in path:
        msg = f"{scheme}: is no address of a store: use sqlite:///PATH (four slashes before an absolute path)"
        raise StoreError(msg)
    return Path(path)
