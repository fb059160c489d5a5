"""Measures against recurrence (再発防止策): each can be checked, and is."""
