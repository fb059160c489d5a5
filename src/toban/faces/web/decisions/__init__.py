"""Decisions on pages: how each stands, since when, what breaks it, and its last months."""
