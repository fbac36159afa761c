"""`feedwitness send-test`: what arrives at real servers, and what is said when it does not."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import standardwebhooks
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

SECRET = "whsec_" + "QUJD" * 8


@contextmanager
def hook(status: int, headers: tuple[tuple[str, str], ...] = ()) -> Iterator[tuple[str, list]]:
    """A webhook receiver; gives its address and what it received."""
    received: list = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            received.append((dict(self.headers), self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(status)
            for name, value in (("content-length", "0"), *headers):
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook", received
    finally:
        server.shutdown()
        server.server_close()


class Mailbox:
    """What a mail server keeps; refuses the recipients named."""

    def __init__(self, refused=()):
        self.refused, self.mails = refused, []

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802 - aiosmtpd
        if address in self.refused:
            return "550 no such user here"
        envelope.rcpt_tos.append(address)
        return "250 fine"

    async def handle_DATA(self, _server, session, envelope):  # noqa: N802 - aiosmtpd
        self.mails.append((envelope.rcpt_tos, session.ssl is not None, envelope.content))
        return "250 kept"


@contextmanager
def mail_server(mailbox: Mailbox, tls: ssl.SSLContext | None) -> Iterator[int]:
    """A real one on loopback, that offers STARTTLS if it has a certificate, and wants `hush` as the password."""

    class Fast(Controller):
        def factory(self):
            def judged(_server, _session, _envelope, _mechanism, login):
                return AuthResult(success=login.password == b"hush", handled=False)

            return SMTP(self.handler, tls_context=tls, authenticator=judged, auth_require_tls=True, hostname="h")

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Fast(mailbox, hostname="127.0.0.1", port=port)
    server.start()
    try:
        yield port
    finally:
        server.stop()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def certificate(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def trusting(desk, authority, tmp_path):
    """A desk whose machine trusts the authority."""
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    desk.environ["SSL_CERT_FILE"] = str(tmp_path / "ca.pem")
    return desk


def hook_settings(url: str, more: str = f'secret = "{SECRET}"') -> str:
    return f'[web]\nlisten = ""\n[channels.ops]\ntype = "webhook"\nurl = "{url}"\n{more}\n'


def mail_settings(port: int, more: str = 'username = "fw"\npassword = "hush"', to: str = '"desk@example.org"') -> str:
    return (
        f'[web]\nlisten = ""\n[channels.desk]\ntype = "email"\nto = [{to}]\nfrom = "fw@example.org"\n'
        f'host = "127.0.0.1"\nport = {port}\n{more}\n'
    )


def test_a_webhook_receives_a_signed_test_that_is_no_alert(desk):
    with hook(204) as (url, received):
        desk.settings(hook_settings(url))
        answer = desk.call("send-test", "ops")
    assert (answer.status, answer.out, answer.err) == (0, "ops: delivered: 204\n", "")
    ((headers, body),) = received
    document = standardwebhooks.Webhook(SECRET).verify(body, {name.lower(): value for name, value in headers.items()})
    assert document["type"] == "test"
    assert document["data"]["channel"] == "ops"
    assert headers["webhook-id"].startswith("test-")


def test_neither_a_store_nor_anything_else_is_made(desk):
    with hook(200) as (url, _):
        desk.settings(hook_settings(url))
        desk.call("send-test", "ops")
    assert [path.name for path in desk.folder.iterdir()] == ["feedwitness.toml"]


@pytest.mark.parametrize(
    ("status", "headers", "said"),
    [
        (301, (("location", "/elsewhere"),), "the receiver redirects, which is not followed"),
        (401, (), "compare `secret` with the one it has"),
        (404, (), "check the path of `url`"),
        (410, (), "real alerts for it are dead at once"),
        (500, (), "the receiver itself fails: see its own log"),
    ],
)
def test_a_receiver_that_refuses_is_told_with_what_to_look_at(desk, status, headers, said):
    with hook(status, headers) as (url, received):
        desk.settings(hook_settings(url))
        answer = desk.call("send-test", "ops")
    assert (answer.status, len(received)) == (1, 1)
    assert f"ops: failed (http {status}): {status}" in answer.out
    assert said in answer.out


def test_a_mail_goes_over_tls_with_the_password_to_each_recipient(trusting, certificate):
    mailbox = Mailbox()
    with mail_server(mailbox, certificate) as port:
        trusting.settings(mail_settings(port, to='"desk@example.org", "night@example.org"'))
        answer = trusting.run("send-test", "desk")
    assert (answer.status, answer.err) == (0, "")
    assert answer.out.splitlines() == [
        "desk desk@example.org: delivered: dot: 250 kept",
        "desk night@example.org: delivered: dot: 250 kept",
    ]
    assert sorted(to for (to,), _, _ in mailbox.mails) == ["desk@example.org", "night@example.org"]
    assert all(over_tls for _, over_tls, _ in mailbox.mails)
    mail = message_from_bytes(mailbox.mails[0][2], policy=policy.default)
    assert mail["Subject"] == "[test] feedwitness tries its channel desk"


def test_one_refused_recipient_is_named_and_the_others_get_it(trusting, certificate):
    mailbox = Mailbox(refused=("gone@example.org",))
    with mail_server(mailbox, certificate) as port:
        trusting.settings(mail_settings(port, to='"gone@example.org", "desk@example.org"'))
        answer = trusting.run("send-test", "desk", "--json")
    assert answer.status == 1
    assert [(row["recipient"], row["ok"], row["code"]) for row in answer.json] == [
        ("gone@example.org", False, "smtp 550"), ("desk@example.org", True, "smtp 250"),
    ]  # fmt: skip
    assert "check `to` and `from`" in answer.json[0]["advice"]
    assert answer.json[1]["advice"] is None
    assert len(mailbox.mails) == 1


def test_a_wrong_password_is_said_without_showing_it(trusting, certificate):
    with mail_server(Mailbox(), certificate) as port:
        trusting.settings(mail_settings(port, 'username = "fw"\npassword = "wrong-hush"'))
        answer = trusting.run("send-test", "desk")
    assert answer.status == 1
    assert "failed (smtp 535): login: 535" in answer.out
    assert "does not take user name and password" in answer.out
    assert "wrong-hush" not in answer.out + answer.err


def test_a_server_without_starttls_hears_nothing(desk):
    mailbox = Mailbox()
    with mail_server(mailbox, None) as port:
        desk.settings(mail_settings(port))
        answer = desk.call("send-test", "desk")
    assert (answer.status, mailbox.mails) == (1, [])
    assert "failed (no_starttls)" in answer.out
    assert 'take security = "tls"' in answer.out


def test_a_certificate_that_nobody_vouches_for_is_said(desk, certificate):
    with mail_server(Mailbox(), certificate) as port:
        desk.settings(mail_settings(port))
        answer = desk.call("send-test", "desk")
    assert answer.status == 1
    assert "failed (tls)" in answer.out
    assert "the certificate must be valid today" in answer.out


@pytest.mark.parametrize(
    ("settings", "channel", "code"),
    [
        (hook_settings("http://127.0.0.1:9/hook"), "ops", "connect"),
        (hook_settings("http://no-such-host.invalid/hook"), "ops", "dns"),
        (mail_settings(9), "desk", "connect"),
        (mail_settings(9).replace("127.0.0.1", "no-such-host.invalid"), "desk", "dns"),
    ],
)
def test_nobody_there_and_no_such_name_are_two_things(desk, settings, channel, code):
    desk.settings(settings)
    answer = desk.call("send-test", channel, "--json")
    assert (answer.status, [row["code"] for row in answer.json]) == (1, [code])


def test_the_console_shows_it_and_json_stays_clean(desk):
    desk.settings('[web]\nlisten = ""\n[channels.here]\ntype = "console"\n')
    plain, machine = desk.run("send-test", "here"), desk.run("send-test", "here", "--json")
    assert plain.out.startswith("== [test] feedwitness tries its channel here\n")
    assert machine.json == [
        {"channel": "here", "recipient": None, "ok": True, "code": "written", "answer": "written", "advice": None}
    ]
    assert "== [test]" in machine.err


def test_an_unknown_channel_is_answered_with_the_nearest(desk):
    desk.settings(hook_settings("http://127.0.0.1:9/hook"))
    near, far = desk.call("send-test", "opps"), desk.call("send-test", "carrier-pigeon")
    assert (near.status, near.out) == (2, "")
    assert 'no channel opps in the settings; did you mean "ops"?' in near.err
    assert "; there are: ops" in far.err


def test_a_secret_that_is_none_is_a_mistake_of_the_settings(desk):
    desk.settings(hook_settings("http://127.0.0.1:9/hook", 'secret = "hush"'))
    answer = desk.call("send-test", "ops")
    assert answer.status == 2
    assert "is no signing secret" in answer.err
