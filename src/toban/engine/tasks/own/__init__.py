"""An account's own tasks: what it has signed, what waits for it, and what comes."""
