"""Which addresses and spellings a learnt URL may use."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.fetch.guard import AddressGuard, odd_spelling

INTERNAL = """
0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 100.127.255.255 127.0.0.1 127.255.255.254
168.63.129.16 169.254.169.254 169.254.170.2 172.16.0.1 172.31.255.255 192.0.0.8 192.0.0.192 192.0.2.1 192.88.99.1
192.168.1.1 198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.9 224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255
:: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:0:127.0.0.1 64:ff9b::7f00:1 64:ff9b::a00:1 64:ff9b:1::7f00:1
100::1 2001::1 2001:0:7f00:1:: 2001:20::1 2001:db8::1 2002:7f00:1:: 2002:808:808:: 3fff::1 5f00::1 fc00::1
fd00:ec2::254 fe80::1 fe80::1%eth0 fec0::1 ff02::1 ff0e::1 2606:4700::1%eth0
""".split()  # noqa: SIM905 a table of words reads better than a list of strings

PUBLIC = """
1.1.1.1 8.8.8.8 93.184.216.34 100.63.255.255 100.128.0.1 126.255.255.255 128.0.0.1 169.253.255.255 172.15.255.255
172.32.0.1 192.0.1.1 192.167.255.255 198.17.255.255 198.20.0.1 223.255.255.255
::ffff:8.8.8.8 64:ff9b::808:808 2606:4700:4700::1111 2a00:1450:4001:81b::200e 2001:4860:4860::8888 2001:200::1
""".split()  # noqa: SIM905 a table of words reads better than a list of strings


@pytest.mark.parametrize("address", INTERNAL)
def test_internal_addresses_are_not_for_learnt_urls(address):
    assert not AddressGuard().permits(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are(address):
    assert AddressGuard().permits(address)


def test_what_is_no_address_is_not_permitted():
    assert not any(AddressGuard().permits(text) for text in ("", "localhost", "127.1", "0x7f.1", "1.2.3.4 ", "[::1]"))


def test_a_network_that_the_operator_opened_is_open_in_every_wrapping():
    guard = AddressGuard([ip_network("10.0.0.0/8"), ip_network("fd00::/8")])
    assert all(guard.permits(address) for address in ("10.1.2.3", "::ffff:10.1.2.3", "fd12::1"))
    assert not any(guard.permits(address) for address in ("127.0.0.1", "192.168.0.1", "fe80::1"))


@given(st.ip_addresses(v=4))
def test_an_address_is_judged_alike_bare_mapped_and_through_nat64(address):
    guard = AddressGuard()
    mapped = ip_address("::ffff:0:0") + int(address)
    translated = ip_address("64:ff9b::") + int(address)
    assert guard.permits(str(address)) == guard.permits(str(mapped)) == guard.permits(str(translated))


@given(st.ip_addresses())
def test_nothing_is_public_that_the_standard_library_calls_private(address):
    if AddressGuard().permits(str(address)) and getattr(address, "ipv4_mapped", None) is None:
        assert address.is_global or address in ip_network("64:ff9b::/96")


PLAIN = """
http://example.org https://example.org/ HTTP://EXAMPLE.ORG/a?b#c https://sub.domain.example.org:8443/x\\y?z=\\@w
http://xn--e1afmkfd.xn--p1ai/ http://пример.рф/новости http://例え.jp/ http://a_b.example.org/ http://example.org./
http://93.184.216.34/ http://93.184.216.34:80/ http://[2606:4700:4700::1111]/ http://[2606:4700:4700::1111]:443?x
http://1and1.example/ http://4.example.org/ http://example.org/@user http://example.org/?u=http://127.0.0.1/
""".split()  # noqa: SIM905 a table of words reads better than a list of strings


@pytest.mark.parametrize("url", PLAIN)
def test_ordinary_public_urls_raise_no_objection(url):
    assert AddressGuard().objection(url) == ""


def test_a_port_is_digits_and_nothing_else():
    assert not odd_spelling("http://example.org:8080/")
    for port in (":80:80", ":", ":8o", ":-1", ":+80", ":８０", ":123456", ":80@evil.test"):
        assert odd_spelling(f"http://example.org{port}/")


def test_an_opened_loopback_is_reached_in_its_usual_spelling_only():
    guard = AddressGuard([ip_network("127.0.0.0/8")])
    assert guard.objection("http://127.0.0.1:8000/page") == ""
    assert guard.objection("http://localhost:8000/page") == ""
    assert guard.objection("http://2130706433/page")
