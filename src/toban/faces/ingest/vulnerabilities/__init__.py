"""What vulnerabilities are looked for in: lists of packages that are pushed."""
