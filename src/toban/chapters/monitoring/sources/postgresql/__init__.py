"""PostgreSQL over a real connection: how many are connected, how far standbys are behind."""
