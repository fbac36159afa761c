"""docs/api.md is right: its commands are run, its documents compared, and it names all there is."""

import argparse
import base64
import json
import re
import shlex
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.shell.api.world import TOKEN

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
SOURCES = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "aggregator" / "web").rglob("*.py")))
COMMANDS = re.findall(r"^ *(curl .+)$", PAGE, re.MULTILINE)
SHOWN = re.findall(r"^(curl [^\n]+)\n```\n\n```json\n(.*?)```", PAGE, re.MULTILINE | re.DOTALL)
HERE, ITEM = "http://127.0.0.1:8321", "kremlin-en/abcdefghij234567"

curl = argparse.ArgumentParser()
curl.add_argument("-G", action="store_true")
curl.add_argument("-d", action="append", default=[])
curl.add_argument("--data-urlencode", action="append", default=[])
curl.add_argument("-H", action="append", default=[])
curl.add_argument("-u")
curl.add_argument("url")


def run(api, command: str) -> tuple[int, Any]:
    """Status and document of a command as curl would send it."""
    told = command.replace("$FEEDWITNESS_TOKEN", TOKEN).replace(ITEM, "ministry/item000000000000")
    asked = curl.parse_args(shlex.split(told)[1:])
    encoded = [f"{name}={quote(value)}" for name, _, value in (each.partition("=") for each in asked.data_urlencode)]
    assert asked.G or not (asked.d or encoded), "without -G curl would POST"
    headers = dict(each.split(": ", 1) for each in asked.H)
    if asked.u:
        headers["Authorization"] = "Basic " + base64.b64encode(asked.u.encode()).decode()
    target = "?".join(filter(None, (asked.url.removeprefix(HERE), "&".join([*encoded, *asked.d]))))
    status, _, body = api.ask(target, **headers)
    return status, json.loads(body)


def keys(document: dict[str, Any]) -> tuple[set[str], set[str]]:
    """The keys of a document, and those of its first row."""
    return set(document), set(document["data"][0]) if "data" in document else set()


def test_the_commands_of_the_page_are_answered(trusting) -> None:
    assert len(COMMANDS) >= 7
    for command in COMMANDS:
        status, document = run(trusting, command)
        assert status == (400 if "mach=" in command else 200), document


@pytest.mark.parametrize(("command", "shown"), SHOWN)
def test_the_documents_of_the_page_have_the_keys_of_real_ones(api, command, shown) -> None:
    assert len(SHOWN) == 3
    _, real = run(api, command)
    expected = json.loads(shown)
    assert keys(real) == keys(expected)
    assert "error" not in expected or real == expected


def test_every_address_is_on_the_page_and_no_other(paths) -> None:
    assert set(re.findall(r"^\| `(/api/[^`]+)` \| (?!`\w+` \|)", PAGE, re.MULTILINE)) == set(paths)


def test_every_parameter_is_on_the_page_and_no_other(api) -> None:
    described = {
        (path, parameter["name"])
        for path, methods in api.get("/api/openapi.json")["paths"].items()
        for parameter in methods["get"].get("parameters", ())
        if parameter["in"] == "query" and parameter["name"] not in ("limit", "after")
    }
    assert set(re.findall(r"^\| `(/api/\w+)` \| `(\w+)` \|", PAGE, re.MULTILINE)) == described


def test_every_code_of_a_refusal_is_on_the_page_and_no_other() -> None:
    raised = set(re.findall(r"Refus(?:al|ed)\(\s*(\d{3}), \"([a-z_]+)\"", SOURCES))
    raised |= {("404", f"no_such_{what}") for what in re.findall(r"unknown\(\"(\w+)\"", SOURCES)}
    raised |= {("503", reason) for reason in ("store_full", "store_io", "store_away")}
    told = {
        (status, code)
        for status, codes in re.findall(r"^\| (\d{3}) \| ([`a-z_ ]+) \|", PAGE, re.MULTILINE)
        for code in re.findall(r"`(\w+)`", codes)
    }
    assert told == raised
