"""What an incident did to customers, and what stood out at the time, told by those who measure it."""
