"""Settings compared with the document, as JSON values and in words."""
