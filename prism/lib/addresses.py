"""Which addresses the server may call on somebody's word: they must not lead into its own network.

Link-local addresses, where clouds keep their metadata, are never called. Loopback and private ones only when
ALLOW_PRIVATE_PROVIDERS says so: a model server next door is common, an open door into the network unwanted.
"""

import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext_lazy as _

Address = IPv4Address | IPv6Address
# Metadata services that do not lie in the link-local range.
METADATA = [ip_network("100.100.100.200/32"), ip_network("fd00:ec2::254/128"), ip_network("168.63.129.16/32")]
# IPv6 addresses whose last four bytes are the IPv4 address that is reached: NAT64 (RFC 6052) and the
# IPv4-compatible ones of RFC 4291.
CARRIES_IPV4 = [ip_network("64:ff9b::/96"), ip_network("::/96")]
# RFC 8215; where in it an IPv4 address lies is each network's own affair.
LOCAL_NAT64 = ip_network("64:ff9b:1::/48")

_MACHINE = _("Prism never calls this address: it belongs to the machine's own network services.")
_PRIVATE = _("This address is in a private network; the setting ALLOW_PRIVATE_PROVIDERS can allow it.")


class AddressRefused(PermissionError):
    """The address must not be called; the message says why. An error of the system to who connects."""


@dataclass(frozen=True)
class Reach:
    """How far calls may go beyond the public network; metadata services are never called."""

    private: bool = False
    loopback: bool = False

    def check(self, address: str) -> None:
        """Raise AddressRefused unless a connection to this numeric address may be opened."""
        is_private_allowed = self.private or settings.ALLOW_PRIVATE_PROVIDERS
        for reached in _reached(ip_address(address.partition("%")[0])):
            if _is_of_the_machine(reached):
                raise AddressRefused(_MACHINE)
            if _is_private(reached) and not (is_private_allowed or (self.loopback and reached.is_loopback)):
                raise AddressRefused(_PRIVATE)


ANYBODY = Reach()  # for an address that somebody entered on a page
OPERATOR = Reach(private=True)  # for one from the environment


def check(url: str) -> None:
    """Raise AddressRefused unless the server may call this address.

    A name that cannot be looked up passes: then no call can be made either. It may also lead elsewhere by the
    time of the call, so prism.lib.outgoing looks at every connection once more.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise AddressRefused(_("The address must begin with http:// or https:// and name a host."))
    if parts.username or parts.password:
        raise AddressRefused(_("The address must not hold a name or password; the key has its own field."))
    for address in _addresses(parts.hostname):
        ANYBODY.check(address)


def _addresses(host: str) -> set[str]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError):
        return set()
    return {str(entry[4][0]) for entry in found}


def _reached(address: Address) -> list[Address]:
    """The address, or those that packets to it end at when it only wraps them."""
    if isinstance(address, IPv4Address) or address.is_loopback or address.is_unspecified:
        return [address]
    if any(address in network for network in CARRIES_IPV4):
        return [IPv4Address(int(address) & 0xFFFFFFFF)]
    wrapped = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    return [inner for inner in wrapped if inner] or [address]


def _is_of_the_machine(address: Address) -> bool:
    is_metadata = any(address in network for network in METADATA if network.version == address.version)
    return is_metadata or address.is_link_local or address.is_multicast or address.is_unspecified


def _is_private(address: Address) -> bool:
    if isinstance(address, IPv6Address) and (address.is_site_local or address in LOCAL_NAT64):
        return True
    return not address.is_global
