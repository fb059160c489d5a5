"""Alerts become incidents: which belong together, how much fails, which steps of the flow are over."""
