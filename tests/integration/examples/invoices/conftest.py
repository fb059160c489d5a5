"""The shop's books, as the kinds of chapter 6 have them."""

from tests.integration.chapters.batch.kinds.conftest import books

__all__ = ["books"]
