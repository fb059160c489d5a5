"""`toban agent` at work on a host: it pushes what it measures, and the logs that are written there."""
