"""Where documents are kept: what stands there, and the kinds of places."""
