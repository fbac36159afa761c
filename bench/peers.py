"""lemon24/reader doing the same work, in a virtual environment of its own in the user's cache, made at the first run.

Where that cannot be had (no network), its figures are left out, and a note says so.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from bench.result import Result

VERSION = "3.26"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "feedwitness-bench" / f"reader-{VERSION}"
_SCRIPT = Path(__file__).with_name("peer_reader.py")


def reader(task: str, port: int, feeds: int) -> list[Result]:
    """What `peer_reader` says of a task, as figures for comparison."""
    python = CACHE / "bin" / "python"
    try:
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", CACHE], check=True, capture_output=True)
        if not list(CACHE.glob("lib/*/site-packages/reader")):
            install = [python, "-m", "pip", "install", "--quiet", f"reader=={VERSION}", "sgmllib3k"]
            subprocess.run(install, check=True, capture_output=True, timeout=120)
        words = [python, "-I", _SCRIPT, task, str(port), str(feeds)]
        told = subprocess.run(words, check=True, capture_output=True, text=True, timeout=120).stdout
    except (OSError, subprocess.SubprocessError) as error:
        detail = getattr(error, "stderr", "") or error
        return [
            Result(
                f"lemon24/reader {VERSION}: {task}",
                float("nan"),
                "ms CPU",
                note=f"left out: {detail!s:.120}",
                peer=True,
            )
        ]
    return [
        Result(f"lemon24/reader {VERSION}: {name}", value, "ms CPU", peer=True)
        for name, value in json.loads(told).items()
    ]
