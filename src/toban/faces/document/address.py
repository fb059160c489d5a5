"""Where the pages of the document are, for whoever leads to them. Pure."""

from urllib.parse import quote


def evidence_address(clause_id: str) -> str:
    """Return the page of a clause's evidence."""
    return f"/clauses/{quote(clause_id)}"
