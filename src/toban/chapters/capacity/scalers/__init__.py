"""The kinds of groups that grow, one folder each."""
