"""The kinds of remedies."""
