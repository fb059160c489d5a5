"""Settings of every source that asks one HTTP address."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from toban.engine.network.http import HttpAccess


class HttpSourceConfig(HttpAccess):
    """The HTTP address to ask, the credentials, and its name."""

    instance: str = ""
    """Its name for operators; empty: host and port of the URL."""

    @property
    def place(self) -> str:
        """Its name for operators, without anything that could be secret."""
        return self.instance or super().place

    @property
    def is_here(self) -> bool:
        """Whether the machine that Toban runs on answers there."""
        host = urlsplit(self.url).hostname or ""
        try:
            return ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"
