"""The settings as a JSON Schema (draft 2020-12), from which editors complete, explain and check.

In: the models of `config.model`, the sentences of `config.meaning`. Out: one document, the same on every machine. It
never refuses what the loader takes: it describes single files, so it demands no key that a shipped table may give (a
feed's `url`, a topic's `any`), and what shows only when files are seen together is left to `feedwitness check`. Pure.
pydantic makes the bones; the table `WRITTEN` says how TOML spells what our own validators read.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

from config import addresses, meaning, model, values
from config.build import PORTS

Json = dict[str, Any]

DURATION = r"^([0-9]{1,6}d)?([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,9}s)?$"
HTTP_URL = r"^[Hh][Tt][Tt][Pp][Ss]?://"
SIZE = r"^[0-9]{1,12}\s*(B|kB|KB|KiB|MB|MiB|GB|GiB)$"


def _text(pattern: str = "", *examples: str, **more: object) -> Json:
    return {
        "type": "string",
        **({"pattern": pattern} if pattern else {}),
        **({"examples": list(examples)} if examples else {}),
        **more,
    }


def _table(properties: Json, *required: str, **more: object) -> Json:
    demand = {"required": list(required)} if required else {}
    return {"type": "object", "properties": properties, "additionalProperties": False, **demand, **more}


def _secret(pattern: str = "", *examples: str) -> Json:
    """A SECRET: written out, or where it stands."""
    env = _text(minLength=1, description="the environment variable that holds it")
    file = _text(minLength=1, description="the file that holds it; relative to this one")
    named = _table({"env": env, "file": file}, minProperties=1, maxProperties=1)
    return {"anyOf": [_text(pattern, *examples, minLength=1), named]}


WRITTEN: Mapping[Callable[..., object], Json] = {
    values.text_of: _text(),
    values.positive_duration: _text(DURATION, "30s", "5m", "2h", "7d", minLength=2),
    values.look_again: _text(DURATION, "15m", "6h", "30d", minLength=2),
    values.optional_duration: _text(DURATION, "12h", "3d"),
    values.first_fetch: {"anyOf": [{"enum": ["silent", "all"]}, _text(DURATION, "2d", minLength=2)]},
    values.size: {"anyOf": [_text(SIZE, "10 MiB"), {"type": "integer", "minimum": 1 << 10, "maximum": 1 << 30}]},
    values.cron: _text(r"^$|^\s*\S+(\s+\S+){4}\s*$", "*/5 8-22 * * 1-5"),
    values.timezone: _text("", "UTC", "Europe/Moscow", "America/New_York", minLength=1),
    values.language: _text(r"^$|^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", "en", "ru", "zh-Hans"),
    values.source: _text(r"^$|^[a-z0-9]([a-z0-9-]{0,98}[a-z0-9])?$", "kremlin"),
    values.feed_id: _text(r"^[a-z0-9]([a-z0-9-]{0,98}[a-z0-9])?$"),
    addresses.web_url: _text(HTTP_URL, "https://example.org/feed.xml"),
    addresses.base_url: _text(rf"^$|{HTTP_URL}", "https://watch.example.org"),
    addresses.host: _text("", "mail.example.org", minLength=1),
    addresses.listen: _text(r"^$|:[0-9]{1,5}$", "127.0.0.1:8321", "[::1]:8321"),
    addresses.network: _text("", "10.0.0.0/8", minLength=2),
    addresses.mailbox: _text(r"^[^\s@<>,;]+@[^\s@<>,;]+$", "desk@example.org"),
    addresses.header_name: _text("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"),
    addresses.header_text: _secret(),
    addresses.token: _secret("^[!-~]{8,}$"),
    addresses.proxy: _secret(HTTP_URL, "http://proxy.example.org:3128"),
    addresses.secret_url: _secret(HTTP_URL, "https://hooks.example.org/feedwitness"),
    addresses.signing_secret: _secret("^whsec_[A-Za-z0-9+/]{32,}={0,2}$"),
    values.encoding: _secret("", "utf-8", "windows-1251"),
}
"""How each validator of `config.model` is written. One that is missing here stops the generator: see `_AsWritten`."""

_FILLED = {("web", "base_url"), ("feeds", "title"), ("feeds", "every"), ("topics", "label"), ("email", "port")}
"""Keys whose default `config.build` takes from another setting: the model's own is not the user's."""
_GIVEN_ELSEWHERE = {"url", "any"}
"""Required keys of tables that the program ships, which a table that overrides one need not repeat."""
_NAME = r"^[A-Za-z0-9_-]{1,100}$"
_FEED_ID = str(WRITTEN[values.feed_id]["pattern"])


def schema() -> Json:
    """The whole document."""
    sections: Mapping[str, Json] = {
        "store": _described("store", model.Store),
        "daemon": _described("daemon", model.Daemon),
        "fetch": _described("fetch", model.Fetch),
        "web": _described("web", model.Web),
        "feeds": _named(_FEED_ID, _described("feeds", model.FeedSettings)),
        "topics": _named(_NAME, _described("topics", model.Topic)),
        "rules": _named(_NAME, _described("rules", model.Rule)),
        "channels": _named(_NAME, _channel()),
    }
    include = {"type": "array", "items": _text(minLength=1), "default": [], "description": meaning.KEYS[""]["include"]}
    told = {name: {**section, "description": meaning.SECTIONS[name]} for name, section in sections.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "feedwitness settings",
        "description": "A settings file of feedwitness. `feedwitness check` finds what this schema cannot.",
        **_table({"include": include, **told}),
    }


def _named(pattern: str, table: Json) -> Json:
    return {"type": "object", "patternProperties": {pattern: table}, "additionalProperties": False}


def _channel() -> Json:
    """A table whose `type` says which keys it has."""
    kinds = []
    for name, kind in model.CHANNEL_TYPES.items():
        table = _described(name, kind)
        said = {"const": name, "description": meaning.KEYS["channels"]["type"]}
        required = ["type", *table.pop("required", [])]
        kinds.append(_table({"type": said, **table["properties"]}, *required, title=f'type = "{name}"'))
    return {"oneOf": kinds}


def _described(section: str, table: type[model.Table]) -> Json:
    """One table of the model as TOML writes it, each key with its sentence."""
    made = table.model_json_schema(by_alias=True, schema_generator=_AsWritten)
    properties: Json = {}
    for key, written in made.get("properties", {}).items():
        if key in ("id", "type"):
            continue
        properties[key] = {**written, "description": meaning.KEYS[section][key]}
        if (section, key) in _FILLED:
            properties[key].pop("default", None)
    elsewhere = _GIVEN_ELSEWHERE if section in ("store", "feeds", "topics") else set()
    required = [key for key in made.get("required", []) if key in properties and key not in elsewhere]
    if section == "store":
        properties["url"] |= _text("^sqlite:///[^?]*[^?/]$", "sqlite:///feedwitness.db")
    if section == "email":
        properties["port"]["examples"] = list(PORTS.values())
    if section == "webhook":
        one = properties["secret"]["items"]
        several = {"type": "array", "items": one, "description": "several while one replaces another"}
        properties["secret"] = {"anyOf": [*one["anyOf"], several], "description": properties["secret"]["description"]}
    return _table(properties, *required)


class _AsWritten(GenerateJsonSchema):
    """pydantic's generator, told how TOML spells what our validators read."""

    def function_before_schema(self, schema: core_schema.BeforeValidatorFunctionSchema) -> Json:
        """A validator of ours reads the text itself: what comes after it is no concern of the file's."""
        function = schema["function"]["function"]
        return dict(WRITTEN[function]) if function is not model.read_secret else _secret()

    def function_after_schema(self, schema: core_schema.AfterValidatorFunctionSchema) -> Json:
        """A check of a secret's text says how that looks; others add nothing."""
        check = getattr(schema["function"]["function"], "check", None)
        return dict(WRITTEN[check]) if check else super().function_after_schema(schema)

    def nullable_schema(self, schema: core_schema.NullableSchema) -> Json:
        """TOML knows no null: such a key is left out."""
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> Json:
        """The default as a file would say it."""
        inner = self.generate_inner(schema["schema"])
        default = self.get_default_value(schema)
        return inner if default is None else {**inner, "default": _spelled(default, inner)}

    def field_title_should_be_set(self, _schema: object) -> bool:
        """Keys need no second name."""
        return False


def _spelled(default: object, inner: Json) -> object:
    match default:
        case timedelta():
            return values.spelled(default)
        case int() if inner == WRITTEN[values.size]:
            return f"{default >> 20} MiB"
        case tuple():
            return [_spelled(one, inner["items"]) for one in default]
        case _:
            return default
