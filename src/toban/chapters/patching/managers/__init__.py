"""The kinds of package managers."""
