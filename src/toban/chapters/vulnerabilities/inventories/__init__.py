"""The kinds of inventories: where the list of what is installed comes from."""
