"""Chapter 11 as JSON values."""
