"""The monthly report written: for people, for paper, for spreadsheets."""
