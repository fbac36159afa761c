"""Who may read what the daemon serves beyond its health."""

import base64

import pytest

from aggregator.web.access import Access

TOKEN = "correct horse battery"


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8321", "127.0.0.1:8321", "[::1]:8321", "10.1.2.3", "", "localhost."]
)
def test_addresses_and_localhost_are_answered_to_for_nobody_can_rebind_them(host: str) -> None:
    assert Access().refusal(host, "") is None


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8321", "localhost.evil.example", "127.0.0.1.evil.example"]
)
def test_any_other_name_is_misdirected_until_the_settings_name_it(host: str) -> None:
    refused = Access().refusal(host, "")
    assert refused is not None
    assert refused.status == 421
    assert Access(frozenset({host.partition(":")[0]})).refusal(host.upper(), "") is None


@pytest.mark.parametrize("shown", [f"Bearer {TOKEN}", f"bearer  {TOKEN}", basic("anyone", TOKEN), basic("", TOKEN)])
def test_the_token_opens_as_a_bearer_or_as_a_basic_password(shown: str) -> None:
    assert Access(token=TOKEN).refusal("10.1.2.3", shown) is None


@pytest.mark.parametrize(
    "shown", ["", TOKEN, "Bearer", "Bearer wrong", "Basic ???", basic(TOKEN, ""), f"Digest {TOKEN}", "Bearer \xff"]
)
def test_anything_else_does_not(shown: str) -> None:
    refused = Access(token=TOKEN).refusal("10.1.2.3", shown)
    assert refused is not None
    assert refused.status == 401
    assert TOKEN not in refused.error
