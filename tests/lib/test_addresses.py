"""Addresses that the server calls, and those it never does."""

import socket

import pytest

from prism.lib.addresses import AddressRefused, check

METADATA = [
    "http://169.254.169.254/latest/meta-data",
    "http://[fe80::1]/v1",
    "http://[::ffff:169.254.169.254]/v1",
    "http://[fd00:ec2::254]/v1",
    "http://100.100.100.200/v1",
    "http://0.0.0.0:8000/v1",
    "http://[::]/v1",
    "http://224.0.0.1/v1",
    "http://2852039166/v1",  # 169.254.169.254 as one number
    "http://0xA9FEA9FE/v1",
    "http://[64:ff9b::a9fe:a9fe]/v1",  # the same by NAT64, 6to4, Teredo, and as an IPv4-compatible address
    "http://[2002:a9fe:a9fe::1]/v1",
    "http://[2001:0:0808:0808:0:0:5601:5601]/v1",
    "http://[::169.254.169.254]/v1",
    "http://[64:ff9b::6464:64c8]/v1",
    "http://[fe80::1%lo]/v1",
    "http://[ff02::1]/v1",
]
PRIVATE = [
    "http://127.0.0.1:11434/v1",
    "http://localhost:8000/v1",
    "http://10.1.2.3/v1",
    "http://192.168.1.4/v1",
    "http://172.16.0.9/v1",
    "http://[::1]:8000/v1",
    "http://[fd12:3456::1]/v1",
    "http://[::ffff:10.0.0.1]/v1",
    "http://127.1/v1",
    "http://[64:ff9b::7f00:1]/v1",
    "http://[64:ff9b::10.0.0.1]/v1",
    "http://[64:ff9b:1::a00:1]/v1",
    "http://[2002:7f00:1::]/v1",
    "http://[2002:c0a8:104::1]/v1",
    "http://[2001:0:0a00:0001:0:0:f7f7:f7f7]/v1",  # Teredo: the server 10.0.0.1, the client 8.8.8.8
    "http://[2001:0:0808:0808:0:0:80ff:fffe]/v1",  # Teredo: the client 127.0.0.1
    "http://[::127.0.0.1]/v1",
    "http://[fec0::1]/v1",
    "http://100.64.0.1/v1",
    "http://198.18.0.1/v1",
    "http://240.0.0.1/v1",
    "http://255.255.255.255/v1",
]


@pytest.mark.parametrize("url", METADATA)
@pytest.mark.parametrize("is_private_allowed", [True, False])
def test_metadata_and_link_local_addresses_are_always_refused(settings, url, is_private_allowed):
    settings.ALLOW_PRIVATE_PROVIDERS = is_private_allowed
    with pytest.raises(AddressRefused):
        check(url)


@pytest.mark.parametrize("url", PRIVATE)
def test_private_addresses_need_the_setting(settings, url):
    settings.ALLOW_PRIVATE_PROVIDERS = True
    check(url)
    settings.ALLOW_PRIVATE_PROVIDERS = False
    with pytest.raises(AddressRefused, match="private network"):
        check(url)


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://example.org/v1", "gopher://x/", "//x", "v1", ""]
)
def test_only_http_and_https_are_called(url):
    with pytest.raises(AddressRefused, match="http"):
        check(url)


def test_an_address_holds_no_password():
    with pytest.raises(AddressRefused, match="password"):
        check("https://user:secret@192.0.2.1/v1")


def test_a_name_that_leads_into_the_private_network_is_refused(settings, monkeypatch):
    settings.ALLOW_PRIVATE_PROVIDERS = False
    answer = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.7", 0))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: answer)
    with pytest.raises(AddressRefused):
        check("https://models.example.org/v1")


def test_one_private_address_among_public_ones_is_enough_to_refuse(settings, monkeypatch):
    settings.ALLOW_PRIVATE_PROVIDERS = False
    answer = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 0)) for ip in ("8.8.8.8", "169.254.169.254")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: answer)
    with pytest.raises(AddressRefused):
        check("https://models.example.org/v1")


def test_a_public_address_is_called(settings):
    settings.ALLOW_PRIVATE_PROVIDERS = False
    for url in ("https://8.8.8.8/v1", "https://[2606:4700::1111]/v1", "https://[64:ff9b::808:808]/v1"):
        check(url)
