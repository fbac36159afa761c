"""Tables of TOML into the values of `config.model`, with every mistake at its place.

A table with mistakes still gives a value made of what is right in it, so that what refers to it can be checked in the
same run; such values stand only in a draft, never in settings that anything runs on.
"""

from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from config import addresses, catalogue, later, values
from config.merge import Tables
from config.mistakes import Mistake
from config.model import (
    CHANNEL_TYPES,
    AnyChannel,
    ConsoleChannel,
    Daemon,
    FeedSettings,
    Fetch,
    Rule,
    Settings,
    Store,
    Table,
    Topic,
    Web,
)
from config.positions import Key
from config.reveal import Revealer
from config.secret import SecretValue
from config.traces import Tracer
from config.wording import wording

T = TypeVar("T", bound=Table)
_LATE_VALUES = {"store": ("url",), "rules": ("on",), "channels": ("type", "format"), "topics": ("any",)}
PORTS = {"starttls": 587, "tls": 465, "none": 25}
_EXAMPLES = {
    "url": 'url = "https://example.org/feed.xml"',
    "any": 'any = ["Syria", "Syrian*"]',
    "to": 'to = ["desk@example.org"]',
    "from": 'from = "feedwitness@example.org"',
    "host": 'host = "mail.example.org"',
    "type": 'type = "email", "webhook" or "console"',
}


class Builder:
    """Builds the draft; `mistakes` grows meanwhile, `sound` names the tables without any."""

    def __init__(self, tables: Tables, environ: Mapping[str, str], tracer: Tracer) -> None:
        self.tables = tables
        self.environ = environ
        self.mistakes: list[Mistake] = []
        self.sound: set[Key] = set()
        self._secrets = Revealer(tables, environ, tracer)

    def draft(self, store_folder: Path) -> Settings:
        """Everything that could be read. `store_folder` is where the store lies when [store] names no url."""
        single = self.tables.single
        fetch = self.table(Fetch, ("fetch",), single.get("fetch", {}))
        named = self.tables.named
        return Settings(
            store=self._store(dict(single.get("store", {})), store_folder),
            daemon=self.table(Daemon, ("daemon",), single.get("daemon", {})),
            fetch=fetch,
            web=self._web(dict(single.get("web", {}))),
            feeds={name: self._feed(name, data, fetch) for name, data in named["feeds"].items()},
            topics={
                name: self._named(Topic, "topics", name, {"label": name, **data})
                for name, data in named["topics"].items()
            },
            rules={name: self._named(Rule, "rules", name, data) for name, data in named["rules"].items()},
            channels={name: self._channel(name, data) for name, data in named["channels"].items()},
        )

    def wrong(self, path: Key, message: str, *, key: bool = False, secret: bool = False) -> None:
        """Note a mistake at a value, or at its key."""
        self.mistakes.append(self.tables.place(path, key=key, secret=secret).mistake(message))

    def _store(self, data: dict[str, Any], folder: Path) -> Store:
        fallback = f"sqlite:///{folder / 'feedwitness.db'}"
        url = data.get("url", fallback)
        if isinstance(url, str) and later.late_value("store", "url", url) is None:
            try:
                data["url"] = store_url(url, self.tables.source_of(("store", "url")).base)
            except ValueError as error:
                self.wrong(("store", "url"), f"`url`: {error}")
                data["url"] = fallback
        return self.table(Store, ("store",), data, url=fallback)

    def _web(self, data: dict[str, Any]) -> Web:
        if "token" not in data and self.environ.get("FEEDWITNESS_TOKEN"):
            data["token"] = SecretValue(self.environ["FEEDWITNESS_TOKEN"])
        web = self.table(Web, ("web",), data)
        if data.get("base_url") or not web.listen:
            return web
        host = addresses.listen_host(web.listen)
        port = web.listen.rpartition(":")[2]
        shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
        return web.model_copy(update={"base_url": f"http://{shown}:{port}"})

    def _feed(self, name: str, data: Mapping[str, Any], fetch: Fetch) -> FeedSettings:
        filled: dict[str, Any] = {"title": name, "every": fetch.every, **data}
        if fetch.proxy is not None:
            filled.setdefault("proxy", fetch.proxy)
        feed = self._named(FeedSettings, "feeds", name, filled, url="")
        return feed if feed.id == name else feed.model_copy(update={"id": name})

    def _channel(self, name: str, data: Mapping[str, Any]) -> AnyChannel:
        kind = data.get("type")
        path: Key = ("channels", name)
        if isinstance(kind, str) and (model := CHANNEL_TYPES.get(kind)):
            port = PORTS.get(str(data.get("security", "starttls"))) if kind == "email" else None
            return self._named(model, "channels", name, {"port": port, **data} if port else data)
        known = ", ".join(f'"{one}"' for one in CHANNEL_TYPES)
        if kind is None:
            self.wrong(path, f"`type` is missing; known: {known}", key=True)
        elif late := later.late_value("channels", "type", kind):
            self.wrong((*path, "type"), late)
        else:
            hint = values.nearest(str(kind), CHANNEL_TYPES) or f"; known: {known}"
            self.wrong((*path, "type"), f"`type`: there is no {values.shown(kind)} channel{hint}")
        return ConsoleChannel.model_construct(id=name)

    def _named(self, model: type[T], section: str, name: str, data: Mapping[str, Any], **fallback: object) -> T:
        wrong = _wrong_id(name) if section == "feeds" else _wrong_name(section, name)
        if wrong:
            self.wrong((section, name), wrong, key=True)
        return self.table(model, (section, name), data, id="wrong-id" if wrong else name, **fallback)

    def table(self, model: type[T], path: Key, data: Mapping[str, Any], **fallback: object) -> T:
        """One table; `fallback` gives required fields that the file does not."""
        before = len(self.mistakes)
        keys = dict(data)
        late = self._refuse(model, path, keys)
        if model.SECRETS or "headers" in keys:
            for where, told in self._secrets.reveal(model, path, keys):
                self.wrong(where, told, secret=True)
        faulty = data.keys() - keys.keys()
        if "id" in fallback:
            keys["id"] = fallback["id"]
        try:
            value = model.model_validate(keys, by_alias=True, by_name=False)
        except ValidationError as error:
            faulty |= self._report_all(model, path, keys, error, {*late, *((*path, key) for key in faulty)})
            value = _rescued(model, keys, faulty, fallback)
        if late and isinstance(value, Topic):
            value = value.model_copy(update={"any": tuple(term for term in value.any if not _is_late(term))})
        if len(self.mistakes) == before:
            self.sound.add(path)
        return value

    def _report_all(
        self, model: type[Table], path: Key, keys: Mapping[str, Any], error: ValidationError, told: set[Key]
    ) -> set[str]:
        """Report each faulty place that was not told of yet; returns the keys that hold one."""
        faulty = set()
        for fault in error.errors(include_url=False, include_input=True):
            key = str(fault["loc"][0])
            faulty.add(key)
            where, value = _written(keys, fault["loc"])
            if (*path, *where) in told or (fault["type"] == "too_short" and value):
                continue  # pydantic counts only the good elements of a list
            told.add((*path, *where))
            if fault["type"] == "missing":
                self.wrong(path, f"`{key}` is missing; {_remedy(path, key)}", key=True)
                continue
            secret = key in model.SECRETS or key == "headers"
            sentence = f"`{key}`: {wording(fault, value, secret=secret)}"
            self.wrong((*path, *where), sentence, secret=secret, key="[key]" in fault["loc"])
        return faulty

    def _refuse(self, model: type[Table], path: Key, keys: dict[str, Any]) -> set[Key]:
        """Take out unknown keys and keys to come; returns where values to come stand."""
        section = str(path[0])
        known = toml_keys(model)
        for key in [key for key in keys if key not in known]:
            shown = "[" + ".".join(map(str, path)) + "]"
            hint = values.nearest(key, known) or (f"; known: {', '.join(sorted(known))}" if known else "")
            sentence = later.late_key(section, key) or f"unknown key `{key}` in {shown}{hint}"
            self.wrong((*path, key), sentence, key=True, secret=True)  # `pasword` holds one
            del keys[key]
        refused: set[Key] = set()
        for key in _LATE_VALUES.get(section, ()):
            value = keys.get(key)
            entries: list[tuple[Key, object]] = [((*path, key), value)]
            if isinstance(value, list):
                entries = [((*path, key, at), entry) for at, entry in enumerate(value)]
            for where, entry in entries:
                if told := later.late_value(section, key, entry):
                    self.wrong(where, told)
                    refused.add(where)
        return refused


