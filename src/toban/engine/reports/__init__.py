"""The monthly report: sections that extensions bring, figures with their rows and formulas."""
