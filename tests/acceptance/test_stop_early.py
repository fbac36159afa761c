"""Signals before the daemon has started: TERM is a clean stop, HUP does no harm."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.long
COMMAND = Path(sys.executable).with_name("feedwitness")
SETTINGS = '[web]\nlisten = ""\n[feeds.a]\nurl = "http://127.0.0.1:9/feed"\nenabled = false\n'


@pytest.mark.parametrize("imported", ["typer", "config.model", "store.database"])
def test_term_while_the_program_is_still_being_imported_is_a_clean_stop(tmp_path: Path, imported: str) -> None:
    settings = tmp_path / "feedwitness.toml"
    settings.write_text(SETTINGS, encoding="utf-8")
    told = {**os.environ, "PYTHONPROFILEIMPORTTIME": "1"}  # the interpreter names each module when it has imported it
    with subprocess.Popen(
        [COMMAND, "--config", settings, "run"], stderr=subprocess.PIPE, text=True, env=told
    ) as daemon:
        try:
            assert daemon.stderr is not None
            assert any(line.rstrip().endswith(imported) for line in daemon.stderr)
            daemon.send_signal(signal.SIGTERM)
            daemon.stderr.read()
            assert daemon.wait(20) == 0
        finally:
            daemon.kill()


@pytest.mark.parametrize("imported", ["typer", "config.model", "store.database"])
def test_hup_while_the_program_is_still_being_imported_does_no_harm(tmp_path: Path, imported: str) -> None:
    settings = tmp_path / "feedwitness.toml"
    settings.write_text(SETTINGS, encoding="utf-8")
    told = {**os.environ, "PYTHONPROFILEIMPORTTIME": "1"}
    with subprocess.Popen(
        [COMMAND, "--config", settings, "run"], stderr=subprocess.PIPE, text=True, env=told
    ) as daemon:
        try:
            assert daemon.stderr is not None
            assert any(line.rstrip().endswith(imported) for line in daemon.stderr)
            daemon.send_signal(signal.SIGHUP)
            assert any("INFO feedwitness: watching" in line for line in daemon.stderr)
            daemon.send_signal(signal.SIGHUP)
            assert any("settings read again" in line for line in daemon.stderr)
            daemon.send_signal(signal.SIGTERM)
            daemon.stderr.read()
            assert daemon.wait(20) == 0
        finally:
            daemon.kill()
