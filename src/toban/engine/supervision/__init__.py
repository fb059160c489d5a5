"""Keeps the processes of `toban up` running: what to start, restart and stop, and in which order."""
