"""How the agent speaks to its Toban."""

import os

import httpx


def new_client(url: str, token: str, ca_file: str | None) -> httpx.Client:
    """Return a client that shows *token*; redirects are not followed, they would carry it elsewhere."""
    return httpx.Client(
        base_url=url,
        headers={"authorization": f"Bearer {token}", "user-agent": f"toban-agent/{os.getpid()}"},
        timeout=10,
        verify=ca_file if ca_file is not None else True,
    )
