"""Toban's state database as a whole: its tables, copies of it, and changes of them."""
