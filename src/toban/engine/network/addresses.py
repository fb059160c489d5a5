"""Addresses, and who reaches them. Pure."""

from ipaddress import ip_address


def is_this_machine(host: str) -> bool:
    """Return whether requests to *host* stay on this machine."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
