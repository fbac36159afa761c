"""The daemon's health page over a real socket."""

import asyncio
import http.client
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from aggregator.metrics import Metrics
from aggregator.web.app import application
from aggregator.web.health import Pulse, Readiness
from aggregator.web.server import ListenFailed, bind, serving


class Face:
    def __init__(self) -> None:
        self.time = 0.0
        self.pulse = Pulse(limit=30, clock=lambda: self.time)
        self.readiness = Readiness()
        self.metrics = Metrics()
        self.port = 0

    def ask(self, path: str, method: str = "GET") -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request(method, path)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body


@asynccontextmanager
async def open_face() -> AsyncIterator[Face]:
    face = Face()
    sock = bind("127.0.0.1:0")
    face.port = sock.getsockname()[1]
    async with serving(application(face.pulse, face.readiness, face.metrics), sock):
        yield face


def with_face(story: Callable[[Face], None]) -> None:
    async def play() -> None:
        async with open_face() as face:
            await asyncio.to_thread(story, face)

    asyncio.run(play())


def test_healthz_says_ok_while_the_loops_turn_and_names_the_one_that_is_stuck() -> None:
    def story(face: Face) -> None:
        face.pulse.beat("react")
        assert face.ask("/healthz")[0] == 200
        face.time = 31
        status, _, body = face.ask("/healthz")
        assert (status, json.loads(body)) == (503, {"status": "stuck", "loops": ["react"]})
        face.pulse.beat("react")
        assert face.ask("/healthz")[0] == 200

    with_face(story)


def test_readyz_gives_reason_codes_until_there_are_none() -> None:
    def story(face: Face) -> None:
        status, headers, body = face.ask("/readyz")
        assert (status, json.loads(body)) == (503, {"ready": False, "reasons": ["starting"]})
        assert headers["content-type"] == "application/json"
        face.readiness.clear("starting")
        face.readiness.add("store_full")
        assert json.loads(face.ask("/readyz")[2])["reasons"] == ["store_full"]
        face.readiness.clear("store_full")
        assert face.ask("/readyz")[0] == 200

    with_face(story)


def test_metrics_are_prometheus_text_and_name_no_feed() -> None:
    def story(face: Face) -> None:
        face.metrics.polls.labels("http_503").inc()
        face.metrics.show({"ok": 2}, {"pending": 3}, 17)
        status, headers, body = face.ask("/metrics")
        text = body.decode()
        assert status == 200
        assert headers["content-type"].startswith("text/plain; version=")
        assert 'feedwitness_polls_total{outcome="http_503"} 1.0' in text
        assert "feedwitness_log_position 17.0" in text
        assert 'feedwitness_queue{queue="pending"} 3.0' in text

    with_face(story)


@pytest.mark.parametrize(
    ("method", "path", "status"), [("POST", "/healthz", 405), ("GET", "/api/items", 404), ("GET", "/", 404)]
)
def test_there_is_nothing_else(method: str, path: str, status: int) -> None:
    def story(face: Face) -> None:
        assert face.ask(path, method)[0] == status

    with_face(story)


def test_a_head_request_has_no_body() -> None:
    def story(face: Face) -> None:
        status, headers, body = face.ask("/healthz", "HEAD")
        assert (status, body) == (200, b"")
        assert int(headers["content-length"]) > 0

    with_face(story)


def test_an_address_in_use_is_a_message_that_says_what_to_change() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ListenFailed, match=r"another feedwitness running\? Set another \[web\] listen"):
            bind(f"127.0.0.1:{taken.getsockname()[1]}")
