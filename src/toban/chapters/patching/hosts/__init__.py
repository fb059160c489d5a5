"""What is asked of hosts, and done on them."""
