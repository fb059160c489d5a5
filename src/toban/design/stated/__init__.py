"""What rows state that another system has as a setting too, and how a cell says something else. Pure."""
