"""The daemon's HTTP face over a real socket: health, metrics, and the door to the API."""

import asyncio
import http.client
import json
import socket
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import pytest

from aggregator.metrics import Metrics
from aggregator.web.access import Access
from aggregator.web.app import TRUSTED, Application, Message, Receive, Send, application
from aggregator.web.health import Pulse, Readiness
from aggregator.web.server import ListenFailed, bind, serving


class Face:
    def __init__(self) -> None:
        self.time = 0.0
        self.pulse = Pulse(limit=30, clock=lambda: self.time)
        self.readiness = Readiness()
        self.metrics = Metrics()
        self.port = 0
        self.built = 0

    def api(self) -> Application:
        """An API that tells what reached it."""
        self.built += 1

        async def tell(scope: Message, _receive: Receive, send: Send) -> None:
            told = json.dumps({"path": scope["path"], "method": scope["method"], "trusted": scope[TRUSTED]}).encode()
            start = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]}
            await send(start)
            await send({"type": "http.response.body", "body": told})

        return tell

    def ask(self, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
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
    app = application(face.pulse, face.readiness, face.metrics, access=access, api=face.api)
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
        assert (status, json.loads(body)) == (503, {"ready": False, "reasons": ["starting"], "remarks": []})
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
        face.metrics.show({"ok": 2}, {"pending": 3}, 17, {"due": 4})
        status, headers, body = face.ask("/metrics")
        text = body.decode()
        assert status == 200
        assert headers["content-type"].startswith("text/plain; version=")
        assert 'feedwitness_polls_total{outcome="http_503"} 1.0' in text
        assert "feedwitness_log_position 17.0" in text
        assert 'feedwitness_queue{queue="pending"} 3.0' in text
        assert 'feedwitness_pages{visits="due"} 4.0' in text

    with_face(story)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("POST", "/healthz", 405), ("DELETE", "/api/items", 405), ("GET", "/api", 404), ("GET", "/", 404)],
)
def test_there_is_nothing_else(method: str, path: str, status: int) -> None:
    def story(face: Face) -> None:
        assert face.ask(path, method)[0] == status

    with_face(story)


def test_the_api_is_built_once_when_it_is_first_asked_for() -> None:
    def story(face: Face) -> None:
        for path in ("/healthz", "/metrics", "/", "/apiary"):
            face.ask(path)
        assert face.built == 0
        with ThreadPoolExecutor(8) as threads:
            told = list(threads.map(face.ask, ["/api/items"] * 16))
        assert ({status for status, _, _ in told}, face.built) == ({200}, 1)

    with_face(story)


def test_a_link_in_an_alert_leads_to_the_apis_history() -> None:
    def story(face: Face) -> None:
        status, _, body = face.ask("/items/ministry/a%20b")
        assert (status, json.loads(body)["path"]) == (200, "/api/items/ministry/a b")

    with_face(story)


def test_the_api_hears_whether_the_token_was_shown() -> None:
    def story(face: Face) -> None:
        assert json.loads(face.ask("/api/alerts", Authorization="Bearer a secret token")[2])["trusted"] is True
        assert json.loads(face.ask("/api/alerts", Authorization="Bearer something else")[2])["trusted"] is False

    with_face(story, Access(token="a secret token", required=False))


def test_every_answer_forbids_keeping_guessing_running_framing_and_lending() -> None:
    def story(face: Face) -> None:
        for path, method in (("/healthz", "GET"), ("/api/items", "HEAD"), ("/nothing", "GET"), ("/metrics", "POST")):
            headers = face.ask(path, method)[1]
            assert headers["cache-control"] == "no-store"
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
            assert headers["cross-origin-resource-policy"] == "same-origin"
            assert not [name for name in headers if name.startswith("access-control")]

    with_face(story)


def test_a_question_with_a_body_is_refused() -> None:
    def story(face: Face) -> None:
        status, _, _ = face.ask("/api/items", content_length="0")
        assert status == 200
        connection = http.client.HTTPConnection("127.0.0.1", face.port, timeout=10)
        connection.request("GET", "/api/items", body=b"{}")
        answer = connection.getresponse()
        assert (answer.status, json.loads(answer.read())["error"]) == (400, "no_body")
        connection.close()

    with_face(story)


def test_options_says_what_is_allowed() -> None:
    def story(face: Face) -> None:
        status, headers, body = face.ask("/api/items", "OPTIONS")
        assert (status, headers["allow"], body) == (200, "GET, HEAD, OPTIONS", b"")
        status, headers, body = face.ask("/api/items", "PUT")
        assert (status, headers["allow"], json.loads(body)["error"]) == (
            405,
            "GET, HEAD, OPTIONS",
            "method_not_allowed",
        )

    with_face(story)


@pytest.mark.parametrize("path", ["/metrics", "/items/ministry/a%20b", "/", "/api/items"])
def test_a_name_that_is_not_ours_gets_nothing_but_health(path: str) -> None:
    def story(face: Face) -> None:
        status, _, body = face.ask(path, Host="evil.example")
        assert (status, json.loads(body)["error"]) == (421, "wrong_host")
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
