"""What a document is as a whole: whether it states rules of an operation, and in a known language."""
