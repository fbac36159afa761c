"""Rules that are only proposed, to be tried before they count: a settings file beside the one in use.

In: the proposed file. Out: `Loaded`, as it would be. A file that has feeds of its own (`[feeds.…]` or `include`) is a
whole settings file. Any other, such as a copy of a file of rules, is laid over the settings in use: each of its tables
replaces the whole table of that name, and all others stay. Whom its rules would notify is not looked at then, for
nobody is: the channels may still be to come.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from config.files import Reader
from config.load import Loaded, load
from config.mistakes import Source

_OF_A_WHOLE = ("feeds", "include")


def load_proposed(new: Path, in_use: Path | None, environ: Mapping[str, str], cwd: Path) -> Loaded:
    """The settings as the file `new` would have them; `in_use` is what `--config` says."""
    source = Reader(cwd).read(new)
    if source is None or any(name in source.data for name in _OF_A_WHOLE):
        return load(new, environ, cwd)
    return replace(load(in_use, environ, cwd, over=_telling_nobody(source)), file=source.name)


def _telling_nobody(source: Source) -> Source:
    rules = source.data.get("rules")
    if not isinstance(rules, dict):
        return source
    return replace(source, data={**source.data, "rules": {name: _silent(rule) for name, rule in rules.items()}})


def _silent(rule: object) -> object:
    """The rule as written, but for `notify`."""
    return {key: value for key, value in rule.items() if key != "notify"} if isinstance(rule, dict) else rule
