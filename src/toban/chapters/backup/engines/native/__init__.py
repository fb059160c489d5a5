"""PostgreSQL 17 and later over its replication protocol: nothing is installed on the server."""
