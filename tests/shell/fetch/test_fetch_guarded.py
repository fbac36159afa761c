"""Learnt URLs never reach inside, and credentials never leave home: judged by what arrives at real sockets."""

from contextlib import AsyncExitStack
from datetime import timedelta
from ipaddress import ip_network

import pytest

from aggregator.fetch.client import Fetcher
from aggregator.outcome import Fetched

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))

HOSTS = """
127.0.0.1 127.0.0.1. 127.1 127.0.1 127.1.1.1 127.255.255.254 0 0.0.0.0 0x7f.1 0x7f.0.0.1 0x7f000001 0X7F000001 0x
2130706433 2130706433. 017700000001 0177.0.0.1 0177.0.0.01 127.0.0.01 127.000.000.001 127.0.0.0x1 4294967297
127.0.0.256 1.2.3.4.5 10.0.0.1 169.254.169.254 2852039166 0xa9fea9fe 100.100.100.200 192.168.0.1 192.0.0.192
localhost LOCALHOST localhost. foo.localhost 127。0。0。1 127．0．0．1 １２７.０.０.１ ①②⑦.⓪.⓪.① ⓛⓞⓒⓐⓛⓗⓞⓢⓣ ｌocalhost
[::1] [::] [0:0:0:0:0:0:0:1] [::ffff:127.0.0.1] [::ffff:7f00:1] [::127.0.0.1] [64:ff9b::7f00:1] [64:ff9b:1::7f00:1]
[2002:7f00:1::] [fe80::1] [fe80::1%25lo] [fec0::1] [fc00::1] [fd00:ec2::254] [ff02::1] [::1%25lo]
%31%32%37.0.0.1 %6cocalhost 127.0.0.1%00.example.org 127.0.0.1%2f.example.org
user@127.0.0.1 user:pass@127.0.0.1 example.org@127.0.0.1 127.0.0.1@example.org 127.0.0.1\\@example.org
example.org\\@127.0.0.1 127.0.0.1\\.example.org 127.0.0.1;.example.org 127.0.0.1,example.org
""".split()  # noqa: SIM905 a table of words reads better than a list of strings

SHAPES = ["http:{host}:{port}/", "http:/{host}:{port}/", "http:///{host}:{port}/", "http:\\\\{host}:{port}/"]
TARGETS = [f"http://{host}:{{port}}/" for host in HOSTS] + [shape.replace("{host}", "127.0.0.1") for shape in SHAPES]


def test_there_are_over_forty_spellings():
    assert len(TARGETS) > 60


def test_no_spelling_of_an_inside_address_is_reached_as_a_learnt_link(play, serve, asking):
    async def scenario():
        async with serve() as sentinel, Fetcher() as fetcher:
            for target in TARGETS:
                url = target.format(port=sentinel.port)
                outcome = await fetcher.fetch(asking(url, learnt=True, timeout=timedelta(seconds=2)))
                assert outcome.reason == "ssrf_blocked", (url, outcome)
                assert "pass" not in outcome.detail
            assert sentinel.connections == 0

    play(scenario)


def test_no_spelling_of_an_inside_address_is_reached_as_a_redirect_target(play, serve, asking):
    async def scenario():
        async with serve() as sentinel, Fetcher() as fetcher:

            def answer(seen):
                place = TARGETS[int(seen.path[1:])].format(port=sentinel.port)
                return b"HTTP/1.1 302 Found\r\nLocation: " + place.encode() + b"\r\nContent-Length: 0\r\n\r\n"

            async with serve(answer) as site:
                for number, target in enumerate(TARGETS):
                    outcome = await fetcher.fetch(asking(site.url(f"/{number}"), timeout=timedelta(seconds=2)))
                    assert outcome.reason == "ssrf_blocked", (target, outcome)
                assert len(site.seen) == len(TARGETS)
            assert sentinel.connections == 0

    play(scenario)


def test_a_scheme_relative_or_backslashed_redirect_is_judged_too(play, serve, asking, response):
    places = ["//127.0.0.1:{port}/", "///127.0.0.1:{port}/", "\\\\127.0.0.1:{port}/", "/\\127.0.0.1:{port}/"]

    async def scenario():
        async with serve() as sentinel, Fetcher() as fetcher:
            for place in places:
                async with serve(response("302 Found", location=place.format(port=sentinel.port))) as site:
                    assert (await fetcher.fetch(asking(site.url()))).reason == "ssrf_blocked"
            assert sentinel.connections == 0

    play(scenario)


def test_a_redirect_inside_the_operators_own_origin_goes_on(play, serve, asking, response):
    def answer(seen):
        return response("301 Moved", location=site.url("/b")) if seen.path == "/a" else response()

    async def scenario():
        nonlocal site
        async with serve(answer) as site, Fetcher() as fetcher:
            assert isinstance(await fetcher.fetch(asking(site.url("/a"))), Fetched)
            learnt = await fetcher.fetch(asking(site.url("/a"), learnt=True))
            assert learnt.reason == "ssrf_blocked"

    site = None
    play(scenario)


