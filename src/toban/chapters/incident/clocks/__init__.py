"""The times that the document promises for an incident, and whether they are kept."""
