"""Chapter 13 by the API."""
