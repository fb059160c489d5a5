"""The page of patches."""
