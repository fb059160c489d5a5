"""What the evidence records of documents. Pure."""

from collections.abc import Mapping

from toban.engine.changes.act import ActReader, unchanged

ACTS: Mapping[str, ActReader] = {
    "document-updated": unchanged,
    "document-written": unchanged,
    "document-read": unchanged,
}
"""A document that follows a change is none itself: else it would have to follow its own update."""
