"""How the agent speaks to its Toban, and what it takes for its answer."""

import os

import httpx

ANOTHER = "Toban ではないものが答えました: --url を確かめてください"
"""Why what was sent stays where it is, though somebody answered."""


def new_client(url: str, token: str, ca_file: str | None) -> httpx.Client:
    """Return a client that shows *token*; redirects are not followed, they would carry it elsewhere."""
    return httpx.Client(
        base_url=url,
        headers={"authorization": f"Bearer {token}", "user-agent": f"toban-agent/{os.getpid()}"},
        timeout=10,
        verify=ca_file if ca_file is not None else True,
    )


def is_page(answer: httpx.Response) -> bool:
    """Say whether *answer* is a page: a proxy's word, such as that it wants TLS, and none of Toban's."""
    return bool(answer.headers.get("content-type", "").startswith("text/html"))
