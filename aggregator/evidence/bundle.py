"""Members as one zip file on the disk, whole or not at all, never in the place of another file.

The same members give the same bytes: no time of making, no owner, one order. `BundleRefused` says why a place will not
do, and what to do.
"""

import os
import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from tempfile import mkstemp

from store.naming import give_name

_FIRST_MOMENT = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can name
_STORED = (".gz",)


class BundleRefused(Exception):
    """The file cannot be made there."""


def packed(members: Mapping[str, bytes]) -> bytes:
    """The zip file."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as bundle:
        for name in sorted(members):
            info = zipfile.ZipInfo(name, _FIRST_MOMENT)
            info.create_system, info.external_attr = 3, 0o644 << 16
            info.compress_type = zipfile.ZIP_STORED if name.endswith(_STORED) else zipfile.ZIP_DEFLATED
            bundle.writestr(info, members[name])
    return buffer.getvalue()


def refuse(file: Path) -> None:
    """Look before the work begins whether the file can be made there."""
    if os.path.lexists(file):
        what = "is a folder" if file.is_dir() else "is there already, and evidence overwrites nothing"
        raise BundleRefused(f"{file} {what}: give another FILE")
    if not file.parent.is_dir():
        raise BundleRefused(f"there is no folder {file.parent}: make it first, or give another FILE")


def write(data: bytes, file: Path) -> None:
    """Write it beside its place, sync it, and give it its name, never that of a file that came there meanwhile."""
    try:
        descriptor, name = mkstemp(prefix=f".{file.name}.", suffix=".part", dir=file.parent)
    except OSError as error:
        raise BundleRefused(f"nothing can be written in {file.parent}: {error.strerror}") from error
    part = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(descriptor)
        give_name(part, file)
    except FileExistsError:
        raise BundleRefused(f"{file} came into being meanwhile, and evidence overwrites nothing") from None
    except OSError as error:
        raise BundleRefused(f"{file} cannot be written: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)
