"""The data that ships in this package: feeds by country, topics, the starter settings, and those that `init` writes.

Read through `importlib.resources`, so that it is found however the program is installed. Names are paths with slashes,
relative to the package: `feeds/un.toml`.
"""

import tomllib
from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath

PREFIX = "shipped:"
STARTER = PREFIX + "starter/feedwitness.toml"
"""What `--config` may be given for settings that work before anything is configured."""
_FOLDERS = ("feeds", "starter", "topics")


def listing() -> tuple[str, ...]:
    """The names of all shipped files, sorted."""
    root = files("config")
    return tuple(sorted(name for folder in _FOLDERS for name in _walk(root / folder, folder)))


def matching(pattern: str) -> tuple[str, ...]:
    """The shipped names that a pattern such as `topics/*.toml` stands for; `*` does not cross a slash."""
    depth = len(PurePosixPath(pattern).parts)
    names = [PurePosixPath(name) for name in listing()]
    return tuple(str(name) for name in names if len(name.parts) == depth and name.match(pattern))


def shipped(name: str) -> bytes:
    """The bytes of one shipped file. KeyError when there is none of that name."""
    if name not in listing():
        raise KeyError(name)
    return files("config").joinpath(*name.split("/")).read_bytes()


def feeds() -> Mapping[str, tuple[str, str]]:
    """Every shipped feed's address, by its id, and the file that it stands in."""
    return {
        name: (table["url"], file)
        for file in matching("feeds/*.toml")
        for name, table in tomllib.loads(shipped(file).decode()).get("feeds", {}).items()
    }


def blank(name: str) -> str:
    """The text of one file that `init` writes: not among the shipped settings, for it is meant to be changed."""
    return files("config").joinpath("init", *name.split("/")).read_text(encoding="utf-8")


def holds(path: str) -> bool:
    """Whether a real path lies inside the shipped data, where nothing may be written."""
    root = files("config")
    return isinstance(root, Path) and any(Path(path).is_relative_to((root / folder).resolve()) for folder in _FOLDERS)


def _walk(folder: Traversable, name: str) -> Iterator[str]:
    for child in folder.iterdir():
        if child.is_dir():
            yield from _walk(child, f"{name}/{child.name}")
        elif child.name.endswith(".toml"):
            yield f"{name}/{child.name}"
