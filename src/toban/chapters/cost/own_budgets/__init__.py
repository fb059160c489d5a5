"""Budgets that a cloud has been told, beside those of the document."""
