"""Where documents are read in Toban. Pure."""

from urllib.parse import urlencode

from toban.engine.extension import Link
from toban.message import Message


def text_page(name: str) -> Link:
    """Return the page on which the document called *name* is read."""
    return Link("document-text", Message("documents.read-it"), query=urlencode({"document": name}))