def _rescued(model: type[T], keys: Mapping[str, Any], faulty: Collection[str], fallback: Mapping[str, object]) -> T:
    """A table made of what is right; one without validation where too much is missing, for the draft only."""
    rest = {key: value for key, value in keys.items() if key not in faulty}
    try:
        return model.model_validate({**fallback, **rest}, by_alias=True, by_name=False)
    except ValidationError:
        blank: dict[str, Any] = {"any": ()} if model is Topic else {}
        return model.model_construct(**(blank | dict(fallback)))


def _remedy(path: Key, key: str) -> str:
    """What to do about a key that is missing."""
    if key == "url" and path[0] == "feeds" and (shipped := catalogue.feeds().get(str(path[1]))):
        return f'include "{catalogue.PREFIX}{shipped[1]}", which names this feed\'s, or take this table out'
    return f"write {_EXAMPLES.get(key, key)}"


def _written(keys: Mapping[str, Any], place: tuple[Any, ...]) -> tuple[Key, object]:
    """The part of pydantic's place that the file knows, and what stands there."""
    found: Any = keys
    path: Key = ()
    for part in place:
        if (isinstance(found, dict) and part in found) or (isinstance(found, list) and isinstance(part, int)):
            found = found[part]
        else:
            return path or (place[0],), found if path else None
        path = (*path, part)
    return path, found


def _wrong_id(name: str) -> str:
    try:
        values.feed_id(name)
    except ValueError as error:
        return str(error)
    return ""


def _wrong_name(section: str, name: str) -> str:
    if values.NAME.fullmatch(name):
        return ""
    return f"{values.shown(name)} is no name for [{section}.…]: letters a-z, A-Z, digits, - and _"


def _is_late(term: str) -> bool:
    return later.late_value("topics", "any", term) is not None


@cache
def toml_keys(model: type[Table]) -> frozenset[str]:
    """The keys of a table as TOML writes them."""
    aliases = {name: field.validation_alias for name, field in model.model_fields.items() if name != "id"}
    return frozenset(alias if isinstance(alias, str) else name for name, alias in aliases.items())


def store_url(text: str, base: Path) -> str:
    """`sqlite:///PATH` with the path made absolute."""
    values.text_of(text)
    path = text.removeprefix("sqlite:///")
    if path == text:
        meant = (
            text.removeprefix("sqlite:").lstrip("/")
            if "://" not in text or text.startswith("sqlite:")
            else "feedwitness.db"
        )
        raise ValueError(f'wants a file in the form "sqlite:///{meant or "feedwitness.db"}"')
    if not path or path.startswith(":memory:") or "?" in path or path.endswith("/"):
        raise ValueError('wants the path of a file, such as "sqlite:///feedwitness.db"; the log is kept for ever')
    return f"sqlite:///{base / path}"
