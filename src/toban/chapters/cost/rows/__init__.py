"""How the rows of chapter 11 are judged."""
