"""Which addresses a provider may have: the server calls them, so they must not lead into its own network.

Link-local addresses, where clouds keep their metadata, are never called. Loopback and private ones only when
ALLOW_PRIVATE_PROVIDERS says so: a model server next door is common, an open door into the network unwanted.
"""

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

Address = IPv4Address | IPv6Address
# Metadata services that do not lie in the link-local range.
METADATA = [ip_network("100.100.100.200/32"), ip_network("fd00:ec2::254/128"), ip_network("168.63.129.16/32")]


class AddressRefused(ValueError):
    """The address must not be called; the message says why."""


def check(url: str) -> None:
    """Raise AddressRefused unless the server may call this address.

    A name that cannot be looked up passes: then no call can be made either.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise AddressRefused(_("The address must begin with http:// or https:// and name a host."))
    if parts.username or parts.password:
        raise AddressRefused(_("The address must not hold a name or password; the key has its own field."))
    for address in _addresses(parts.hostname):
        _check_address(address)


def _addresses(host: str) -> set[Address]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError):
        return set()
    return {ip_address(str(entry[4][0]).split("%")[0]) for entry in found}


def _check_address(address: Address) -> None:
    address = getattr(address, "ipv4_mapped", None) or address
    is_metadata = any(address in network for network in METADATA if network.version == address.version)
    if is_metadata or address.is_link_local or address.is_multicast or address.is_unspecified:
        raise AddressRefused(
            _("Prism never calls this address: it belongs to the machine's own network services.")
        )
    if not address.is_global and not settings.ALLOW_PRIVATE_PROVIDERS:
        reason = _("This address is in a private network; the setting ALLOW_PRIVATE_PROVIDERS can allow it.")
        raise AddressRefused(reason)
