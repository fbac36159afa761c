"""A site on loopback that answers as a test tells it to."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

Answer = tuple[int, bytes, dict[str, str]]
"""Status, body and headers."""

Respond = Callable[[str, Mapping[str, str]], Answer]
"""From path with query, and the request's headers by their names in small letters. Called from several threads."""


@contextmanager
def serving(respond: Respond) -> Iterator[int]:
    """A server on 127.0.0.1 that answers GET; its port."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            status, body, headers = respond(self.path, {name.lower(): value for name, value in self.headers.items()})
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def tagged(answer: Answer, asked: Mapping[str, str]) -> Answer:
    """The answer with an ETag of its body, whatever its status; 304 to who holds a 200 with that body already."""
    status, body, headers = answer
    tag = f'"{hashlib.sha256(body).hexdigest()[:8]}"'
    if status == 200 and asked.get("if-none-match") == tag:
        status, body = 304, b""
    return status, body, {"ETag": tag, **headers}
