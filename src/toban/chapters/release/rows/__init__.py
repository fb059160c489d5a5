"""The rows of chapter 5: what they ask for, and how reality compares with them."""
