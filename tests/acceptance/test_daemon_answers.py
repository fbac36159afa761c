"""The running daemon is asked: its API tells what the commands tell; and where it may not listen, it does not start."""

import http.client
import json
import re
import signal
import socket
import subprocess
import sys
import time

import pytest


def ask(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    assert answer.status == 200, body
    return json.loads(body)


@pytest.mark.parametrize("listen", ["0.0.0.0:0", "[::]:0", "10.1.2.3:0", "[::ffff:127.0.0.1]:0"])
def test_nothing_starts_that_other_machines_could_ask_without_a_token(watching, listen):
    text = (watching.folder / "feedwitness.toml").read_text(encoding="utf-8")
    for command in ("check", "run"):
        watching.settings(text.replace('listen = ""', f'listen = "{listen}"'))
        answer = watching.call(command)
        assert (answer.status, answer.out) == (2, "")
        (mistake, *_) = answer.err.splitlines()
        assert re.match(
            r"feedwitness\.toml:\d+:\d+: `listen`: .+ is reachable from other machines; set `token` too", mistake
        )
        watching.settings(text.replace('listen = ""', f'listen = "{listen}"\ntoken = "a-secret-token"'))
        assert watching.call("check").status == 0


def test_who_asks_nothing_does_not_pay_for_the_api():
    loads = "aggregator.cli.run_command, aggregator.cli.served, aggregator.web.app, aggregator.wiring"
    told = f"import sys, {loads}; print([name for name in ('fastapi', 'starlette') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("[]\n", "")


@pytest.mark.long
def test_the_api_of_a_running_daemon_tells_what_the_commands_tell(watching, ministry):
    text = (watching.folder / "feedwitness.toml").read_text(encoding="utf-8")
    watching.settings(text.replace('listen = ""', 'listen = "127.0.0.1:0"'))
    ministry.say("old", "Harbour opens", "A new harbour.", 0)
    watching.call("poll")
    ministry.say("aid", "Aid for Syria", "The convoy left.", 2)
    daemon = watching.start("run")
    assert daemon.stderr is not None
    port = next(int(found[1]) for line in daemon.stderr if (found := re.search(r"127\.0\.0\.1:(\d+)/healthz", line)))
    deadline = time.monotonic() + 30
    while not ministry.received and time.monotonic() < deadline:
        time.sleep(0.05)
    assert ministry.received
    link = ministry.received[0]["data"]["links"]["history"].partition("/items/")[2]
    assert ask(port, f"/items/{link}")["history"] == watching.call("history", link, "--json").json
    assert (
        ask(port, "/api/items?match=topic:syria")["data"]
        == watching.call("items", "--match", "topic:syria", "--json").json
    )
    assert ask(port, "/api/rules")["data"] == watching.call("rules", "--json").json
    assert ask(port, "/api/status")["daemon"]["running"] is True
    head = ask(port, "/api/head")["position"]
    events = watching.call("events", "--json").json
    assert ask(port, "/api/events?limit=1000")["data"][:head] == events[:head]
    daemon.send_signal(signal.SIGTERM)
    daemon.stderr.read()
    assert daemon.wait(20) == 0


@pytest.mark.long
def test_an_address_that_is_taken_is_told_with_what_to_do_once(watching):
    text = (watching.folder / "feedwitness.toml").read_text(encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        watching.settings(text.replace('listen = ""', f'listen = "127.0.0.1:{taken.getsockname()[1]}"'))
        answer = watching.run("run")
    assert answer.status == 2
    assert answer.err.count("[web]") == 1
