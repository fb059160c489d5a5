"""The command of patches."""
