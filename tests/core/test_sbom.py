"""The bill of materials says what the lock says, and the lock pins all that the project asks for."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from release.sbom import LOCK, bill, locked

ROOT = Path(__file__).parents[2]
TEXT = LOCK.read_text(encoding="utf-8")
BILL = bill("1.2.3", locked(TEXT))


def pinned() -> dict[str, tuple[str, str, set[str]]]:
    """The lock, read by the library of the trade: name -> version, marker, hashes."""
    found = {}
    for block in re.split(r"\n(?=\S)", TEXT.strip()):
        line, *hashes = block.replace("\\\n", "\n").splitlines()
        requirement = Requirement(line)
        (version,) = requirement.specifier
        digests = {each.strip().removeprefix("--hash=sha256:") for each in hashes}
        found[requirement.name] = (version.version, str(requirement.marker or ""), digests)
    return found


def test_the_bill_names_exactly_what_the_lock_pins_with_every_hash():
    listed = {
        one["name"]: (
            one["version"],
            next((each["value"] for each in one.get("properties", ())), "").replace("'", '"'),
            {each["content"] for each in one["hashes"]},
        )
        for one in BILL["components"]
    }
    assert listed == pinned()
    assert len(listed) > 40


def test_what_is_installed_only_elsewhere_is_not_required():
    scopes = {one["name"]: one["scope"] for one in BILL["components"]}
    assert scopes["colorama"] == "optional"
    assert scopes["httpx"] == "required"


def test_every_component_has_the_name_that_scanners_look_for():
    assert all(one["purl"] == f"pkg:pypi/{one['name']}@{one['version']}" for one in BILL["components"])
    assert len({one["bom-ref"] for one in BILL["components"]}) == len(BILL["components"])


def test_the_same_lock_gives_the_same_document_and_another_one_another_number():
    again = bill("1.2.3", locked(TEXT))
    assert json.dumps(again) == json.dumps(BILL)
    others = [bill("1.2.4", locked(TEXT)), bill("1.2.3", locked(TEXT)[1:])]
    assert len({each["serialNumber"] for each in (BILL, *others)}) == 3
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", BILL["serialNumber"])


@pytest.mark.parametrize(
    "line",
    ["httpx>=0.28", "httpx==0.28.1", "httpx==0.28.1 --hash=md5:" + "0" * 32, "-e .", "--index-url https://example.org"],
)
def test_what_is_not_pinned_and_hashed_is_no_part_of_a_release(line):
    with pytest.raises(ValueError, match="not a pinned requirement"):
        locked(line + "\n")


def test_the_lock_holds_what_the_project_asks_for_and_nothing_that_only_builds():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    found = pinned()
    pages = project["project"]["optional-dependencies"]["fulltext"]
    for asked in map(Requirement, project["project"]["dependencies"] + pages):
        assert Version(found[asked.name][0]) in asked.specifier, asked
    built = {Requirement(each).name for each in project["dependency-groups"]["build"]}
    tested = {Requirement(each).name for each in project["dependency-groups"]["test"]}
    assert not (built | tested) & found.keys() - {Requirement(each).name for each in pages}
