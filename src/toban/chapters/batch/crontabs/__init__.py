"""The crontabs of hosts: when they start the document's batches."""
