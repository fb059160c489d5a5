"""Chapter 11 by the API."""
