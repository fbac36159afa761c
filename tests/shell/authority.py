"""A timestamp authority, and any server, on loopback: OpenSSL stamps, HTTP carries it, a test says what goes wrong."""

import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no `openssl` to stamp with")

POLICY = "1.3.6.1.4.1.99999.1"
_SETTINGS = f"""
[tsa]
default_tsa = t
[t]
serial = {{folder}}/serial
signer_digest = sha256
default_policy = {POLICY}
digests = {{digests}}
tsa_name = yes
ess_cert_id_alg = {{names_by}}
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[leaf]
basicConstraints = CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
authorityKeyIdentifier = keyid
[req]
distinguished_name = dn
[dn]
"""


@dataclass(frozen=True)
class Authority:
    """One authority with a root of its own, in a folder."""

    folder: Path

    @property
    def root(self) -> Path:
        return self.folder / "root.pem"

    @classmethod
    def made(
        cls, folder: Path, *, kind: str = "rsa:2048", digests: str = "sha256", names_by: str = "sha256"
    ) -> "Authority":
        """`kind` of its key as `openssl req -newkey` has it; `digests` that it stamps; `names_by`: see RFC 5816."""
        folder.mkdir()
        here = cls(folder)
        settings = _SETTINGS.format(folder=folder, digests=digests, names_by=names_by)
        (folder / "tsa.cnf").write_text(settings)
        (folder / "serial").write_text("01\n")
        curve = ["-pkeyopt", "ec_paramgen_curve:P-384"] if kind == "ec" else []
        new = ["req", "-newkey", kind, *curve, "-nodes", "-config", "tsa.cnf"]
        here._openssl(
            *new,
            "-x509",
            "-keyout",
            "root.key",
            "-out",
            "root.pem",
            "-subj",
            "/CN=Root",
            "-days",
            "30",
            "-extensions",
            "root",
        )
        here._openssl(*new, "-keyout", "tsa.key", "-out", "tsa.csr", "-subj", "/O=Time/CN=Loopback Stamps")
        here._openssl(
            "x509", "-req", "-in", "tsa.csr", "-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial",
            "-out", "tsa.pem", "-days", "20", "-extfile", "tsa.cnf", "-extensions", "leaf",
        )  # fmt: skip
        return here

    def reply(self, query: bytes) -> bytes:
        """The answer to a query, of whatever kind."""
        (self.folder / "query.tsq").write_bytes(query)
        self._openssl(
            "ts", "-reply", "-config", "tsa.cnf", "-queryfile", "query.tsq", "-signer", "tsa.pem", "-inkey", "tsa.key",
            "-out", "answer.tsr",
        )  # fmt: skip
        return (self.folder / "answer.tsr").read_bytes()

    def believes(self, data: bytes, answer: bytes) -> bool:
        """What `openssl ts -verify` makes of it, with this authority's root."""
        (self.folder / "data").write_bytes(data)
        (self.folder / "given.tsr").write_bytes(answer)
        words = ["ts", "-verify", "-data", "data", "-in", "given.tsr", "-CAfile", "root.pem"]
        return self._run(*words).returncode == 0

    def _openssl(self, *words: str) -> None:
        run = self._run(*words)
        assert run.returncode == 0, run.stderr

    def _run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(["openssl", *words], cwd=self.folder, capture_output=True, text=True, timeout=30)


@dataclass
class Said:
    """How a server answers once."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    after: threading.Event | None = None


@dataclass
class Heard:
    """What a server was asked."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class House:
    """A running server: `url` of its root, and all that it heard."""

    url: str
    heard: list[Heard] = field(default_factory=list)


@contextmanager
def house(answer: Callable[[Heard], Said]) -> Iterator[House]:
    """Serve on loopback whatever `answer` makes of a request."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("content-length", "0"))
            heard = Heard(
                self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, self.rfile.read(length)
            )
            here.heard.append(heard)
            said = answer(heard)
            if said.after is not None:
                said.after.wait(20)
            self.send_response(said.status)
            for name, value in {"content-length": str(len(said.body)), **said.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said.body)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

        def handle(self) -> None:
            with suppress(OSError):  # whoever asked has hung up
                super().handle()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    here = House(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield here
    finally:
        server.shutdown()
        server.server_close()
