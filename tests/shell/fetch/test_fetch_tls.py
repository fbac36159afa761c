"""TLS: whom we believe, and that nothing is said to anybody else."""

import asyncio
import ssl
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

import pytest
import trustme

from aggregator.fetch.client import Fetcher
from aggregator.outcome import Fetched


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def ca_file(authority, tmp_path):
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return str(path)


def server_context(cert):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    cert.configure_cert(context)
    return context


def old_protocol(cert):
    context = server_context(cert)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


async def loopback(host, port):
    return ["127.0.0.1"]


def test_a_ca_file_adds_to_the_systems_trust_and_the_name_is_the_urls(
    play, serve, asking, response, authority, ca_file
):
    named = []
    context = server_context(authority.issue_cert("feeds.test"))
    context.sni_callback = lambda _, name, __: named.append(name)

    async def scenario():
        async with serve(response(body=b"safe"), tls=context) as site, Fetcher(resolve=loopback) as fetcher:
            outcome = await fetcher.fetch(asking(site.url(host="feeds.test"), ca_file=ca_file))
            assert isinstance(outcome, Fetched), outcome
            assert outcome.body == b"safe"
            assert named == ["feeds.test"]
            assert site.seen[0].header("host") == f"feeds.test:{site.port}".encode()

    play(scenario)


def test_bodies_larger_than_every_buffer_arrive_whole(play, serve, asking, response, authority, ca_file):
    body = bytes(range(256)) * 20_000
    context = server_context(authority.issue_cert("feeds.test"))

    async def scenario():
        async with serve(response(body=body), tls=context) as site, Fetcher(resolve=loopback) as fetcher:
            outcome = await fetcher.fetch(asking(site.url(host="feeds.test"), ca_file=ca_file))
            assert outcome.body == body

    play(scenario)


YESTERDAY = datetime.now(UTC) - timedelta(days=1)
UNTRUSTED = {
    "expired": lambda ca: server_context(ca.issue_cert("feeds.test", not_after=YESTERDAY)),
    "for another name": lambda ca: server_context(ca.issue_cert("other.test")),
    "signed by nobody we know": lambda ca: server_context(trustme.CA().issue_cert("feeds.test")),
    "over an old protocol": lambda ca: old_protocol(ca.issue_cert("feeds.test")),
}
WORDS = {
    "expired": "certificate has expired",
    "for another name": "Hostname mismatch",
    "signed by nobody we know": "unable to get local issuer certificate",
    "over an old protocol": "handshake",
}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("kind", UNTRUSTED)
def test_a_certificate_that_we_do_not_trust_hears_nothing_from_us(play, serve, asking, authority, ca_file, kind):
    async def scenario():
        async with serve(tls=UNTRUSTED[kind](authority)) as site, Fetcher(resolve=loopback) as fetcher:
            outcome = await fetcher.fetch(asking(site.url(host="feeds.test"), ca_file=ca_file, auth=("user", "secret")))
            assert outcome.reason == "tls_error"
            assert WORDS[kind] in outcome.detail
            assert not site.seen  # not one byte of HTTP

    play(scenario)


def test_without_the_ca_file_a_private_ca_is_not_trusted(play, serve, asking, authority):
    async def scenario():
        context = server_context(authority.issue_cert("feeds.test"))
        async with serve(tls=context) as site, Fetcher(resolve=loopback) as fetcher:
            outcome = await fetcher.fetch(asking(site.url(host="feeds.test")))
            assert (outcome.reason, site.seen) == ("tls_error", [])

    play(scenario)


def test_a_ca_file_that_cannot_be_used_is_said(play, asking, tmp_path):
    empty = tmp_path / "empty.pem"
    empty.write_text("nothing")

    async def scenario():
        async with Fetcher(resolve=loopback) as fetcher:
            for path in (tmp_path / "missing.pem", empty):
                outcome = await fetcher.fetch(asking("https://feeds.test/", ca_file=str(path)))
                assert outcome.reason == "tls_error"
                assert path.name in outcome.detail

    play(scenario)


def test_a_server_that_does_not_speak_tls_is_a_tls_error(play, serve, asking, response):
    async def scenario():
        async with AsyncExitStack() as stack:
            fetcher = await stack.enter_async_context(Fetcher(resolve=loopback))
            for raw in (b"HTTP/1.1 200 OK\r\n\r\n", b"", b"\x15\x03\x01\x00\x02\x02\x28"):
                site = await stack.enter_async_context(serve(raw, greet=True))
                outcome = await fetcher.fetch(asking(f"https://feeds.test:{site.port}/"))
                assert outcome.reason == "tls_error", outcome
                assert outcome.detail.isprintable()

    play(scenario)


def test_a_handshake_that_never_ends_meets_the_deadline(play, serve, asking):
    async def scenario():
        async with serve() as site, Fetcher() as fetcher:  # it waits for a request that TLS never sends in the clear
            url = site.url().replace("http:", "https:")
            outcome = await fetcher.fetch(asking(url, timeout=timedelta(seconds=0.3)))
            assert outcome.reason == "timeout"
            assert "in the TLS handshake" in outcome.detail

    play(scenario)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_old_protocol_is_one_that_an_old_client_can_speak(play, serve, authority, ca_file):
    """Without this the refusal above could be the test server's own inability."""

    async def scenario():
        old = ssl.create_default_context(cafile=ca_file)
        old.set_ciphers("ALL:@SECLEVEL=0")
        old.minimum_version = ssl.TLSVersion.TLSv1
        async with serve(tls=old_protocol(authority.issue_cert("feeds.test"))) as site:
            _, writer = await asyncio.open_connection("127.0.0.1", site.port, ssl=old, server_hostname="feeds.test")
            assert writer.get_extra_info("ssl_object").version() == "TLSv1.1"
            writer.close()

    play(scenario)