def test_the_way_back_home_is_a_strangers_word(play, serve, asking, response):
    """Operator's 127.0.0.1 -> an allowed stranger at 127.0.0.2 -> 127.0.0.1 again: refused."""

    async def scenario():
        async with AsyncExitStack() as stack:
            enter = stack.enter_async_context
            fetcher = await enter(Fetcher([ip_network("127.0.0.2/32")]))
            stranger = await enter(
                serve(lambda seen: response("302 Found", location=home.url("/delete-it-all")), host="127.0.0.2")
            )
            home = await enter(serve(response("302 Found", location=stranger.url())))
            outcome = await fetcher.fetch(asking(home.url()))
            assert outcome.reason == "ssrf_blocked"
            assert [len(home.seen), len(stranger.seen)] == [1, 1]

    play(scenario)


def test_a_name_that_rebinds_is_judged_by_the_address_that_is_dialled(play, serve, asking, response):
    """127.0.0.2 stands in for a public address; the resolver's second answer is the inside."""
    answers = []

    async def resolve(host, port):
        answers.append(["127.0.0.2"] if len(answers) % 2 == 0 else ["127.0.0.1"])
        return answers[-1]

    async def scenario():
        async with AsyncExitStack() as stack:
            enter = stack.enter_async_context
            fetcher = await enter(Fetcher([ip_network("127.0.0.2/32")], resolve=resolve))
            public = await enter(serve(response(), host="127.0.0.2"))
            inside = await enter(serve(response()))
            for _ in range(20):
                assert isinstance(await fetcher.fetch(asking(public.url(host="rebind.test"), learnt=True)), Fetched)
                blocked = await fetcher.fetch(asking(inside.url(host="rebind.test"), learnt=True))
                assert blocked.reason == "ssrf_blocked"
            assert len(answers) == 40  # one look-up a hop: nothing is resolved between the judgement and the dialling
            assert (public.connections, inside.connections) == (20, 0)

    play(scenario)


def test_of_a_mixed_answer_only_the_permitted_address_is_dialled(play, serve, asking, response):
    async def resolve(host, port):
        return ["::1", "10.0.0.1", "127.0.0.1", "127.0.0.2"]

    async def scenario():
        fetcher = Fetcher([ip_network("127.0.0.2/32")], resolve=resolve)
        async with fetcher, serve(response(), host="127.0.0.2") as public:
            assert isinstance(await fetcher.fetch(asking(public.url(host="mixed.test"), learnt=True)), Fetched)

    play(scenario)


def test_what_the_operator_wrote_may_point_anywhere(play, serve, asking, response):
    async def scenario():
        async with serve(response()) as site, Fetcher() as fetcher:
            for host in ("127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1"):
                assert isinstance(await fetcher.fetch(asking(site.url(host=host))), Fetched), host

    play(scenario)


SECRETS = {"Cookie": "session=secret", "X-Api-Key": "secret", "Authorization": "Bearer secret"}


def secrets_in(site):
    return [seen.path for seen in site.seen if b"secret" in seen.head or seen.header("authorization")]


LEAVING = {
    "another port": "http://127.0.0.1:{other}/",
    "another name of the same host": "http://localhost:{home}/x",
    "scheme-relative": "//127.0.0.1:{other}/",
    "by way of its own origin": "/hop",
    "permanently": "http://127.0.0.1:{other}/",
    "with upper case and a default-looking path": "HTTP://127.0.0.1:{other}",
}


@pytest.mark.parametrize("shape", LEAVING)
def test_no_secret_crosses_to_another_origin(play, serve, asking, response, shape):
    status = "301 Moved" if shape == "permanently" else "307 Temporary"

    def answer(seen):
        if seen.path == "/feed":
            return response(status, location=LEAVING[shape].format(home=home.port, other=other.port))
        return response(status, location=other.url()) if seen.path == "/hop" else response()

    async def scenario():
        nonlocal home, other
        async with AsyncExitStack() as stack:
            fetcher = await stack.enter_async_context(Fetcher(LOOPBACK))
            home = await stack.enter_async_context(serve(answer))
            other = await stack.enter_async_context(serve(response()))
            for more in ({"headers": SECRETS}, {"auth": ("user", "secret")}, {"headers": {"x-any-header": "secret"}}):
                outcome = await fetcher.fetch(asking(home.url(), **more))
                assert isinstance(outcome, Fetched)
            assert not secrets_in(other)
            assert len(other.seen) + len([seen for seen in home.seen if seen.path == "/x"]) == 3
            expected = ["/feed", "/hop"] if shape == "by way of its own origin" else ["/feed"]
            assert secrets_in(home) == expected * 3

    home = other = None
    play(scenario)


