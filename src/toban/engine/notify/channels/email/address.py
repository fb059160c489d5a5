"""Mail addresses, checked before they come near a header or an SMTP command."""

from email.errors import HeaderParseError
from email.headerregistry import Address


def mail_address(written: str) -> Address | None:
    """Return *written* (`name@example.com`) as an address, or None; a line break never passes."""
    if not written.isascii() or not written.isprintable():
        return None
    try:
        address = Address(addr_spec=written.strip())
    except (HeaderParseError, ValueError, IndexError):
        return None
    return address if address.username and address.domain else None
