"""The kinds of place that logs are fetched from."""
