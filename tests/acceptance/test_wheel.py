"""A release: what is in the wheel, and that it is the same bytes wherever and whenever it is made."""

import os
import shutil
import subprocess
import sys
import time
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("aggregator", "alerts", "config", "store")
HATCHLING = Path(sys.executable).parent / "hatchling"


def built(folder: Path, *, umask: int, when: float) -> Path:
    """A release made from a copy of the tree whose files have other times and modes: the folder that holds it."""
    tree = folder / "tree"
    for room in ROOMS:
        shutil.copytree(ROOT / room, tree / room, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", ".gitignore"):
        shutil.copyfile(ROOT / name, tree / name)
    for path in tree.rglob("*"):
        path.chmod((0o777 if path.is_dir() else 0o666) & ~umask)
        os.utime(path, (when, when))
    (tree / "store" / "__pycache__").mkdir()
    (tree / "store" / "__pycache__" / "left.cpython-311.pyc").write_bytes(b"of another day")
    environment = {"PATH": os.environ["PATH"], "TZ": "Asia/Tokyo" if umask else "UTC", "HOME": str(folder)}
    subprocess.run(
        [HATCHLING, "build"],
        cwd=tree,
        env=environment,
        check=True,
        capture_output=True,
        umask=umask,
        timeout=60,
    )
    return tree / "dist"


@pytest.fixture(scope="module")
def release(tmp_path_factory) -> Path:
    return built(tmp_path_factory.mktemp("here"), umask=0o022, when=time.time())


@pytest.fixture(scope="module")
def wheel(release) -> Path:
    (wheel,) = release.glob("*.whl")
    return wheel


def test_two_builds_in_other_places_at_other_times_are_the_same_bytes(release, tmp_path):
    other = built(tmp_path / "another place", umask=0o077, when=1_000_000_000)
    made, again = ({file.name: file.read_bytes() for file in folder.iterdir()} for folder in (release, other))
    assert {Path(name).suffix for name in made} == {".whl", ".gz"}
    assert made.keys() == again.keys()
    assert [name for name in made if made[name] != again[name]] == []


def test_the_wheel_holds_the_four_rooms_whole_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (entry_points,) = [name for name in names if name.endswith("/entry_points.txt")]
        scripts = archive.read(entry_points).decode()
    rooms = {name for name in names if not name.split("/")[0].endswith(".dist-info")}
    there = {
        path.relative_to(ROOT).as_posix()
        for room in ROOMS
        for path in (ROOT / room).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert rooms == there
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert all(f"{name} = {target}" in scripts for name, target in project["scripts"].items())


@pytest.mark.parametrize(
    "wanted",
    [
        *(f"{room}/py.typed" for room in ROOMS),
        "config/starter/feedwitness.toml",
        "config/feeds/un.toml",
        "config/topics/syria.toml",
        "alerts/templates/alert.html",
        "store/migrations/script.py.mako",
    ],
)
def test_the_wheel_holds_the_data_that_the_program_opens(wheel, wanted):
    with zipfile.ZipFile(wheel) as archive:
        assert wanted in archive.namelist()
