"""The kinds of place to fetch logs from."""
