"""State databases that several processes share."""

from tests.integration.engine.conftest import postgres, sqlite

__all__ = ["postgres", "sqlite"]
