"""The kinds of bills."""
