"""Workbooks (Excel), in which designs were written so far, as the Markdown that Toban reads."""
