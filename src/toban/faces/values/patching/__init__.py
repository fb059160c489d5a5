"""Patches as values."""
