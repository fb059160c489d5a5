"""Git repositories: how they are reached, mirrored and read without trusting them.

What is said here has codes of `release-git`: releases came first, and evidence holds these codes.
"""
