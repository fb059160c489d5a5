"""The kinds of systems with accounts."""
