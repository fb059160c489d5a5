"""State databases of real PostgreSQL servers, as for integration tests."""

from tests.integration.states import migrated_postgres, postgres

__all__ = ["migrated_postgres", "postgres"]
