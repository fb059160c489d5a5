"""Rollbacks, rehearsed: the former version serves, is looked at, and makes way again."""
