"""Vulnerabilities in the monthly report."""
