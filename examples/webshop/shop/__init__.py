"""A small shop to watch: a web front, an API, a real PostgreSQL and a few customers."""
