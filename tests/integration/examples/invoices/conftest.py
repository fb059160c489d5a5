"""The shop's database, as in the tests of the batch kinds."""

from tests.integration.chapters.batch.kinds.conftest import books

__all__ = ["books"]
