"""Vulnerabilities by the API."""
