"""Chapter 11: what the system costs against its budgets."""
