"""Exceptions (例外): a deviation that people allow for a time, with a reason, an author and an end."""
