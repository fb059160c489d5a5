"""The nodes by the API."""
