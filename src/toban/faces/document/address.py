"""The addresses of the document's pages, for links to them. Pure."""

from urllib.parse import quote


def evidence_address(clause_id: str) -> str:
    """Return the address of the page with a clause's evidence."""
    return f"/clauses/{quote(clause_id)}"
