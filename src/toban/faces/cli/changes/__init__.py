"""The command about changes."""
