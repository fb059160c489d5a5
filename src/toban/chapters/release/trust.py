"""The certificates that are trusted: reading them takes 10 ms of a processor, and health is asked often."""

import ssl
from functools import cache

import httpx


@cache
def trust(*, asks_environment: bool) -> ssl.SSLContext:
    """Return httpx's usual context, made once; *asks_environment* also for SSL_CERT_FILE and SSL_CERT_DIR."""
    return httpx.create_ssl_context(trust_env=asks_environment)
