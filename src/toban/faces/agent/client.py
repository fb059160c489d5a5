"""The agent's HTTP client, and how it tells Toban's answers from a proxy's."""

import os

import httpx

from toban.message import Message

ANOTHER = Message("agent.not-toban-answered")
"""Reported when something other than Toban answered; what was sent stays where it is."""


def new_client(url: str, token: str, ca_file: str | None) -> httpx.Client:
    """Return a client that sends *token*; it follows no redirects, which would carry the token elsewhere."""
    return httpx.Client(
        base_url=url,
        headers={"authorization": f"Bearer {token}", "user-agent": f"toban-agent/{os.getpid()}"},
        timeout=10,
        verify=ca_file if ca_file is not None else True,
    )


def is_page(answer: httpx.Response) -> bool:
    """Say whether *answer* is an HTML page: a proxy sent it, such as one that wants TLS, not Toban."""
    return bool(answer.headers.get("content-type", "").startswith("text/html"))
