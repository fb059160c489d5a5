"""Vulnerabilities as values."""
