"""Ask a program whether it serves."""

import socket
import urllib.error
import urllib.request
from urllib.parse import urlsplit

PATIENCE_SECONDS = 1.0


def serves(address: str) -> bool:
    """Return whether *address* (`http://…` or `tcp://host:port`) answers; blocks for a second at most."""
    if address.startswith("tcp://"):
        return _accepts(address)
    try:
        # A proxy of the environment has no business between a parent and its child on loopback.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(address, timeout=PATIENCE_SECONDS):
            return True
    except urllib.error.HTTPError as answer:
        answer.close()
        return answer.code < 500
    except OSError:
        return False


def _accepts(address: str) -> bool:
    place = urlsplit(address)
    try:
        with socket.create_connection((place.hostname, place.port or 0), timeout=PATIENCE_SECONDS):
            return True
    except OSError:
        return False
