"""The addresses of the document's pages, for links to them. Pure."""

from urllib.parse import quote

from django.urls import reverse

from toban.engine.extension import Link


def evidence_address(clause_id: str) -> str:
    """Return the address of the page with a clause's evidence."""
    return f"/clauses/{quote(clause_id)}"


def link_address(link: Link) -> str:
    """Return where *link* leads."""
    found = reverse(link.page, args=link.arguments)
    return f"{found}?{link.query}" if link.query else found
