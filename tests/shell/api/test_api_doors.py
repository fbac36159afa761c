"""Row 63 of the test matrix: no address of the daemon tells anything to who should not hear it, and none changes it.

The addresses are those of the application itself: one that is added is tried too.
"""

import json

import pytest

from tests.shell.api.world import TOKEN

NAMES = {"feed": "ministry", "item": "item000000000000", "rule": "desk", "alert": f"{1:032x}"}
SECRET = f"Bearer {TOKEN}"

STRANGERS = {
    "another host name": {"Host": "evil.example"},
    "another host name with our port": {"Host": "127.0.0.1.evil.example:8321"},
    "a page of another site": {"Origin": "https://evil.example"},
    "a page of nowhere": {"Origin": "null"},
    "a page of another port": {"Origin": "http://127.0.0.1:3000"},
    "what a browser calls cross-site": {"Sec-Fetch-Site": "cross-site"},
    "what a browser calls same-site": {"Sec-Fetch-Site": "same-site"},
    "a picture in its page": {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
}  # fmt: skip


@pytest.fixture
def targets(paths) -> list[str]:
    described = [path.format(**NAMES) for path in paths]
    return [*described, "/api/openapi.json", "/items/ministry/item000000000000", "/metrics"]


def test_every_address_tells_something_to_who_may_hear_it(api, targets) -> None:
    assert len(targets) > 12
    for target in targets:
        assert api.ask(target)[0] == 200, target


@pytest.mark.parametrize("stranger", STRANGERS)
def test_a_stranger_hears_nothing_even_with_the_token(guarded, targets, stranger) -> None:
    for target in targets:
        for method in ("GET", "HEAD", "OPTIONS", "POST"):
            status, headers, body = guarded.ask(target, method, Authorization=SECRET, **STRANGERS[stranger])
            assert status in (403, 405, 421), (target, method)
            assert method == "HEAD" or set(json.loads(body)) == {"error", "message"}
            assert not [name for name in headers if name.startswith("access-control")]


def test_without_the_token_nobody_hears_anything_where_it_is_required(guarded, targets) -> None:
    for target in [*targets, "/nothing", "/api/nothing"]:
        for shown in ("", "Bearer wrong", "Basic d3Jvbmc6d3Jvbmc="):
            status, headers, body = guarded.ask(target, Authorization=shown)
            assert (status, json.loads(body)["error"]) == (401, "token_needed")
            assert headers["www-authenticate"].startswith("Basic")
    assert guarded.ask("/healthz")[0] == 200
    assert guarded.ask("/api/head", Authorization=SECRET)[0] == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "QUERY"])
def test_no_method_but_asking_is_answered_and_nothing_changes(api, targets, method) -> None:
    before = api.get("/api/head")
    for target in targets:
        status, headers, _ = api.ask(target, method, body=b"{}")
        assert (status, headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    assert api.get("/api/head") == before


def test_a_head_request_counts_the_body_and_does_not_send_it(api, targets) -> None:
    for target in targets:
        status, headers, body = api.ask(target, "HEAD")
        assert (status, body) == (200, b"")
        assert int(headers["content-length"]) > 0
