"""Addresses: nothing of a private network, in any notation, may be set or sent to."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.alerts.addresses import RefusedAddressError, checked, is_public, parsed, resolve

PRIVATE = [
    "127.0.0.1", "127.8.9.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "169.254.1.1",  # noqa: S104
    "100.64.0.1", "100.100.100.200", "192.0.0.192", "168.63.129.16", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "198.18.0.1",
    "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
    "2002:7f00:1::", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2001:db8::1", "not an address",
]  # fmt: skip
PUBLIC = ["93.184.215.14", "8.8.8.8", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_not_of_the_public_network_is_refused(address: str) -> None:
    assert not is_public(address)
    with pytest.raises(RefusedAddressError, match="in a private network"):
        checked("https://example.test/", [], lambda _host, _port: ["8.8.8.8", address])


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_public_may_be_sent_to(address: str) -> None:
    assert is_public(address)
    assert checked("https://example.test/x", [], lambda _host, _port: [address]).addresses == (address,)


@given(st.ip_addresses(v=4))
def test_an_address_within_another_counts(address: IPv4Address) -> None:
    mapped = IPv6Address(0xFFFF_0000_0000 | int(address))
    translated = IPv6Address((0x64_FF9B << 96) | int(address))
    assert not is_public(str(mapped))
    assert is_public(str(translated)) == is_public(str(address))


@pytest.mark.parametrize("host", ["localhost", "2130706433", "0x7f000001", "0x7f.1", "017700000001", "127.1", "[::1]"])
def test_other_notations_of_this_machine_are_refused(host: str) -> None:
    with pytest.raises(RefusedAddressError):
        checked(f"https://{host}/", [], resolve)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.test/", "ftp://example.test/", "example.test", "", "https://", "https:///x", "https://me@example.test/",
        "https://me:secret@example.test/", "https://example.test/#part", "https://exa mple.test/", "https://example.test/\n", "javascript:1",
        "https://example.test:99999/", "https://example.test/" + "x" * 1_000, "//example.test", "https://[::1",
    ],
)  # fmt: skip
def test_an_address_that_makes_no_sense_is_refused(url: str) -> None:
    with pytest.raises(RefusedAddressError):
        parsed(url, [])


def test_hosts_that_are_named_may_be_private_and_without_tls() -> None:
    at_home = ["hass.local", "192.168.1.5:8123"]
    private = lambda _host, _port: ["192.168.1.5"]  # noqa: E731
    assert checked("http://hass.local:8123/x", at_home, private).addresses == ("192.168.1.5",)
    assert checked("http://192.168.1.5:8123/x", at_home, private)
    for other in ("http://192.168.1.5/x", "http://192.168.1.5:22/x", "http://evil.hass.local/", "https://192.168.1.6/"):
        with pytest.raises(RefusedAddressError):
            checked(other, at_home, private)
