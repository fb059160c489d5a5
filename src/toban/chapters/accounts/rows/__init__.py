"""How the rows about accounts are kept, and what is shown to those who review them."""
