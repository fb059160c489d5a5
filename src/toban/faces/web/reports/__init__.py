"""The pages of the monthly report."""
