"""The status of chapter 7's rows, and what is owed after an incident."""
