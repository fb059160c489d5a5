"""The command of the monthly report."""