def test_away_and_back_again_stays_without_secrets(play, serve, asking, response):
    async def scenario():
        async with AsyncExitStack() as stack:
            fetcher = await stack.enter_async_context(Fetcher(LOOPBACK))
            other = await stack.enter_async_context(
                serve(lambda seen: response("302 Found", location="/on" if seen.path == "/feed" else home.url("/back")))
            )
            home = await stack.enter_async_context(
                serve(lambda seen: response() if seen.path == "/back" else response("302 Found", location=other.url()))
            )
            outcome = await fetcher.fetch(asking(home.url(), headers=SECRETS))
            assert outcome.url == home.url("/back")
            assert secrets_in(home) == ["/feed"]
            assert not secrets_in(other)

    play(scenario)


def test_a_strangers_redirect_to_itself_is_no_way_home(play, serve, asking, response):
    """Its second hop has the origin of the hop before, but not the one that the operator wrote."""
    answers = [["127.0.0.2"], ["127.0.0.1"]]

    async def turncoat(host, port):
        return answers.pop(0)

    async def scenario():
        async with AsyncExitStack() as stack:
            fetcher = await stack.enter_async_context(Fetcher([ip_network("127.0.0.2/32")], resolve=turncoat))
            other = await stack.enter_async_context(
                serve(lambda seen: response("302 Found", location="/second"), host="127.0.0.2")
            )
            home = await stack.enter_async_context(
                serve(response("302 Found", location=other.url(host="turncoat.test")))
            )
            outcome = await fetcher.fetch(asking(home.url(), headers=SECRETS))
            assert (outcome.reason, len(outcome.redirects)) == ("ssrf_blocked", 2)
            assert [seen.path for seen in other.seen] == ["/feed"]
            assert not secrets_in(other)

    play(scenario)


def test_userinfo_in_the_operators_url_becomes_credentials_and_is_never_shown(play, serve, asking, response):
    async def scenario():
        async with serve(response(etag="x")) as site, Fetcher() as fetcher:
            outcome = await fetcher.fetch(asking(f"http://us%40er:p%3Aw@127.0.0.1:{site.port}/feed#part"))
            assert site.seen[0].header("authorization") == b"Basic dXNAZXI6cDp3"
            assert site.seen[0].header("host") == f"127.0.0.1:{site.port}".encode()
            assert outcome.url == site.url()

    play(scenario)


def test_the_operators_headers_replace_ours_but_not_the_coding(play, serve, asking, response):
    async def scenario():
        async with serve(response()) as site, Fetcher() as fetcher:
            headers = {"user-agent": "Mine", "Accept": "text/xml", "accept-ENCODING": "br", "X-Name": "日本"}
            await fetcher.fetch(asking(site.url(), headers=headers))
            seen = site.seen[0]
            assert (seen.header("user-agent"), seen.header("accept")) == (b"Mine", b"text/xml")
            assert seen.header("accept-encoding") == b"gzip"
            assert seen.header("x-name") == "日本".encode()
            assert len([line for line in seen.head.split(b"\r\n") if line.lower().startswith(b"user-agent")]) == 1

    play(scenario)


def test_header_injection_by_settings_is_refused(play, serve, asking, response):
    async def scenario():
        async with serve(response()) as site, Fetcher() as fetcher:
            for headers in ({"X": "secret\r\nEvil: 1"}, {"X\r\nEvil": "1"}, {"X": "secret\x00"}, {"X": "secret\n"}):
                outcome = await fetcher.fetch(asking(site.url(), headers=headers))
                assert outcome.reason == "protocol"
                assert "secret" not in outcome.detail
            assert not site.seen

    play(scenario)


def test_proxy_variables_of_the_environment_are_ignored(play, serve, asking, response, monkeypatch):
    async def scenario():
        async with serve(response()) as site, serve() as proxy, Fetcher() as fetcher:
            for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
                monkeypatch.setenv(name, proxy.url(""))
            assert isinstance(await fetcher.fetch(asking(site.url())), Fetched)
            assert proxy.connections == 0

    play(scenario)


def test_an_explicit_proxy_is_asked_with_its_own_credentials(play, serve, asking, response):
    async def scenario():
        async with serve(response(body=b"by proxy")) as proxy, Fetcher() as fetcher:
            through = f"http://us:secret@127.0.0.1:{proxy.port}"
            outcome = await fetcher.fetch(asking("http://feeds.test/rss", proxy=through))
            assert outcome.body == b"by proxy"
            assert proxy.seen[0].head.startswith(b"GET http://feeds.test/rss HTTP/1.1\r\n")
            assert proxy.seen[0].header("proxy-authorization") == b"Basic dXM6c2VjcmV0"
            inside = await fetcher.fetch(asking("http://127.1/rss", proxy=through, learnt=True))
            assert inside.reason == "ssrf_blocked"
            refusing = await fetcher.fetch(asking("https://feeds.test/rss", proxy="http://u:secret@127.0.0.1:1"))
            assert refusing.reason == "connect"
            wrong = await fetcher.fetch(asking("http://feeds.test/", proxy="socks5://u:secret@127.0.0.1:1"))
            assert wrong.reason == "connect"
            assert "secret" not in inside.detail + refusing.detail + wrong.detail

    play(scenario)
