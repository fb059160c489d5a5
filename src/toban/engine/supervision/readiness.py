"""Checks whether a program is ready."""

import socket
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from urllib.parse import SplitResult, urlsplit

PATIENCE_SECONDS = 1.0


def serves(address: str) -> bool:
    """Return whether *address* (`http://…` or `tcp://host:port`) answers; blocks for at most a second."""
    place = urlsplit(address)
    return _accepts(place) if place.scheme == "tcp" else _answers(place)


def _answers(place: SplitResult) -> bool:
    # The simplest client: it is used several times a second, uses no proxy and reads no certificates.
    connection = HTTPConnection(place.hostname or "", place.port, timeout=PATIENCE_SECONDS)
    with closing(connection):
        try:
            connection.request("GET", place.path or "/")
            return connection.getresponse().status < 500
        except (OSError, HTTPException):
            return False


def _accepts(place: SplitResult) -> bool:
    try:
        with socket.create_connection((place.hostname, place.port or 0), timeout=PATIENCE_SECONDS):
            return True
    except OSError:
        return False
