"""The bill of materials of a release: the lock as CycloneDX JSON, so that scanners can read what an installation holds.

In: `requirements/run.txt` (exact versions, with the hashes of every file that may be installed for them). Out: one
document, the same bytes for the same lock and version. A line that is no pinned, hashed requirement is a `ValueError`:
what is not locked cannot be listed.

    python -m release.sbom dist        # writes dist/feedwitness-VERSION.cdx.json
"""

import json
import re
import sys
import uuid
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

LOCK = Path(__file__).parents[1] / "requirements" / "run.txt"
PROGRAM = "feedwitness"
_PIN = re.compile(r"(?P<name>[a-z0-9][a-z0-9-]*)==(?P<version>[^\s;]+)(?:\s*;\s*(?P<marker>.+?))?")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Locked:
    """One distribution of the lock. `marker`: on which platforms it is installed, "" for all of them."""

    name: str
    version: str
    marker: str
    sha256: tuple[str, ...]

    @property
    def purl(self) -> str:
        """Its package URL: how scanners name it."""
        return f"pkg:pypi/{self.name}@{self.version}"


def locked(text: str) -> tuple[Locked, ...]:
    """What a hashed requirements file pins, in its order."""
    lines = (line.strip() for line in text.replace("\\\n", " ").splitlines())
    return tuple(_locked(line) for line in lines if line and not line.startswith("#"))


def _locked(line: str) -> Locked:
    requirement, *hashes = re.split(r"\s+(?=--hash=)", line)
    pin = _PIN.fullmatch(requirement.strip())
    digests = [_HASH.fullmatch(each.strip()) for each in hashes]
    if pin is None or not digests or None in digests:
        raise ValueError(f"not a pinned requirement with SHA-256 hashes: {line[:80]}")
    return Locked(pin["name"], pin["version"], pin["marker"] or "", tuple(each[1] for each in digests if each))


def bill(of: str, components: tuple[Locked, ...]) -> dict[str, object]:
    """The document for version `of`. Its serial number follows from its content; no clock is asked."""
    listed = [_component(each) for each in components]
    name = f"{PROGRAM}@{of}:{json.dumps(listed, sort_keys=True)}"
    program = {"type": "application", "bom-ref": f"pkg:pypi/{PROGRAM}@{of}", "name": PROGRAM, "version": of,
               "purl": f"pkg:pypi/{PROGRAM}@{of}", "licenses": [{"license": {"id": "Apache-2.0"}}]}  # fmt: skip
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": uuid.uuid5(uuid.NAMESPACE_OID, name).urn,
        "version": 1,
        "metadata": {"component": program},
        "components": listed,
    }


def _component(one: Locked) -> dict[str, object]:
    """`hashes` are those of every file that may be installed: an installation holds one of them."""
    component: dict[str, object] = {
        "type": "library",
        "bom-ref": one.purl,
        "name": one.name,
        "version": one.version,
        "purl": one.purl,
        "scope": "optional" if one.marker else "required",
        "hashes": [{"alg": "SHA-256", "content": digest} for digest in one.sha256],
    }
    if one.marker:
        component["properties"] = [{"name": f"{PROGRAM}:only-where", "value": one.marker}]
    return component


def main(folder: Path) -> Path:
    """Write the bill of the installed version's lock into `folder`; returns the file."""
    of = version(PROGRAM)
    file = folder / f"{PROGRAM}-{of}.cdx.json"
    document = bill(of, locked(LOCK.read_text(encoding="utf-8")))
    file.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return file


if __name__ == "__main__":
    main(Path(sys.argv[1]))
