"""The addresses of the document's pages, for links to them. Pure."""

from urllib.parse import quote

from django.urls import reverse

from toban.engine.extension import Link


def evidence_address(clause_id: str) -> str:
    """Return the address of the page with a clause's evidence."""
    return f"/clauses/{quote(clause_id)}"


def link_address(link: Link) -> str:
    """Return where *link* leads."""
    found = link_path(link)
    return f"{found}?{link.query}" if link.query else found


def link_path(link: Link) -> str:
    """Return the path of the page that *link* leads to."""
    return reverse(link.page, args=link.arguments)
