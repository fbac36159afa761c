"""deploy/healthcheck.py asks `/healthz` and says in its exit status whether the daemon lives."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "deploy" / "healthcheck.py"


@contextmanager
def daemon_that_answers(raw: bytes) -> Iterator[str]:
    """HOST:PORT of a server that answers `/healthz` with these bytes and anything else with 404."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.wfile.write(raw if self.path == "/healthz" else b"HTTP/1.0 404 Not Found\r\n\r\n")

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def asked(address: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-I", SCRIPT, address], capture_output=True, text=True, timeout=20)


def test_a_daemon_that_lives_is_well():
    with daemon_that_answers(b'HTTP/1.0 200 OK\r\n\r\n{"status": "ok"}') as address:
        done = asked(address)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b'HTTP/1.0 503 Service Unavailable\r\n\r\n{"status": "stuck"}', '/healthz answers 503: {"status": "stuck"}'),
        (b"SSH-2.0-something else\r\n", "no answer from"),
        (b"", "no answer from"),
    ],
)
def test_a_daemon_that_is_stuck_or_something_else_is_not(raw, said):
    with daemon_that_answers(raw) as address:
        done = asked(address)
    assert done.returncode == 1
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_where_nobody_listens_nobody_lives():
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        port = server.server_port
    done = asked(f"127.0.0.1:{port}")
    assert done.returncode == 1
    assert done.stderr.startswith(f"no answer from 127.0.0.1:{port}: ")


def test_it_needs_nothing_but_the_standard_library():
    imported = [line.split()[1] for line in SCRIPT.read_text().splitlines() if line.startswith(("import ", "from "))]
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names
