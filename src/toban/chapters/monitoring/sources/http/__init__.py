"""A service seen from outside: does it answer, how fast, how often not."""
