"""What is new in the sources, and what the document orders for it."""
