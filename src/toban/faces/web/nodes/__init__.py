"""The page of the processes that share the state database."""
