"""What was spent, on what, and what will be."""
