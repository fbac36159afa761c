"""Puts the text behind `{ env = "NAME" }` and `{ file = "PATH" }` in their place.

In: the keys of one table, changed on the spot. Out: what could not be revealed, each with its path. Files are read
relative to the settings file that names them; the newline at their end is no part of the secret.
"""

import os
from collections.abc import Iterator, Mapping
from typing import Any

from config import values
from config.merge import Tables
from config.model import Table
from config.positions import Key
from config.secret import SecretValue
from config.traces import Tracer

_MOST_BYTES = 1 << 16
Fault = tuple[Key, str]


class Revealer:
    """Reads secrets from the environment given and from files."""

    def __init__(self, tables: Tables, environ: Mapping[str, str], tracer: Tracer) -> None:
        self.tables = tables
        self.environ = environ
        self._tracer = tracer

    def reveal(self, model: type[Table], path: Key, keys: dict[str, Any]) -> Iterator[Fault]:
        """Replace each SECRET of a table by a `SecretValue`; what fails is taken out and told."""
        for key in sorted(model.SECRETS & keys.keys()):
            value = keys[key]
            many = isinstance(value, list) or key == "secret"
            told = []
            for at, entry in enumerate(value if isinstance(value, list) else [value]):
                where = (*path, key, at) if isinstance(value, list) else (*path, key)
                try:
                    told.append(self._secret(where, entry))
                except ValueError as error:
                    keys.pop(key, None)
                    yield where, f"`{key}`: {error}"
            if key in keys:
                keys[key] = told if many else told[0]
        yield from self._headers(path, keys)
        yield from self._ca_file(path, keys)

    def _headers(self, path: Key, keys: dict[str, Any]) -> Iterator[Fault]:
        if not isinstance(headers := keys.get("headers"), dict):
            return
        keys["headers"] = revealed = {}
        for name, value in headers.items():
            try:
                revealed[name] = self._secret((*path, "headers", name), value)
            except ValueError as error:
                yield (*path, "headers", name), f"`{name}`: {error}"

    def _ca_file(self, path: Key, keys: dict[str, Any]) -> Iterator[Fault]:
        named = keys.get("ca_file")
        if not isinstance(named, str | SecretValue):
            return
        name = named.reveal() if isinstance(named, SecretValue) else named
        found = self.tables.source_of((*path, "ca_file")).base / name
        self._tracer.missed(found)  # it is read when it is needed
        if name and "\0" not in name and os.path.isfile(found):  # noqa: PTH113 - Path.is_file may raise
            keys["ca_file"] = SecretValue(str(found))
        else:
            del keys["ca_file"]
            yield (*path, "ca_file"), "`ca_file`: there is no such file; name one that holds certificates (PEM)"

    def _secret(self, path: Key, value: object) -> object:
        """The secret that a value stands for; the value itself where it is written out."""
        if not isinstance(value, dict):
            if value == "":
                raise ValueError("is empty; take it out, or give it a text")
            return value
        name = next(iter(value.values()), None)
        if len(value) != 1 or not value.keys() & {"env", "file"} or not isinstance(name, str) or not name:
            raise ValueError('wants "text", { env = "NAME" } or { file = "PATH" }')
        text = self._from_environ(name) if "env" in value else self._from_file(path, name)
        if not text.strip():
            raise ValueError(f"{values.shown(name)} is empty")
        if any(sign in text for sign in "\n\r\0"):
            raise ValueError(f"{values.shown(name)} holds more than one line")
        return SecretValue(text)

    def _from_environ(self, name: str) -> str:
        if name not in self.environ:
            raise ValueError(f"the environment variable {values.shown(name)} is not set for this process")
        return self.environ[name]

    def _from_file(self, path: Key, name: str) -> str:
        place = self.tables.source_of(path).base / name
        try:
            with place.open("rb") as file:
                self._tracer.opened(place, file.fileno())
                content = file.read(_MOST_BYTES + 1)
        except (OSError, ValueError) as error:
            self._tracer.missed(place)
            why = (getattr(error, "strerror", None) or "no such path").lower()
            raise ValueError(f"cannot read {values.shown(name)}: {why}") from None
        if len(content) > _MOST_BYTES:
            raise ValueError(f"{values.shown(name)} is too large for a secret")
        try:
            return content.decode().rstrip("\r\n")
        except UnicodeDecodeError:
            raise ValueError(f"{values.shown(name)} is not UTF-8") from None
