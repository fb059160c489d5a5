"""Documents in the monthly report."""
