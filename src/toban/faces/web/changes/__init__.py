"""What changed: its page, and its parts on the pages of charts, alerts, runs and logs."""
