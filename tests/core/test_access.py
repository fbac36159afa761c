"""Who may read what the daemon serves beyond its health."""

import base64

import pytest

from aggregator.cli.served import access
from aggregator.web.access import Access, Asked
from config.model import Web

TOKEN = "correct horse battery"


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8321", "127.0.0.1:8321", "[::1]:8321", "10.1.2.3", "", "localhost."]
)
def test_addresses_and_localhost_are_answered_to_for_nobody_can_rebind_them(host: str) -> None:
    assert Access().refusal(Asked(host)) is None


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8321", "localhost.evil.example", "127.0.0.1.evil.example"]
)
def test_any_other_name_is_misdirected_until_the_settings_name_it(host: str) -> None:
    refused = Access().refusal(Asked(host))
    assert refused is not None
    assert refused.status == 421
    assert Access(frozenset({host.partition(":")[0]})).refusal(Asked(host.upper())) is None


@pytest.mark.parametrize("shown", [f"Bearer {TOKEN}", f"bearer  {TOKEN}", basic("anyone", TOKEN), basic("", TOKEN)])
def test_the_token_opens_as_a_bearer_or_as_a_basic_password(shown: str) -> None:
    assert Access(token=TOKEN).refusal(Asked("10.1.2.3", shown)) is None
    assert Access(token=TOKEN, required=False).trusts(Asked("10.1.2.3", shown))


@pytest.mark.parametrize(
    "shown", ["", TOKEN, "Bearer", "Bearer wrong", "Basic ???", basic(TOKEN, ""), f"Digest {TOKEN}", "Bearer \xff"]
)
def test_anything_else_does_not(shown: str) -> None:
    refused = Access(token=TOKEN).refusal(Asked("10.1.2.3", shown))
    assert refused is not None
    assert refused.status == 401
    assert TOKEN not in refused.message
    assert Access(token=TOKEN, required=False).refusal(Asked("10.1.2.3", shown)) is None
    assert not Access(token=TOKEN, required=False).trusts(Asked("10.1.2.3", shown))


def test_where_there_is_no_token_nobody_shows_it() -> None:
    assert not Access().trusts(Asked(authorization="Bearer "))
    assert not Access().trusts(Asked(authorization=basic("", "")))


HERE = "127.0.0.1:8321"
CROSS_SITE = [
    Asked(HERE, site="cross-site"),
    Asked(HERE, site="same-site"),
    Asked(HERE, site="whatever comes next"),
    Asked(HERE, origin="https://evil.example"),
    Asked(HERE, origin="null"),
    Asked(HERE, origin="http://127.0.0.1:3000"),
    Asked(HERE, origin="http://127.0.0.1.evil.example:8321"),
    Asked(HERE, origin="http://[broken"),
    Asked(HERE, origin="http://evil.example, http://127.0.0.1:8321"),
    Asked("", origin="null"),
]


@pytest.mark.parametrize("asked", CROSS_SITE, ids=str)
def test_what_a_page_of_another_site_sends_is_refused_even_with_the_token(asked: Asked) -> None:
    shown = Asked(asked.host, f"Bearer {TOKEN}", asked.origin, asked.site)
    for door in (Access(), Access(base_url="http://desk.example")):
        refused = door.refusal(shown)
        assert refused is not None
        assert refused.status == 403
    assert Access().refusal(asked, by_link=True) is not None


@pytest.mark.parametrize(
    "asked",
    [
        Asked(HERE, site="same-origin"),
        Asked(HERE, site="none", mode="navigate", target="document"),
        Asked(HERE, origin=f"http://{HERE}"),
        Asked("LOCALHOST:8321", origin="http://localhost:8321"),
        Asked(HERE, origin="https://desk.example"),
    ],
    ids=str,
)
def test_our_own_pages_and_what_a_person_types_are_answered(asked: Asked) -> None:
    assert Access(base_url="https://desk.example/witness").refusal(asked) is None


def test_a_link_in_web_mail_leads_to_a_history_and_to_nothing_else() -> None:
    follows = Asked(HERE, site="cross-site", mode="navigate", target="document")
    assert Access().refusal(follows, by_link=True) is None
    assert Access().refusal(follows) is not None
    framed = Asked(HERE, site="cross-site", mode="navigate", target="iframe")
    assert Access().refusal(framed, by_link=True) is not None


def test_the_token_is_required_off_loopback_only_and_trusted_everywhere() -> None:
    near = Web(listen="127.0.0.1:8321", token="long-enough-token", hosts=("Witness.example",))  # type: ignore[arg-type]  # pydantic reads it
    far = Web(listen="0.0.0.0:8321", token="long-enough-token", base_url="https://desk.example/witness")  # type: ignore[arg-type]
    assert (access(near).required, access(far).required) == (False, True)
    assert access(near).trusts(Asked(authorization="Bearer long-enough-token"))
    assert access(near).hosts == {"witness.example", "127.0.0.1"}
    assert access(far).hosts == {"desk.example"}
