"""The daemon's HTTP face over a real socket: health, metrics, histories."""

import asyncio
import http.client
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from aggregator.metrics import Metrics
from aggregator.web.access import Access
from aggregator.web.app import application
from aggregator.web.health import Pulse, Readiness
from aggregator.web.server import ListenFailed, bind, serving
from store.ports import StoreUnavailable


class Face:
    def __init__(self) -> None:
        self.time = 0.0
        self.pulse = Pulse(limit=30, clock=lambda: self.time)
        self.readiness = Readiness()
        self.metrics = Metrics()
        self.port = 0

    def history(self, item: str) -> bytes | None:
        if item == "away/1":
            raise StoreUnavailable("store_away", "no such file")
        return b'{"item": {}}' if item == "ministry/a b" else None

    def ask(self, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body


@asynccontextmanager
async def open_face(access: Access) -> AsyncIterator[Face]:
    face = Face()
    sock = bind("127.0.0.1:0")
    face.port = sock.getsockname()[1]
    app = application(face.pulse, face.readiness, face.metrics, access=access, history=face.history)
    async with serving(app, sock):
        yield face


def with_face(story: Callable[[Face], None], access: Access | None = None) -> None:
    async def play() -> None:
        async with open_face(access or Access()) as face:
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


def test_a_link_in_an_alert_leads_to_the_items_history_as_json() -> None:
    def story(face: Face) -> None:
        status, headers, body = face.ask("/items/ministry/a%20b")
        assert (status, headers["content-type"], json.loads(body)) == (200, "application/json", {"item": {}})
        assert face.ask("/items/ministry/none")[0] == 404
        status, _, body = face.ask("/items/away/1")
        assert (status, json.loads(body)) == (503, {"error": "store_away"})
        assert face.ask("/healthz")[0] == 200

    with_face(story)


@pytest.mark.parametrize("path", ["/metrics", "/items/ministry/a%20b", "/", "/api/items"])
def test_a_name_that_is_not_ours_gets_nothing_but_health(path: str) -> None:
    def story(face: Face) -> None:
        status, _, body = face.ask(path, Host="evil.example")
        assert (status, list(json.loads(body))) == (421, ["error"])
        assert face.ask("/healthz", Host="evil.example")[0] == 200

    with_face(story)


def test_where_a_token_is_needed_it_is_needed_for_all_but_health() -> None:
    def story(face: Face) -> None:
        for path in ("/metrics", "/items/ministry/a%20b", "/anything"):
            status, headers, body = face.ask(path)
            assert (status, headers["www-authenticate"][:5]) == (401, "Basic")
            assert b"secret" not in body
        assert face.ask("/metrics", Authorization="Bearer a secret token")[0] == 200
        assert (face.ask("/healthz")[0], face.ask("/readyz")[0]) == (200, 503)

    with_face(story, Access(token="a secret token"))


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
