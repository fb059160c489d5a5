"""Chapter 12 by the API."""
