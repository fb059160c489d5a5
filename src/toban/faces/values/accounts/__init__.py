"""Accounts of systems as values."""
