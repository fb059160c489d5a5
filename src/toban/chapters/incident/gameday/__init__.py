"""Game days: something is broken on purpose, and the whole chain must answer."""
