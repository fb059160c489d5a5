"""Fewer instances at night and on holidays: what should be on now, as a level, and what that saves."""
